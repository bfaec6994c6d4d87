"""Two descriptions of the same things, compared field by field."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def differences(
    where: str, kind: str, found: Mapping[str, Any], told: Mapping[str, Any], by: str
) -> list[str]:
    """Returns a sentence for each field in which `found` is not what `by` told."""
    return [
        f"{where}, {kind} {name}: {field.name} is {getattr(found[name], field.name)!r},"
        f" {by} says {getattr(one, field.name)!r}"
        for name, one in told.items()
        for field in fields(one)
        if getattr(found[name], field.name) != getattr(one, field.name)
    ]
