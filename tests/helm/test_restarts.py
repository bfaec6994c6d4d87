"""What one changed value does: it restarts what reads it, and nothing else."""

from copy import deepcopy
from typing import Any

import pytest

from tests.helm.changes import ANOTHER, APART, BASES, OURS, OWNERS, RESTARTS
from tests.helm.chart import Object, render, render_afresh
from tests.helm.described import documented, leaves, resolved
from tests.helm.pods import Pod, named, pods
from tests.helm.sets import BACKUP, DEMO, EVERYTHING, merged


def walked() -> list[str]:
    return [path for path in leaves() if path not in APART]


def base_of(path: str) -> Object:
    head = path.partition(".")[0]
    return EVERYTHING[BASES.get(path, BASES.get(head, "demo"))]


def place_of(values: Object, path: str) -> tuple[Object, str]:
    """Returns the map that holds the value of a path, and its key there."""
    *above, last = path.split(".")
    for step in above:
        values = values["topologies"]["mine"][0] if step == "worker" else values[step]
    return values, last


def another(path: str, now: Any) -> Any:
    """Returns a value that differs from the present one and is as good."""
    last = path.rpartition(".")[2]
    described = resolved(documented()[path])
    if path in ANOTHER or (last in ANOTHER and "enum" not in described):
        return deepcopy(ANOTHER.get(path, ANOTHER.get(last)))
    if "enum" in described:
        return next(value for value in described["enum"] if value != now)
    if isinstance(now, bool):
        return not now
    assert isinstance(now, int | float), f"ANOTHER has to name another value for {path}"
    return now + 1


def changed(path: str) -> Object:
    values = deepcopy(base_of(path))
    where, key = place_of(values, path)
    where[key] = another(path, where.get(key))
    return values


def identity(pod: Pod) -> tuple[str, str]:
    return pod.role, pod.labels.get("fiscal/worker", "")


def templates(objects: list[Object]) -> dict[tuple[str, str], object]:
    return {identity(pod): (pod.labels, pod.annotations, pod.spec) for pod in pods(objects)}


def expected_roles(path: str) -> set[str]:
    return RESTARTS[path] if path in RESTARTS else OWNERS[path.partition(".")[0]]


@pytest.mark.parametrize("path", walked())
def test_a_value_is_used_and_restarts_what_reads_it_and_nothing_else(path: str) -> None:
    before, after = render(base_of(path)), render(changed(path))
    assert before != after, f"no template uses {path}"

    old, new = templates(before), templates(after)
    differ = {which for which in old.keys() | new.keys() if old.get(which) != new.get(which)}
    assert {role for role, _ in differ} == expected_roles(path)
    touched = {"worker": {"every-option"}, "workerDefaults": {"plain", "rest"}}
    allowed = touched.get(path.partition(".")[0])
    assert allowed is None or {worker for _, worker in differ} <= allowed

    look_at_what_may_never_change(path, before, after)


def look_at_what_may_never_change(path: str, before: list[Object], after: list[Object]) -> None:
    beat = named(after, "Deployment", "fiscal-beat")["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
    old, new = immutable(before, path), immutable(after, path)
    assert {key: new[key] for key in old if key in new} == {
        key: old[key] for key in old if key in new
    }


def immutable(objects: list[Object], path: str) -> dict[str, object]:
    """Returns by name what Kubernetes refuses to change in a Deployment or StatefulSet."""
    found: dict[str, object] = {}
    for thing in objects:
        if thing["kind"] in {"Deployment", "StatefulSet"}:
            spec = thing["spec"]
            claims = None if ".persistence." in path else spec.get("volumeClaimTemplates")
            name = thing["metadata"]["name"]
            found[name] = spec["selector"], spec.get("serviceName"), claims
    return found


def test_every_row_of_the_table_is_a_value_of_the_chart() -> None:
    assert set(RESTARTS) | set(BASES) - {"sii", "whatsapp", "mail"} <= set(leaves())
    assert {path.partition(".")[0] for path in ANOTHER if "." in path} <= {
        path.partition(".")[0] for path in leaves()
    }


def test_another_topology_touches_workers_only_and_the_one_of_the_same_name_not_at_all() -> None:
    two, three = templates(render({"topology": "two"})), templates(render({"topology": "three"}))

    differ = {which for which in two.keys() | three.keys() if two.get(which) != three.get(which)}
    assert differ == {
        ("worker", "fast"), ("worker", "high"), ("worker", "default"), ("test", ""),
    }  # fmt: skip


def test_a_demo_is_another_world_for_everyone_of_ours() -> None:
    demo, production = (templates(render(merged(BACKUP, world))) for world in (DEMO, {}))

    differ = {which[0] for which in demo if demo[which] != production.get(which)}
    assert differ == OURS


@pytest.mark.parametrize("values", [{}, DEMO, EVERYTHING["production"]])
def test_the_same_values_render_the_same_objects_but_for_random_secrets(values: Object) -> None:
    first, second = (
        [thing for thing in render_afresh(values) if thing["kind"] != "Secret"] for _ in range(2)
    )

    assert first == second


def test_with_every_secret_given_nothing_is_random() -> None:
    assert render_afresh(EVERYTHING["demo"]) == render_afresh(EVERYTHING["demo"])


def test_a_worker_s_successor_consumes_before_it_stops_and_beat_s_does_not() -> None:
    objects = render({"topology": "two"})
    rolling = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}

    for name in ("fiscal-worker-fast", "fiscal-worker-slow", "fiscal-api"):
        assert named(objects, "Deployment", name)["spec"]["strategy"] == rolling
    beat = named(objects, "Deployment", "fiscal-beat")["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
