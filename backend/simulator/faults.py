"""Faults on demand: which requests go wrong, and how."""

import asyncio
import secrets
from dataclasses import dataclass, field
from itertools import count as numbers
from random import Random
from typing import Any

from starlette.requests import Request

# What a page itself does wrong: its route looks at `kind_met`.
LOGIN_KINDS = ("wrong_password", "blocked", "too_many_sessions")
RCV_KINDS = ("resumen_mismatch", "csv_bad_header", "recaptcha_required")
LARGE_EXPORT_KINDS = (
    "export_pending",  # the file of a large register is never finished
    "export_corrupt",  # half of it comes
)
BOLETAS_KINDS = ("boletas_mismatch",)  # a list lacks a day
FEES_KINDS = ("fees_mismatch",)  # a page lacks a row
PDF_KINDS = ("pdf_corrupt", "pdf_html", "pdf_truncated", "pdf_wrong_folio")
SCREEN_KINDS = (  # what a program that reads HTTP never sees
    "js_alert",  # an alert as soon as the page is there
    "overlay_intercepts_click",  # a layer above everything, for `ms`, or for good
    "new_window_blocked",  # the F29 list may open no window
    "table_missing",
    "table_renamed",  # the table has another class
    "stale_dom",
    "lost_click",  # the first click on each link of the F29 list does nothing
    "old_f29_list",
)
CONTENT_KINDS = (
    *LOGIN_KINDS,
    *RCV_KINDS,
    *LARGE_EXPORT_KINDS,
    *BOLETAS_KINDS,
    *FEES_KINDS,
    *PDF_KINDS,
    *SCREEN_KINDS,
    "unknown_status",
    "pending",  # Mem0 answers before it has stored
)
KINDS = (
    *("slow_page", "http_400", "http_500", "http_503", "rate_limit_429", "hold"),
    *("maintenance", "queue_wait", "expired_session"),
    *("json_html_body", "latin1", "lost_answer", "late_answer"),
    *CONTENT_KINDS,
)


@dataclass
class Fault:
    """One rule: requests under `path` (of `rut`, if given) meet `kind`, `count` times.

    The first `after` such requests are spared; each later one meets it with `probability`, drawn
    from Random(`seed`), so that the same requests meet it again where the rule is made again.
    `lost_answer` does what was asked and says nothing of it; `pending` makes Mem0 store what it
    accepts only when the rule is removed. `count` None means until the rule is removed; `ms` is
    how long slow_page waits before the request is looked at, late_answer after it was done, and
    an overlay stays; `retry_after`, in seconds, is what rate_limit_429 asks for, and how long the
    waiting room says that it takes.
    """

    id: int
    path: str
    kind: str
    rut: str | None = None
    count: int | None = None
    ms: int = 0
    retry_after: int = 30
    after: int = 0
    probability: float = 1.0
    seed: int = field(default_factory=lambda: secrets.randbelow(2**32))
    seen: int = 0
    hits: int = 0
    waiting: int = 0
    removed: asyncio.Event = field(default_factory=asyncio.Event)
    chance: Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = Random(self.seed)

    def meets(self, path: str, ruts: set[str]) -> bool:
        """Whether a request with this path and these RUTs meets the rule; counts it."""
        is_spent = self.count is not None and self.hits >= self.count
        if is_spent or not path.startswith(self.path) or (self.rut and self.rut not in ruts):
            return False
        self.seen += 1
        is_hit = self.seen > self.after and self.chance.random() < self.probability
        self.hits += is_hit
        return is_hit

    def report(self) -> dict[str, Any]:
        """The rule as JSON values; `waiting` requests are held by it right now."""
        return {name: value for name, value in vars(self).items() if name not in _INNER}


_INNER = ("removed", "chance")


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
        return next((fault for fault in self._rules if fault.meets(path, ruts)), None)

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


def kind_met(request: Request) -> str:
    """The kind of content fault that a request meets; '' for none."""
    fault: Fault | None = getattr(request.state, "fault", None)
    return fault.kind if fault else ""


_TEXT, _WHOLE, _PART = (str,), (int,), (int, float)
_FIELDS: dict[str, tuple[type, ...]] = {
    "path": _TEXT,
    "kind": _TEXT,
    "rut": _TEXT,
    "count": _WHOLE,
    "ms": _WHOLE,
    "retry_after": _WHOLE,
    "after": _WHOLE,
    "probability": _PART,
    "seed": _WHOLE,
}


def _checked(rule: dict[str, Any]) -> dict[str, Any]:
    for name, value in rule.items():
        if name not in _FIELDS:
            raise ValueError(f"{name} is no field of a fault: {', '.join(_FIELDS)}")
        if value is not None and not isinstance(value, _FIELDS[name]):
            raise ValueError(f"{name} must be of type {_FIELDS[name][-1].__name__}")
    if rule.get("kind") not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if not str(rule.get("path", "")).startswith("/"):
        raise ValueError("path must start with /, for example /www4/consdcvinternetui")
    if not 0 <= (rule.get("probability") or 0) <= 1:
        raise ValueError("probability must be 0 to 1")
    return {name: value for name, value in rule.items() if value is not None}
