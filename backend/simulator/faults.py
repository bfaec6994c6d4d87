"""Faults on demand: which requests go wrong, and how."""

import asyncio
from dataclasses import dataclass, field
from itertools import count as numbers
from typing import Any

KINDS = ("slow_page", "http_500", "http_503", "maintenance", "hold")


@dataclass
class Fault:
    """One rule: requests under `path` (of `rut`, if given) meet `kind`, `count` times.

    `count` None means until the rule is removed; `ms` is how long slow_page waits.
    """

    id: int
    path: str
    kind: str
    rut: str | None = None
    count: int | None = None
    ms: int = 0
    hits: int = 0
    waiting: int = 0
    removed: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, path: str, ruts: set[str]) -> bool:
        """Whether a request with this path and these RUTs meets the rule."""
        spent = self.count is not None and self.hits >= self.count
        return not spent and path.startswith(self.path) and (not self.rut or self.rut in ruts)

    def report(self) -> dict[str, Any]:
        """The rule as JSON values; `waiting` requests are held by it right now."""
        return {name: value for name, value in vars(self).items() if name != "removed"}


class Faults:
    """The rules in force, first match first."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._ids = numbers(1)

    def add(self, rule: dict[str, Any]) -> Fault:
        """Put a rule in force; raises ValueError that says what is wrong with it."""
        fault = Fault(id=next(self._ids), **_checked(rule))
        self._rules.append(fault)
        return fault

    def take(self, path: str, ruts: set[str]) -> Fault | None:
        """The rule that a request meets, counted as met."""
        for fault in self._rules:
            if fault.matches(path, ruts):
                fault.hits += 1
                return fault
        return None

    def remove(self, fault_id: int) -> bool:
        """Lift one rule and let its held requests go on; False when there is none."""
        found = [fault for fault in self._rules if fault.id == fault_id]
        for fault in found:
            fault.removed.set()
            self._rules.remove(fault)
        return bool(found)

    def clear(self) -> None:
        """Lift every rule."""
        for fault in list(self._rules):
            self.remove(fault.id)

    @property
    def held(self) -> int:
        """How many requests wait right now."""
        return sum(fault.waiting for fault in self._rules)

    def report(self) -> list[dict[str, Any]]:
        """The rules in force as JSON values."""
        return [fault.report() for fault in self._rules]


_FIELDS: dict[str, type] = {"path": str, "kind": str, "rut": str, "count": int, "ms": int}


def _checked(rule: dict[str, Any]) -> dict[str, Any]:
    for name, value in rule.items():
        if name not in _FIELDS:
            raise ValueError(f"{name} is no field of a fault: {', '.join(_FIELDS)}")
        if value is not None and not isinstance(value, _FIELDS[name]):
            raise ValueError(f"{name} must be of type {_FIELDS[name].__name__}")
    if rule.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if not str(rule.get("path", "")).startswith("/"):
        raise ValueError("path must start with /, for example /www4/consdcvinternetui")
    return {name: value for name, value in rule.items() if value is not None}
