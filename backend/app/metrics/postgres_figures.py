"""Figures out of Postgres: the ledger of runs, beat's entries, messages, logins, the portal."""

import time
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby
from math import inf
from operator import itemgetter
from typing import Any

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.db.session import session_scope
from app.infrastructure.sii import tally
from app.services.due_entries import read_lateness
from app.services.figures import (
    Unfinished,
    count_open_sessions,
    read_credentials,
    read_deliveries,
    read_portal_answers,
    read_retrying,
    read_unfinished,
)
from app.services.pauses import list_pauses
from app.services.resolutions import count_unknown
from app.services.run_totals import BUCKETS, read_outcomes, read_times, read_troubles

RUN = ("queue", "task")
STATES = ("queued", "running", "retrying")
DELIVERIES_KEPT = 60.0  # s: counting them reads a table that grows for years
PHASES = {
    "wait": ("fiscal_run_wait_seconds", "From the request of a run to its first start."),
    "run": ("fiscal_run_duration_seconds", "From a run's last start to its end."),
}


class PostgresFigures:
    """Reads them all; those that are costly only now and then."""

    def __init__(self) -> None:
        self._deliveries: dict[tuple[str, str], int] = {}
        self._stale_at = 0.0

    def read(self) -> Sequence[Metric]:
        """Returns what Postgres knows now. Raises SQLAlchemy's errors."""
        with session_scope() as session:
            session.execute(text("SET TRANSACTION READ ONLY"))
            session.execute(text("SET LOCAL statement_timeout = '5s'"))
            return [
                *_unfinished(read_unfinished(session)),
                _retrying(read_retrying(session)),
                *_counters(session),
                *_times(session),
                *_messages(self._count_deliveries(session), count_unknown(session)),
                *_gauges(session),
                _portal(read_portal_answers(session)),
            ]

    def _count_deliveries(self, session: Session) -> dict[tuple[str, str], int]:
        if time.monotonic() >= self._stale_at:
            self._deliveries = read_deliveries(session)
            self._stale_at = time.monotonic() + DELIVERIES_KEPT
        return self._deliveries


def _unfinished(found: Sequence[Unfinished]) -> Iterable[Metric]:
    runs = GaugeMetricFamily(
        "fiscal_runs_unfinished",
        "Runs that have not ended.",
        labels=["queue", "state"],
    )
    oldest = GaugeMetricFamily(
        "fiscal_queue_oldest_waiting_seconds",
        "Age of the oldest run that waits; 0 where none does.",
        labels=["queue"],
    )
    by_key = {(each.queue, each.state): each for each in found}
    for queue in QUEUES:
        for state in STATES:
            each = by_key.get((queue, state))
            runs.add_metric([queue, state], each.runs if each else 0)
        waiting = by_key.get((queue, "queued"))
        oldest.add_metric([queue], waiting.oldest if waiting else 0)
    yield from (runs, oldest)


def _retrying(found: dict[tuple[str, str], int]) -> Metric:
    retrying = GaugeMetricFamily(
        "fiscal_runs_retrying",
        "Runs that wait for their next try, by what ended the last one.",
        labels=["queue", "error_code"],
    )
    for key, number in found.items():
        retrying.add_metric(key, number)
    return retrying


def _counters(session: Session) -> Iterable[Metric]:
    ended = CounterMetricFamily(
        "fiscal_runs_finished", "Runs that ended, ever.", labels=[*RUN, "outcome", "error_code"]
    )
    for row in read_outcomes(session):
        ended.add_metric([row.queue, row.task, row.outcome, row.error_code], float(row.runs))
    retries = CounterMetricFamily(
        "fiscal_run_retries", "Retries after a transient error, ever.", labels=RUN
    )
    deaths = CounterMetricFamily(
        "fiscal_run_worker_deaths", "Starts that ended with the death of their worker.", labels=RUN
    )
    for row in read_troubles(session):
        retries.add_metric([row.queue, row.task], float(row.retries))
        deaths.add_metric([row.queue, row.task], float(row.deaths))
    yield from (ended, retries, deaths)


def _times(session: Session) -> Iterable[Metric]:
    families = {phase: HistogramMetricFamily(*said, labels=RUN) for phase, said in PHASES.items()}
    for (queue, task, phase), rows in groupby(read_times(session), key=itemgetter(0, 1, 2)):
        found = [(row.le, int(row.runs), row.seconds) for row in rows]
        _add_histogram(families[phase], [queue, task], found, BUCKETS)
    yield from families.values()


def _portal(answers: Sequence[Row[Any]]) -> Metric:
    took = HistogramMetricFamily(
        "fiscal_portal_answer_seconds", "From a request to its answer.", labels=["page", "kind"]
    )
    for named, rows in groupby(answers, key=itemgetter(0, 1)):
        found = [(row.le, row.answers, row.seconds) for row in rows]
        _add_histogram(took, named, found, tally.BUCKETS)
    return took


def _add_histogram(
    family: HistogramMetricFamily,
    labels: Sequence[str],
    found: Sequence[tuple[float, int, float]],
    buckets: Sequence[float],
) -> None:
    """Adds what was found as bound, number within just that bucket, and seconds together."""
    # By bound and not by position: totals outlive a change of the buckets.
    counts = [
        sum(number for le, number, _ in found if below < le <= bound)
        for below, bound in zip((-1.0, *buckets), (*buckets, inf), strict=True)
    ]
    bounds = [str(bound) if bound < inf else "+Inf" for bound in (*buckets, inf)]
    family.add_metric(
        labels,
        list(zip(bounds, accumulate(counts), strict=True)),
        sum_value=sum(seconds for _, _, seconds in found),
    )


def _messages(deliveries: dict[tuple[str, str], int], unknown: int) -> Iterable[Metric]:
    by_status = GaugeMetricFamily(
        "fiscal_notification_deliveries",
        "Messages by what has become of them, a minute old at most.",
        labels=["channel", "status"],
    )
    for key, number in deliveries.items():
        by_status.add_metric(key, number)
    yield by_status
    yield GaugeMetricFamily(
        "fiscal_notification_deliveries_unknown",
        "Messages that may or may not have arrived and wait for a person's word.",
        value=unknown,
    )


def _gauges(session: Session) -> Iterable[Metric]:
    late = GaugeMetricFamily(
        "fiscal_beat_lateness_seconds",
        "How long an entry of the schedule is overdue; 0 where it is not.",
        labels=["entry"],
    )
    for entry, overdue in read_lateness(session).items():
        late.add_metric([entry], overdue.total_seconds())
    logins = GaugeMetricFamily(
        "fiscal_sii_credentials", "Logins at SII by status.", labels=["status"]
    )
    for status, number in read_credentials(session).items():
        logins.add_metric([status], number)
    yield from (late, logins)
    yield GaugeMetricFamily(
        "fiscal_sii_sessions_open",
        "Sessions at SII that are in use or left open for the next run.",
        value=count_open_sessions(session),
    )
    paused = GaugeMetricFamily(
        "fiscal_queue_paused", "1: an operator holds the queue back.", labels=["queue"]
    )
    held_back = {row.queue for row in list_pauses(session)}
    for queue in QUEUES:
        paused.add_metric([queue], float(queue in held_back))
    yield paused
