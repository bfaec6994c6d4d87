"""What must agree: declared tasks, registered tasks, routes, queues and topologies.

The routing script, the tests and the start of every worker ask the same functions.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from app.infrastructure.celery.topology import QUEUES, SYSTEM_TASKS, TASKS, TOPOLOGIES, Worker


def routing_faults(
    app: Any, topologies: Mapping[str, tuple[Worker, ...]] = TOPOLOGIES
) -> list[str]:
    """Returns one sentence per disagreement; none where all is well.

    `app` is a Celery app whose task modules are imported (`app.loader.import_default_modules()`).
    """
    declared = TASKS | SYSTEM_TASKS
    registered = registered_tasks(app)
    faults = [
        f"Task {name} is registered but not declared; add it to TASKS in topology.py."
        for name in sorted(registered - declared.keys())
    ]
    faults += [
        f"Task {name} is declared for queue {declared[name]} but no module registers it."
        for name in sorted(declared.keys() - registered)
    ]
    faults += _route_faults(app, registered | declared.keys(), declared)
    for topology, workers in topologies.items():
        faults += topology_faults(topology, workers)
    return faults


def registered_tasks(app: Any) -> set[str]:
    """Returns the names of our tasks, without Celery's own."""
    return {name for name in app.tasks if not name.startswith("celery.")}


def route_of(app: Any, task: str) -> str | None:
    """Returns the queue that `task_routes` names for a task, None where no route matches."""
    route = app.amqp.router.lookup_route(task)
    return None if route is None else str(route["queue"])


def _route_faults(app: Any, tasks: Iterable[str], declared: Mapping[str, str]) -> list[str]:
    faults = []
    for task in sorted(tasks):
        queue = route_of(app, task)
        if queue is None:
            faults.append(f"Task {task} has no route; add one to ROUTES in config.py.")
        elif queue not in QUEUES:
            faults.append(f"Task {task} is routed to {queue}, which is no queue.")
        elif task in declared and queue != declared[task]:
            faults.append(
                f"Task {task} is routed to {queue} but declared for queue {declared[task]}."
            )
    return faults + _ghost_routes(app, tasks)


def _ghost_routes(app: Any, tasks: Iterable[str]) -> list[str]:
    from fnmatch import fnmatchcase

    return [
        f"Route {pattern} -> {queue} matches no task; remove it or add the task."
        for pattern, queue in app.conf.task_routes.items()
        if not any(fnmatchcase(task, pattern) for task in tasks)
    ]


def topology_faults(name: str, workers: tuple[Worker, ...]) -> list[str]:
    """Returns what is wrong with the workers of one topology."""
    consumed = [queue for worker in workers for queue in worker.queues]
    faults = [
        f"Topology {name}: nobody consumes queue {queue}."
        for queue in QUEUES.keys() - set(consumed)
    ]
    faults += [
        f"Topology {name}: {consumed.count(queue)} workers consume queue {queue}; one must."
        for queue in sorted(set(consumed))
        if consumed.count(queue) > 1
    ]
    for worker in workers:
        faults += [
            f"Topology {name}: worker {worker.name} consumes {queue}, which is no queue."
            for queue in worker.queues
            if queue not in QUEUES
        ]
        faults += [
            f"Topology {name}: worker {worker.name} consumes {queue}, whose tasks need Chrome,"
            f" but runs the slim image."
            for queue in worker.queues
            if queue in QUEUES and QUEUES[queue].needs_chrome and worker.image != "selenium"
        ]
    return sorted(faults)


def slot_faults(slots: str, queues: Collection[str], concurrency: int) -> list[str]:
    """Returns what is wrong with CELERY_QUEUE_SLOTS, such as 'high:3,default:2', for a worker."""
    faults, seen = [], set[str]()
    for part in filter(None, (part.strip() for part in slots.split(","))):
        queue, _, most = part.partition(":")
        if not most.isdecimal() or int(most) < 1:
            faults.append(f"CELERY_QUEUE_SLOTS holds {part!r}; write it like high:3,default:2.")
        elif queue not in queues:
            faults.append(f"CELERY_QUEUE_SLOTS names {queue}, which this worker does not consume.")
        elif queue in seen:
            faults.append(f"CELERY_QUEUE_SLOTS names {queue} twice.")
        elif int(most) > concurrency:
            faults.append(f"CELERY_QUEUE_SLOTS gives {part}, more than the {concurrency} slots.")
        seen.add(queue)
    return faults


def foreign_workers(mine: str, alive: Iterable[str]) -> list[str]:
    """Returns the living nodes that share no topology with mine, sorted.

    `mine` and `alive` are node names such as fast@3f2a; names before the @ decide. A name that no
    topology knows is that of a user's own worker, which is foreign to nobody.
    """
    known = {topology: {w.name for w in members} for topology, members in TOPOLOGIES.items()}
    ours = set().union(*known.values())
    others = [node for node in alive if _name_of(node) in ours and node != mine]
    workers = {_name_of(node) for node in (mine, *others)}
    if _name_of(mine) not in ours or any(workers <= names for names in known.values()):
        return []
    friends = set().union(*(names for names in known.values() if _name_of(mine) in names))
    return sorted(node for node in others if _name_of(node) not in friends) or sorted(others)


def _name_of(node: str) -> str:
    return node.partition("@")[0]
