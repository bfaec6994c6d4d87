"""`make chaos N=500 SEED=n BUNDLES=3`: injects N faults into bundles that keep running; prints a
table.

Every batch writes a line to chaos-SEED.jsonl (with several bundles one file each, chaos-SEED-0 and
so on); the same command goes on after the last one. The faults of batch i come from
Random(f"{seed}:{i}"), so that one batch can be repeated.
"""

import json
import platform
import statistics
import subprocess
import sys
import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tests.bundle import Bundle
from tests.chaos.accounts import UNFINISHED, Accounts, keep_accounts, settle
from tests.chaos.faults import FAULTS, inject, others
from tests.chaos.work import Work
from tests.chaos.workers import FAKETIME
from tests.integration.stack import Stack
from tests.waiting import wait_until

BATCH = 25  # faults between two sums, each of which waits for every retry
OVERLAP = 0.25  # the part of faults that the next one does not wait for
QUEUES = ("high", "default", "low")
ASK_AGAIN = 10  # s without an answer


@dataclass(frozen=True)
class Injected:
    """One fault, and how long after its end a new run of every queue had been done."""

    kind: str
    particulars: str
    recovery: float | None  # s; None where the next fault came on top of it


def caught_up(bundle: Bundle) -> float:
    """Returns how many seconds pass until a new run through each queue is done.

    Asks again now and then: these probes are bare messages without a row, which may be lost.
    """
    began = time.monotonic()
    asked: list[list[str]] = []
    asked_at = 0.0

    def done() -> bool:
        nonlocal asked_at
        try:
            if not asked or time.monotonic() - asked_at > ASK_AGAIN:
                asked.append(bundle.publish(*[("system.probe", queue, {}) for queue in QUEUES]))
                asked_at = time.monotonic()
            return any(bundle.have_ended(ids) for ids in asked)
        except AssertionError:
            return False  # Redis or Postgres is not back yet

    wait_until(done, 900, "the bundle works again", every=0.5)
    return time.monotonic() - began


def run_batch(stack: Stack, label: str, kinds: list[str], chance: Random) -> list[Injected]:
    """Injects the faults while work flows; returns what was done."""
    done = []
    with Work(stack, label):
        for kind in kinds:
            print(f"  {label} {kind}", flush=True)
            if chance.random() < OVERLAP:
                other = chance.choice(others(kind))
                thread = threading.Thread(target=_quietly, args=(stack, other, chance.random()))
                thread.start()
                done.append(Injected(kind, inject(stack, kind, chance), None))
                thread.join()
                done.append(Injected(other, "on top of the one before", caught_up(stack)))
            else:
                done.append(Injected(kind, inject(stack, kind, chance), caught_up(stack)))
            print(f"  {label} {done[-1]}", flush=True)
    return done


def _quietly(stack: Stack, kind: str, seed: float) -> None:
    try:
        inject(stack, kind, Random(seed))
    except (AssertionError, ProcessLookupError, StopIteration) as error:
        print(f"  {kind} found nothing to break: {error}", flush=True)


def main(number: int, seed: str, bundles: int = 1) -> int:
    """Runs what is left of the campaign and prints the table; 1 where something went wrong."""
    if not Path(FAKETIME).exists():
        sys.exit(f"There is no {FAKETIME}, which steps clocks: apt-get install faketime")
    if bundles == 1:
        run_in_one_bundle(number, seed)
        batches = read_log(seed)
    else:
        shares = {f"{seed}-{index}": _share(number, bundles, index) for index in range(bundles)}
        command = [sys.executable, "-m", "tests.chaos.campaign"]
        parts = [subprocess.Popen([*command, str(each), part]) for part, each in shares.items()]
        for part in parts:
            part.wait()
        batches = [batch for part in shares for batch in read_log(part)]
    print(table(seed, batches))
    done = sum(len(batch["faults"]) for batch in batches)
    is_clean = all(not batch["lost"] and not batch["doubled"] for batch in batches)
    return 0 if is_clean and done >= number else 1


def _share(number: int, bundles: int, index: int) -> int:
    return number // bundles + (index < number % bundles)


def run_in_one_bundle(number: int, seed: str) -> None:
    """Goes on after what the log has, until `number` faults are done or one did harm."""
    before = read_log(seed)
    done = sum(len(batch["faults"]) for batch in before)
    print(f"seed {seed}, {done} of {number} faults done before", flush=True)
    if done >= number:
        return
    with Stack("workers", project=f"fiscal-chaos-{seed}".lower()) as stack:
        keep_accounts(stack)
        ended = 0
        for index in range(len(before), 10**6):
            chance = Random(f"{seed}:{index}")
            kinds = [chance.choice(list(FAULTS)) for _ in range(min(BATCH, number - done))]
            try:
                faults = run_batch(stack, f"batch-{seed}-{index}", kinds, chance)
                accounts = settle(stack, f"batch-{seed}-{index}")
            except BaseException:
                keep_log(stack, seed)
                raise
            if not accounts.are_clean:
                keep_log(stack, seed)
            done += len(faults)
            with _log(seed).open("a") as lines:
                lines.write(json.dumps(described(faults, accounts, ended)) + "\n")
            ended = accounts.ended
            print(f"{seed} batch {index}: {dict(accounts.states)}, lost {accounts.lost},"
                  f" doubled {accounts.doubled}", flush=True)  # fmt: skip
            if done >= number or not accounts.are_clean:
                break


def keep_log(stack: Stack, seed: str) -> None:
    """Writes what the bundle said, and its unfinished runs, to chaos-SEED.log."""
    said = stack.docker("compose", "--profile", "*", "logs", "--timestamps")
    with suppress(AssertionError):
        said += f"\nunfinished: {stack.query(UNFINISHED)}\n"
    Path(f"chaos-{seed}.log").write_text(said)


def _log(seed: str) -> Path:
    return Path(f"chaos-{seed}.jsonl")


def read_log(seed: str) -> list[dict[str, Any]]:
    """Returns the batches that a bundle has done."""
    log = _log(seed)
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def described(faults: list[Injected], accounts: Accounts, ended_before: int = 0) -> dict[str, Any]:
    """Returns a batch as a line of the log and the table take it."""
    return {
        "faults": [vars(fault) for fault in faults],
        "states": accounts.states,
        "runs": accounts.ended - ended_before,
        "lost": accounts.lost,
        "doubled": accounts.doubled,
        "unknown": accounts.unknown,
    }


def table(seed: str, batches: list[dict[str, Any]]) -> str:
    """Returns the campaign as Markdown: faults by kind, recovery, what was lost or doubled."""
    recoveries = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    for fault in (fault for batch in batches for fault in batch["faults"]):
        counts[fault["kind"]] += 1
        if fault["recovery"] is not None:
            recoveries[fault["kind"]].append(fault["recovery"])
    rows = [
        f"| {kind} | {FAULTS[kind][0]} | {counts[kind]} | {_seconds(recoveries[kind])} |"
        for kind in FAULTS
        if counts[kind]
    ]
    runs = sum(batch["runs"] for batch in batches)
    lost, doubled, unknown = (
        sum(len(batch["lost"]) for batch in batches),
        sum(len(batch["doubled"]) for batch in batches),
        max((batch["unknown"] for batch in batches), default=0),
    )
    head = f"Seed {seed}, {sum(counts.values())} faults, {runs} runs: "
    return "\n".join(
        [
            f"{head}**{lost} lost, {doubled} doubled**, {unknown} messages unknown at most per"
            f" batch. {_versions()}",
            "",
            "| fault | hazard | times | works again after, median / slowest |",
            "|---|---|---|---|",
            *rows,
        ]
    )


def _seconds(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} s / {max(values):.1f} s" if values else "-"


def _versions() -> str:
    engine = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True
    )
    return f"Docker {engine.stdout.strip()}, Linux {platform.release().split('-')[0]}."


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2], *(int(each) for each in sys.argv[3:])))
