"""Rows of the ledger as the tests of the metrics want them, and how a scrape is read."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from app.infrastructure.db.models import Run
from app.infrastructure.db.session import get_session_factory
from app.infrastructure.sii.tally import Tally
from app.services.run_totals import count_finished

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def record(
    state: str = "succeeded", *, waited: float = 1, took: float = 1, number: int = 1, **values: Any
) -> list[UUID]:
    """Stores runs that waited and ran for so many seconds; returns their ids."""
    started = NOON + timedelta(seconds=waited)
    described = {
        "task": "sii.sync_documents",
        "queue": "low",
        "queued_at": NOON,
        "started_at": started,
        "first_started_at": started,
        "finished_at": started + timedelta(seconds=took),
    } | values
    runs = [Run(id=uuid4(), state=state, **described) for _ in range(number)]
    with get_session_factory().begin() as session:
        session.add_all(runs)
    return [run.id for run in runs]


def count() -> int:
    """Adds what has finished to the totals; returns how many runs that were."""
    with get_session_factory().begin() as session:
        return count_finished(session)


def answer(page: str, kind: str, *seconds: float) -> None:
    """Adds the portal's answers that took so long."""
    tally = Tally(get_session_factory())
    for each in seconds:
        tally.add(page, kind, each)
    tally.flush()


# A scrape sorts labels by name; tests name them from the large to the small.
LABELS = (
    *("worker", "node", "part", "queue", "task", "state", "outcome", "error_code"),
    *("channel", "status", "entry", "page", "kind", "le"),
)
Samples = dict[str, dict[tuple[str, ...], float]]


def samples(text: str) -> Samples:
    """Returns the values of a scrape by sample and by the values of its labels."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sorted(sample.labels.items(), key=lambda label: LABELS.index(label[0]))
            key = tuple(value for _, value in labels)
            found.setdefault(sample.name, {})[key] = sample.value
    return found


def shown(figures: Iterable[Metric]) -> Samples:
    """Returns what a scrape of these figures shows."""
    registry = CollectorRegistry()
    registry.register(_Fixed(list(figures)))
    return samples(generate_latest(registry).decode())


class _Fixed:
    def __init__(self, figures: list[Metric]) -> None:
        self.figures = figures

    def collect(self) -> list[Metric]:
        return self.figures
