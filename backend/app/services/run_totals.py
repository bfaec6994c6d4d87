"""Totals of finished runs that never shrink, whatever becomes of the runs' rows.

A run is added to the totals once: the statement that adds it marks it `counted`, and passes over
rows that another one holds. Until then the figures below count it from its own row, so each of them
is whole at any moment, and only this module has to know which runs are where. A row goes only once
it is counted.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

BATCH = 50_000  # runs per call; one a half minute, about a second
# s. The objectives of the queues are among them: 10 s, 5 min, 6 h.
BUCKETS = (
    *(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    *(60.0, 300.0, 900.0, 1800.0, 3600.0, 21600.0),
)

_FRESH = "(SELECT * FROM runs WHERE finished_at IS NOT NULL AND NOT counted)"
_OUTCOMES = """
    SELECT coalesce(queue, '') AS queue, coalesce(task, '') AS task, state AS outcome,
        coalesce(error_code, '') AS error_code, count(*) AS runs, sum(retries) AS retries,
        sum(deaths) AS deaths
    FROM {runs} AS counted_runs
    GROUP BY 1, 2, 3, 4
"""
# Waiting ends with the first start; running time is that of the last attempt. A run that ended
# without being run any more (expired, superseded, revoked) has none.
_TIMES = """
    SELECT queue, task, phase, le, count(*) AS runs, sum(seconds) AS seconds
    FROM (
        SELECT queue, task, phase, seconds, coalesce(
            (SELECT min(le) FROM unnest(CAST(:buckets AS double precision[])) AS le
             WHERE le >= seconds), 'Infinity') AS le
        FROM (
            SELECT coalesce(queue, '') AS queue, coalesce(task, '') AS task, phase,
                greatest(CAST(extract(epoch FROM took) AS double precision), 0) AS seconds
            FROM {runs} AS counted_runs, LATERAL (VALUES
                ('wait', coalesce(first_started_at, started_at) - queued_at),
                ('run', CASE WHEN state NOT IN ('expired', 'superseded', 'revoked')
                        THEN finished_at - started_at END)
            ) AS phases (phase, took)
            WHERE took IS NOT NULL
        ) AS taken
    ) AS measured
    GROUP BY 1, 2, 3, 4
"""
# In the order of their keys, so that two of these never wait for each other.
_COUNT = text(f"""
    WITH ended AS (
        UPDATE runs SET counted = true WHERE id IN (
            SELECT id FROM runs WHERE finished_at IS NOT NULL AND NOT counted
            LIMIT :batch FOR UPDATE SKIP LOCKED
        ) RETURNING *
    ), outcomes AS (
        INSERT INTO run_totals AS kept
            (queue, task, outcome, error_code, runs, retries, deaths)
        {_OUTCOMES.format(runs="ended")} ORDER BY 1, 2, 3, 4
        ON CONFLICT (queue, task, outcome, error_code) DO UPDATE SET
            runs = kept.runs + excluded.runs,
            retries = kept.retries + excluded.retries,
            deaths = kept.deaths + excluded.deaths
    ), times AS (
        INSERT INTO run_time_totals AS kept (queue, task, phase, le, runs, seconds)
        {_TIMES.format(runs="ended")} ORDER BY 1, 2, 3, 4
        ON CONFLICT (queue, task, phase, le) DO UPDATE SET
            runs = kept.runs + excluded.runs,
            seconds = kept.seconds + excluded.seconds
    )
    SELECT count(*) FROM ended
""")  # noqa: S608 (of constants alone)
_READ_OUTCOMES = text(f"""
    SELECT queue, task, outcome, error_code, sum(runs) AS runs
    FROM (
        SELECT queue, task, outcome, error_code, runs FROM run_totals
        UNION ALL
        SELECT queue, task, outcome, error_code, runs
        FROM ({_OUTCOMES.format(runs=_FRESH)}) AS fresh
    ) AS outcomes
    GROUP BY 1, 2, 3, 4
""")  # noqa: S608
# Those of unfinished runs, too: a run that kills its workers need not have ended to be seen.
_READ_TROUBLES = text("""
    SELECT queue, task, sum(retries) AS retries, sum(deaths) AS deaths
    FROM (
        SELECT queue, task, retries, deaths FROM run_totals
        UNION ALL
        SELECT coalesce(queue, ''), coalesce(task, ''), retries, deaths
        FROM runs WHERE finished_at IS NULL
        UNION ALL
        SELECT coalesce(queue, ''), coalesce(task, ''), retries, deaths
        FROM runs WHERE finished_at IS NOT NULL AND NOT counted
    ) AS troubles
    GROUP BY 1, 2
""")
_READ_TIMES = text(f"""
    SELECT queue, task, phase, le, sum(runs) AS runs, sum(seconds) AS seconds
    FROM (
        SELECT queue, task, phase, le, runs, seconds FROM run_time_totals
        UNION ALL
        SELECT queue, task, phase, le, runs, seconds
        FROM ({_TIMES.format(runs=_FRESH)}) AS fresh
    ) AS times
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
""")  # noqa: S608


def count_finished(session: Session) -> int:
    """Adds finished runs to the totals, at most BATCH of them; returns how many."""
    return int(session.scalar(_COUNT, {"batch": BATCH, "buckets": list(BUCKETS)}) or 0)


def read_outcomes(session: Session) -> Sequence[Row[Any]]:
    """Returns queue, task, outcome, error_code ("" for none) and the runs that ended so."""
    return session.execute(_READ_OUTCOMES).all()


def read_troubles(session: Session) -> Sequence[Row[Any]]:
    """Returns queue, task, and how many retries and deaths of workers their runs have met."""
    return session.execute(_READ_TROUBLES).all()


def read_times(session: Session) -> Sequence[Row[Any]]:
    """Returns queue, task, phase (wait, run), le (s), and the runs of just that bucket and their
    seconds together; in this order, buckets without runs left out."""
    return session.execute(_READ_TIMES, {"buckets": list(BUCKETS)}).all()
