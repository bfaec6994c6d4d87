"""Inside a container: `python -m benchmarks.watching_inside WHAT`, one of MEASURES."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
from sqlalchemy import text

from app.infrastructure.db.session import session_scope
from app.services.run_totals import count_finished
from benchmarks.inside import runs_per_second
from benchmarks.kinds import OURS, forget
from benchmarks.processes import pss_mib

ACCOUNT = ("bench", "bench-only")
PORT = 9464
RUNS = 1200  # some seconds: several looks fall into them
SCRAPES = 100
SUM = 100_000
# Every queue, seventeen tasks and a few errors: as many series as a year leaves.
FILL = text("""
    INSERT INTO runs (id, task, queue, state, error_code, queued_at, first_started_at, started_at,
        finished_at)
    SELECT gen_random_uuid(), 'bench.task_' || n % 17, (ARRAY['high', 'default', 'low'])[n % 3 + 1],
        CASE WHEN n % 20 > 0 THEN 'succeeded' ELSE 'failed' END,
        CASE WHEN n % 20 > 0 THEN NULL ELSE 'error_' || n % 7 END,
        now() - interval '2 h', now() - interval '1 h' - random() * interval '1 h',
        now() - interval '1 h', now() - random() * interval '1 h'
    FROM generate_series(1, :number) AS n
""")


class Collector(BaseHTTPRequestHandler):
    """Takes what OpenTelemetry sends and forgets it."""

    def do_POST(self) -> None:
        """Answers as a collector does."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def metrics_role() -> Iterator[httpx.Client]:
    """Yields a client of a metrics role that answers."""
    told = {"METRICS_BASIC_AUTH": ":".join(ACCOUNT), "PORT": str(PORT)}
    process = subprocess.Popen(["docker-entrypoint.sh", "metrics"], env=os.environ | told)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{PORT}", auth=ACCOUNT, timeout=10) as client:
            for _ in range(100):
                try:
                    client.get("/health")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield client
    finally:
        process.kill()
        process.wait()


def watched() -> float:
    """Returns runs per second while somebody looks every second."""
    over = threading.Event()
    with metrics_role() as client:
        looker = threading.Thread(target=_look, args=(client, over))
        looker.start()
        try:
            return runs_per_second(OURS, RUNS)
        finally:
            over.set()
            looker.join()


def _look(client: httpx.Client, over: threading.Event) -> None:
    while not over.wait(1.0):
        client.get("/metrics").raise_for_status()


def unwatched() -> float:
    """Returns runs per second of a worker that was told to send no events."""
    silence = ["celery", "-A", "app.infrastructure.celery", "control", "disable_events"]
    return runs_per_second(OURS, RUNS, partial(subprocess.run, silence, check=True))


def traced() -> float:
    """Returns runs per second with a span of each run on its way to a collector."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    return runs_per_second(replace(OURS, more={"OTEL_EXPORTER_OTLP_ENDPOINT": url}), RUNS)


def untraced() -> float:
    """Returns runs per second without."""
    return runs_per_second(OURS, RUNS)


def memory() -> float:
    """Returns the MiB that the metrics role holds (PSS) after 100 000 runs and many looks."""
    with session_scope() as session:
        session.execute(FILL, {"number": SUM})
    with metrics_role() as client:
        page = ""
        for number in range(SCRAPES):
            page = client.get("/metrics").raise_for_status().text
            if number == SCRAPES // 2:
                with session_scope() as session:
                    while count_finished(session):
                        pass
        counted = [line for line in page.splitlines() if line.startswith("fiscal_runs_finished_t")]
        if sum(float(line.rpartition(" ")[2]) for line in counted) != SUM:
            raise SystemExit(f"the figures do not count {SUM} runs")
        return sum(map(pss_mib, _processes()))


def _processes() -> list[Path]:
    found = Path("/proc").glob("[0-9]*/cmdline")
    return [each.parent for each in found if b"app.metrics" in each.read_bytes()]


def main(what: str) -> None:
    """Empties the queues and the ledger, measures, prints the number."""
    forget("TRUNCATE runs, run_totals, run_time_totals CASCADE")
    print(MEASURES[what]())


MEASURES = {
    "watched": watched,
    "unwatched": unwatched,
    "traced": traced,
    "untraced": untraced,
    "memory": memory,
}

if __name__ == "__main__":
    main(sys.argv[1])
