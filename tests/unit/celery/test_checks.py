"""The routing checks name what disagrees."""

import dataclasses
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery.app.routes import Router, prepare
from kombu import Queue

from app.infrastructure.celery import topology
from app.infrastructure.celery.checks import foreign_workers, routing_faults, topology_faults
from app.infrastructure.celery.config import ROUTES
from app.infrastructure.celery.topology import QUEUES, SYSTEM_TASKS, TASKS, TOPOLOGIES

PRODUCT = {name: q for name, q in (TASKS | SYSTEM_TASKS).items() if not name.startswith("test.")}


def app_with(tasks: set[str], routes: dict[str, str]) -> Any:
    """What the checks look at of a Celery app; a real one shares the tasks of all others."""
    queues = {name: Queue(name) for name in QUEUES}
    return SimpleNamespace(
        tasks=dict.fromkeys(tasks),
        conf=SimpleNamespace(task_routes=routes),
        amqp=SimpleNamespace(router=Router(prepare(routes), queues)),
    )


@pytest.fixture(autouse=True)
def product_tasks_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in SYSTEM_TASKS if n.startswith("test.")]:
        monkeypatch.delitem(topology.SYSTEM_TASKS, name)


def test_the_shipped_declaration_is_free_of_faults() -> None:
    assert routing_faults(app_with(set(PRODUCT), ROUTES)) == []


def test_a_renamed_task_is_named_twice() -> None:
    tasks = set(PRODUCT) - {"sii.sync_documents"} | {"sii.sync_docs"}
    faults = routing_faults(app_with(tasks, ROUTES))
    assert any("sii.sync_docs is registered but not declared" in fault for fault in faults)
    assert any("sii.sync_documents is declared for queue low" in fault for fault in faults)


def test_a_task_without_a_route_is_named() -> None:
    routes = {pattern: queue for pattern, queue in ROUTES.items() if pattern != "whatsapp.*"}
    faults = routing_faults(app_with(set(PRODUCT), routes))
    assert faults == [
        "Task whatsapp.cleanup_old_sessions has no route; add one to ROUTES in config.py."
    ]


def test_a_route_to_an_undeclared_queue_is_named() -> None:
    faults = routing_faults(app_with(set(PRODUCT), ROUTES | {"whatsapp.*": "defualt"}))
    assert faults == ["Task whatsapp.cleanup_old_sessions is routed to defualt, which is no queue."]


def test_a_task_on_the_wrong_queue_is_named() -> None:
    faults = routing_faults(app_with(set(PRODUCT), ROUTES | {"sii.*": "high"}))
    assert "Task sii.sync_documents is routed to high but declared for queue low." in faults


def test_a_route_without_a_task_is_named() -> None:
    faults = routing_faults(app_with(set(PRODUCT), ROUTES | {"ghost.*": "low"}))
    assert faults == ["Route ghost.* -> low matches no task; remove it or add the task."]


def test_a_topology_that_forgets_a_queue_is_named() -> None:
    fast, _ = TOPOLOGIES["two"]
    assert topology_faults("two", (fast,)) == ["Topology two: nobody consumes queue low."]


def test_a_queue_consumed_twice_or_unknown_is_named() -> None:
    fast, slow = TOPOLOGIES["two"]
    greedy = dataclasses.replace(slow, queues=("low", "default", "hihg"))
    assert topology_faults("two", (fast, greedy)) == [
        "Topology two: 2 workers consume queue default; one must.",
        "Topology two: worker slow consumes hihg, which is no queue.",
    ]


def test_chrome_work_on_the_slim_image_is_named() -> None:
    fast, slow = TOPOLOGIES["two"]
    assert topology_faults("two", (fast, dataclasses.replace(slow, image="slim"))) == [
        "Topology two: worker slow consumes low, whose tasks need Chrome, but runs the slim image."
    ]


@pytest.mark.parametrize(
    ("mine", "alive", "foreign"),
    [
        ("fast@a", ["fast@a", "slow@b"], []),
        ("slow@b", ["slow@b", "fast@a", "fast@c"], []),
        ("all@a", ["all@a"], []),
        ("all@a", ["all@a", "fast@b", "slow@c"], ["fast@b", "slow@c"]),
        ("fast@b", ["all@a", "fast@b"], ["all@a"]),
        ("high@a", ["high@a", "default@b", "slow@c", "fast@d"], ["fast@d"]),
        ("slow@a", ["slow@a", "high@b", "fast@c"], ["fast@c", "high@b"]),
        ("slow@a", ["slow@a", "fast@b", "bulk@c"], []),
        ("all@a", ["all@a", "fast@b", "bulk@c"], ["fast@b"]),
        ("bulk@a", ["bulk@a", "all@b"], []),
        ("bulk@a", ["bulk@a", "all@b", "fast@c"], []),
    ],
)
def test_foreign_workers(mine: str, alive: list[str], foreign: list[str]) -> None:
    assert foreign_workers(mine, alive) == foreign


SCRIPT = Path(__file__).resolve().parents[3] / "backend/scripts/verify_celery_routing.py"


def run_script(prelude: str = "") -> SimpleNamespace:
    code = f"""
import runpy, sys
sys.path.insert(0, {str(SCRIPT.parents[1])!r})
from app.infrastructure.celery import topology, config
{prelude}
sys.argv = [{str(SCRIPT)!r}]
runpy.run_path({str(SCRIPT)!r}, run_name="__main__")
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)  # type: ignore[return-value]


def test_the_script_prints_every_task_and_exits_0() -> None:
    done = run_script()
    assert done.returncode == 0, done.stderr
    for task in PRODUCT:
        assert any(line.startswith(task) for line in done.stdout.splitlines())
    assert done.stderr == ""
    last = done.stdout.splitlines()[-1]
    assert last == "17/17 product tasks routed (2 high, 9 default, 6 low)"


@pytest.mark.parametrize(
    ("prelude", "named"),
    [
        ("topology.TASKS['sii.sync_f22'] = 'low'", "sii.sync_f22"),
        ("del topology.TASKS['whatsapp.cleanup_old_sessions']", "whatsapp.cleanup_old_sessions"),
        (  # a task that is gone with its declaration and its route
            "del topology.TASKS['whatsapp.cleanup_old_sessions']; del config.ROUTES['whatsapp.*'];"
            " from app.infrastructure.celery import app;"
            " app.conf.include = [m for m in app.conf.include if 'whatsapp' not in m]",
            "Queue default has 8 product tasks instead of 9",
        ),
        ("topology.TOPOLOGIES['three'] = topology.TOPOLOGIES['three'][:2]", "queue low"),
        ("config.ROUTES['sii.*'] = 'slow'", "slow, which is no queue"),
    ],
)
def test_the_script_exits_1_and_names_the_fault(prelude: str, named: str) -> None:
    done = run_script(prelude)
    assert done.returncode == 1
    assert named in done.stderr
