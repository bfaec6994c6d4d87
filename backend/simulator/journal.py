"""What clients did: request counts, and what no well-behaved client may ever do."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Violation:
    """Something that a polite client never does."""

    # write_attempted, rectify_clicked, login_after_wrong_password, session_cap, too_fast,
    # export_asked_twice, export_not_offered
    kind: str
    rut: str
    at: str


@dataclass
class Journal:
    """Counts and violations since the last reset."""

    requests: Counter[str] = field(default_factory=Counter)
    readings: Counter[str] = field(default_factory=Counter)
    violations: list[Violation] = field(default_factory=list)

    def count_request(self, method: str, path: str) -> None:
        """Count one request to a path of the outside services."""
        self.requests[f"{method} {path}"] += 1

    def count_reading(self, method: str, rut: str, period: str, operation: str, state: str) -> None:
        """Count one valid question about a company's register, where it is answered."""
        self.readings[f"{method} {rut} {period} {operation} {state}"] += 1

    def record_violation(self, kind: str, rut: str) -> None:
        """Keep a violation, with the time in UTC."""
        self.violations.append(Violation(kind, rut, datetime.now(UTC).isoformat()))

    def report(self) -> dict[str, object]:
        """The journal as JSON values."""
        kinds = [violation.kind for violation in self.violations]
        return {
            "requests": dict(sorted(self.requests.items())),
            "readings": dict(sorted(self.readings.items())),
            "writes_attempted": kinds.count("write_attempted"),
            "violations": [asdict(violation) for violation in self.violations],
        }
