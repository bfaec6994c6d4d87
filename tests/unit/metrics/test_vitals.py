"""What a worker says of itself: its processes, its slots, and not for longer than it lives."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from app.infrastructure.celery import vitals
from app.infrastructure.celery.queues import NODES
from app.infrastructure.celery.vitals import Usage, Vitals, read_vitals, say_vitals, usage_of
from app.infrastructure.processes import Process, family
from tests.waiting import wait_until

SPIN = "import time\nwhile time.process_time() < 0.3: pass\nprint('spun', flush=True)\ninput()"
USAGE = Usage(cpu={"main": 1.0}, memory={"main": 2}, browsers=0)


def worker(**values: object) -> Vitals:
    said = {
        "node": "all@a", "queues": ["high", "default", "low"], "concurrency": 4,
        "slots": {"high": 3, "default": 2, "low": 1}, "taken": {}, "usage": USAGE,
    }  # fmt: skip
    return Vitals(**said | values)  # type: ignore[arg-type]


def test_a_family_is_a_process_with_its_children_and_theirs() -> None:
    grandchild = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPIN!r}])"
    child = subprocess.Popen(
        [sys.executable, "-c", grandchild], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == b"spun\n"
        pids = {each.pid: each for each in family(os.getpid())}
        spun = next(each for each in pids.values() if each.parent == child.pid)
        assert child.pid in pids
        assert family(os.getpid())[0].pid == os.getpid()
        assert spun.cpu > 0.2
        assert spun.memory > 1_000_000
    finally:
        child.communicate(b"\n")
    assert child.pid not in {each.pid for each in family(os.getpid())}
    assert next(iter(family(os.getpid()))).reaped_cpu > 0.2, "what an ended child took is kept"


def test_a_process_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    numbers = " ".join(["0"] * 7 + ["100", "100", "200", "200"] + ["0"] * 6 + ["3"])
    (tmp_path / "7" / "stat").write_text(f"7 (a) b) (c) S 1 0 0 {numbers}\n")
    (tmp_path / "self").mkdir()
    (only,) = family(7, tmp_path)
    assert (only.name, only.parent) == ("a) b) (c", 1)
    assert only.memory == 3 * os.sysconf("SC_PAGE_SIZE")
    assert family(8, tmp_path) == []


def test_usage_tells_the_pool_from_the_browsers() -> None:
    usage = usage_of([
        Process(1, 0, "celery", cpu=1.0, reaped_cpu=10.0, memory=100),
        Process(2, 1, "celery", cpu=2.0, reaped_cpu=0.5, memory=200),
        Process(3, 2, "chromedriver", cpu=4.0, reaped_cpu=0.0, memory=300),
        Process(4, 3, "chromium", cpu=8.0, reaped_cpu=0.0, memory=400),
        Process(5, 4, "chromium", cpu=16.0, reaped_cpu=0.0, memory=500),
    ])  # fmt: skip
    assert usage.cpu == {"main": 1.0, "children": 40.5}
    assert usage.memory == {"main": 100, "children": 200, "browsers": 1200}
    assert usage.browsers == 1


@pytest.mark.parametrize(
    ("taken", "free"),
    [
        ({}, {"high": 3, "default": 2, "low": 1}),
        ({"low": 1}, {"high": 3, "default": 2, "low": 0}),
        ({"default": 2, "low": 1}, {"high": 1, "default": 0, "low": 0}),
        ({"high": 3, "default": 1}, {"high": 0, "default": 0, "low": 0}),
    ],
)
def test_a_slot_is_free_where_both_the_lane_and_the_worker_have_room(
    taken: dict[str, int], free: dict[str, int]
) -> None:
    assert {queue: worker(taken=taken).free(queue) for queue in free} == free


def test_without_lanes_every_slot_is_free_for_every_queue_that_it_takes() -> None:
    slow = worker(queues=["low"], slots={}, concurrency=2, taken={"low": 1})
    assert (slow.free("low"), slow.free("high")) == (1, 0)


def test_a_report_is_read_as_it_was_said_and_forgotten_soon(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.sadd(NODES, "all@a", "gone@b")
    say_vitals(client, worker(taken={"low": 1}))
    client.set("vitals:gone@b", '{"node": "gone@b", "of": "another version"}')
    assert read_vitals(client) == [worker(taken={"low": 1})]
    monkeypatch.setattr(vitals, "EXPIRY", 0.05)
    say_vitals(client, worker())
    wait_until(lambda: read_vitals(client) == [], what="the report forgotten")
