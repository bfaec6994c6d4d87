"""values.schema.json, walked."""

from collections.abc import Iterator
from functools import cache
from typing import Any

from tests.helm.chart import Object, chart_file

# Below these, Kubernetes documents the keys.
KUBERNETES = {"resources", "affinity"}


@cache
def schema() -> Object:
    return dict(chart_file("values.schema.json"))


def resolved(described: Object) -> Object:
    """Follows a reference to the description that it means."""
    while "$ref" in described:
        target: Any = schema()
        for step in described["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        described = target
    return described


def properties(described: Object, path: str = "") -> Iterator[tuple[str, Object]]:
    """Yields (path, description) of every key that the chart documents, maps before their keys."""
    for key, inner in described.get("properties", {}).items():
        yield f"{path}{key}", inner
        if key not in KUBERNETES:
            yield from properties(resolved(inner), f"{path}{key}.")


def documented() -> dict[str, Object]:
    """Returns every documented key by its path; those of a worker as `worker.name`."""
    worker = schema()["$defs"]["worker"]
    return dict(properties(schema())) | dict(properties(worker, "worker."))


def leaves() -> list[str]:
    """Returns the paths that hold a value and no further documented keys."""
    paths = documented()
    return [path for path in paths if not any(other.startswith(f"{path}.") for other in paths)]


def objects(described: Any, path: str = "") -> Iterator[tuple[str, Object]]:
    """Yields (path, schema) of each schema of an object in the whole file."""
    if isinstance(described, list):
        for number, inner in enumerate(described):
            yield from objects(inner, f"{path}/{number}")
    if not isinstance(described, dict):
        return
    if described.get("type") == "object":
        yield path, described
    for key, inner in described.items():
        yield from objects(inner, f"{path}/{key}")


def place(values: Object, path: str, value: object) -> None:
    """Puts a value where its path says."""
    *above, last = path.split(".")
    for step in above:
        values = values.setdefault(step, {})
    values[last] = value
