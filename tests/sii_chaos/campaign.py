"""`make chaos-sii SEED=n N=200`: random schedules of faults at the portal, one company each.

Every schedule writes a line to chaos-sii-SEED.jsonl; the same command goes on after the last one.
Schedule i comes from Random(f"{seed}:{i}"); `ONLY=i` repeats it and logs nothing. `HTTP=1` logs in
without a browser and takes the list of F29 as read; without it Chromium does both.
"""

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.session import get_session_factory
from app.infrastructure.sii.portal import SiiPortal
from tests.conftest import migrated_template, own_database, running_postgres
from tests.scenarios.http_login import portal_without_browser, settings_of
from tests.sii_chaos.processes import left_over
from tests.sii_chaos.schedule import schedule_of
from tests.sii_chaos.trial import live_through
from tests.simulator import Simulator, running_simulator
from tests.unit.sii.books import Books

TODAY = "2026-11-20"


@contextmanager
def own_scratch() -> Iterator[Path]:
    """Yields a directory where this process and its children put temporary files from now on."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="sii-chaos-") as name:
        tempfile.tempdir = name
        try:
            yield Path(name)
        finally:
            tempfile.tempdir = before


def run_one(
    seed: str, index: int, server: str, template: str, simulator: Simulator, *, browser: bool
) -> dict[str, Any]:
    """Lives through one schedule; returns it as a line of the log takes it."""
    schedule = schedule_of(seed, index, browser=browser)
    simulator.reset()
    with ExitStack() as stack:
        scratch = stack.enter_context(own_scratch())
        stack.enter_context(own_database(server, template))
        portal = (
            SiiPortal(settings_of(simulator.url))
            if browser
            else stack.enter_context(portal_without_browser(simulator.url))
        )
        books = Books(get_session_factory(), Cipher([Fernet.generate_key().decode()]))
        lived = live_through(schedule, books, portal, simulator, browser=browser)
        wrong = lived.wrong + left_over(scratch)
    return {"index": index} | vars(schedule) | {"ended": lived.ended, "wrong": wrong}


def run_all(seed: str, indices: Iterable[int], *, browser: bool) -> Iterator[dict[str, Any]]:
    """Yields the line of each schedule, printed as soon as it is lived through."""
    with running_postgres() as server, running_simulator(SIMULATOR_TODAY=TODAY) as simulator:
        template = migrated_template(server)
        for index in indices:
            line = run_one(seed, index, server, template, simulator, browser=browser)
            print(f"{index} {line['company']} {line['ended']} {line['wrong']}", flush=True)
            yield line


def main(number: int, seed: str, only: str, *, browser: bool) -> int:
    """Runs what is left of the campaign and prints its sum; 1 where something went wrong."""
    log = Path(f"chaos-sii-{seed}.jsonl")
    if only:
        done = list(run_all(seed, [int(only)], browser=browser))
    else:
        done = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
        print(f"seed {seed}, {len(done)} of {number} schedules done before", flush=True)
        rest = range(len(done), number)
        for line in run_all(seed, rest, browser=browser) if rest else ():
            done.append(line)
            with log.open("a") as lines:
                lines.write(json.dumps(line) + "\n")
    print(summed_up(seed, done))
    return 1 if any(line["wrong"] for line in done) else 0


def summed_up(seed: str, done: list[dict[str, Any]]) -> str:
    """Returns the campaign as Markdown: what the faults were, and how tries ended."""
    kinds = Counter(rule["kind"] for line in done for rule in line["rules"])
    ends = Counter(end for line in done for tries in line["ended"].values() for end in tries)
    wrong = [f"- schedule {line['index']}: {one}" for line in done for one in line["wrong"]]
    return "\n".join(
        [
            f"Seed {seed}, {len(done)} schedules, {sum(kinds.values())} rules,"
            f" {sum(ends.values())} tries: **{len(wrong)} findings**.",
            *wrong,
            "",
            "| fault | rules | | a try ended with | times |",
            "|---|---|---|---|---|",
            *_side_by_side(kinds.most_common(), ends.most_common()),
        ]
    )


def _side_by_side(left: list[tuple[str, int]], right: list[tuple[str, int]]) -> Iterator[str]:
    for place in range(max(len(left), len(right))):
        one = left[place] if place < len(left) else ("", "")
        other = right[place] if place < len(right) else ("", "")
        yield f"| {one[0]} | {one[1]} | | {other[0]} | {other[1]} |"


if __name__ == "__main__":
    count, seed_of_all = int(sys.argv[1]), sys.argv[2]
    is_http = bool(os.environ.get("HTTP"))
    sys.exit(main(count, seed_of_all, os.environ.get("ONLY", ""), browser=not is_http))
