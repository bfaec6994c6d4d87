"""A company-month at SII, with 200 ms before every answer of the portal and politeness off."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.results import Result
from benchmarks.stage import SELENIUM, Stage, docker

SIMULATOR = "fiscal-simulator:dev"
LATENCY, TODAY = 200, "2026-11-20"  # ms; the portal's date
SLOW_MIB = "1536m"  # of the worker `slow`, topology.py


def sii(place: Stage) -> list[Result]:
    """Compares a company-month with the round trips that it cannot do without, and the slow
    worker's memory with an idle one's and a Chromium's; prints where the time went."""
    with _portal(place) as options:
        measured = _inside(place, options, "time")
        print("| phase | requests | seconds |\n|---|---|---|")
        for phase, requests, seconds in measured["phases"]:
            print(f"| {phase} | {requests or ''} | {seconds:.2f} |", flush=True)
        memory = _inside(place, options, "memory")
    cold = "company-month, cold / its round trips, a bare browser's start and the login page"
    warm = "company-month but the F29 list, warm session / its round trips"
    peak = "memory of the slow worker, PSS, at its peak / idle and a Chromium at the login page"
    return [
        Result(cold, *measured["cold"], "s", most=1.3),
        Result(warm, *measured["warm"], "s", most=1.1),
        Result(peak, *memory["memory"], "MiB", most=1.3),
    ]


def _inside(place: Stage, options: list[str], what: str) -> dict[str, list[float]]:
    command = ["python", "-m", "benchmarks.sii_inside", what]
    printed = place.run(command, *options, image=SELENIUM, memory=SLOW_MIB)
    found: dict[str, list[float]] = json.loads(printed.splitlines()[-1])
    return found


@contextmanager
def _portal(place: Stage) -> Iterator[list[str]]:
    """Runs the simulator; yields the `docker run` options of who visits it."""
    told = {"SIMULATOR_LATENCY_MS": LATENCY, "SIMULATOR_TODAY": TODAY}
    options = [f"--env={name}={value}" for name, value in told.items()]
    run = ["run", "-d", "--network-alias=simulator", *options, *place.arguments()]
    portal = docker(*run, SIMULATOR, "python", "-m", "benchmarks.sii_portal")
    hosts = {"AUTH": "zeusr", "HOME": "misiir", "SERVICES": "www4", "RECEIPTS": "loa"}
    visitor = {f"SII_{host}_URL": f"http://simulator:8080/{path}" for host, path in hosts.items()}
    # No pauses, any rate, any number of browsers: what is compared is requests, one by one.
    visitor |= dict.fromkeys(
        ("SII_MIN_REQUEST_INTERVAL", "SII_REQUESTS_PER_SECOND", "SII_MAX_BROWSERS"), "0"
    )
    visitor["SECRET_KEYS"] = secrets.token_urlsafe(32) + "="
    try:
        yield ["--shm-size=512m", *(f"--env={name}={visitor[name]}" for name in visitor)]
    finally:
        docker("rm", "-f", portal)
