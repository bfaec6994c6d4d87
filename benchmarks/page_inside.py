"""A first paint of `/ops`, in ms of the server: `python -m benchmarks.page_inside RUNS MINUTES`.

Runs inside the slim image. The runs are those of the last MINUTES; some a worker has, some wait,
some have failed. Every look asks both stores for everything, as the first look of a process does;
that its connections are open and its templates read is the same with any ledger. The fastest look
counts: in the others is what else the machine did.
"""

import asyncio
import sys
import time

import httpx
from sqlalchemy import text

from app.infrastructure.db.session import session_scope
from app.main import create_app
from app.services.accounts import add_account
from app.services.sign_ins import open_session
from app.web import board
from app.web.visitor import COOKIE
from benchmarks.kinds import connect

LOOKS = 40
FILL = text("""
    INSERT INTO runs (id, task, queue, worker, state, error_code, error_kind, error_message,
        queued_at, first_started_at, started_at, finished_at)
    SELECT gen_random_uuid(), 'bench.task_' || n % 17, (ARRAY['high', 'default', 'low'])[n % 3 + 1],
        CASE WHEN state <> 'queued' THEN 'fast@bench' END, state,
        CASE WHEN state = 'failed' THEN 'sii_unavailable' END,
        CASE WHEN state = 'failed' THEN 'transient' END,
        CASE WHEN state = 'failed' THEN 'SII answered 503.' END,
        asked, began, began, CASE WHEN state IN ('failed', 'succeeded') THEN now() END
    FROM (
        SELECT *, CASE WHEN state <> 'queued' THEN asked + random() * interval '5 s' END AS began
        FROM (
            SELECT n, now() - random() * :minutes * interval '1 min' AS asked,
                CASE WHEN n <= 20 THEN 'running' WHEN n <= 80 THEN 'queued'
                    WHEN n % 50 = 0 THEN 'failed' ELSE 'succeeded' END AS state
            FROM generate_series(1, :number) AS n
        ) AS asked_for
    ) AS drawn
""")


def main(runs: int, minutes: int) -> None:
    """Fills the ledger, looks, prints the fastest."""
    with connect() as connection:
        connection.execute("TRUNCATE runs, run_totals, run_time_totals, accounts CASCADE")
    with session_scope() as session:
        session.execute(FILL, {"number": runs, "minutes": minutes})
        add_account(session, "bench", "viewer")
        token = open_session(session, "bench", "127.0.0.1")
    with connect() as connection:
        connection.execute("ANALYZE")
    print(asyncio.run(_look(token)))


async def _look(token: str) -> float:
    board.FRESH = board.WAITS_FRESH = -1.0
    transport = httpx.ASGITransport(create_app())
    times = []
    async with httpx.AsyncClient(
        transport=transport, base_url="http://bench", cookies={COOKIE: token}
    ) as client:
        for _ in range(LOOKS):
            begun = time.perf_counter()
            answer = await client.get("/ops")
            times.append(time.perf_counter() - begun)
            if answer.status_code != httpx.codes.OK:
                raise SystemExit(f"the page answered {answer.status_code}")
    return min(times) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
