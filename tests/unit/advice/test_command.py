"""`fiscal advise` as it is typed."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from app.cli import fiscal
from app.infrastructure.db.models import Run
from app.infrastructure.db.session import session_scope

NOON = datetime(2026, 11, 23, 15, tzinfo=UTC)  # in Chile
DAY = ("--since", "2026-11-23", "--until", "2026-11-24T00:00-03:00")


def advise(*arguments: str) -> Result:
    return CliRunner().invoke(fiscal, ["advise", *arguments])


@pytest.fixture
def morning(database_url: str) -> None:
    """Thirty syncs of 10 minutes at once, as one slot ran them, and a message in between."""
    took = timedelta(minutes=10)
    with session_scope() as session:
        session.add_all(
            Run(
                id=uuid4(), task="sii.sync_documents", queue="low", state="succeeded", attempts=1,
                queued_at=NOON, first_started_at=NOON + n * took, started_at=NOON + n * took,
                finished_at=NOON + (n + 1) * took,
            )
            for n in range(30)
        )  # fmt: skip
        session.add(
            Run(
                id=uuid4(), task="notifications.process_pending", queue="high", state="succeeded",
                attempts=1, queued_at=NOON, first_started_at=NOON, started_at=NOON,
                finished_at=NOON + timedelta(seconds=2),
            )
        )  # fmt: skip


@pytest.mark.usefixtures("morning")
def test_it_prints_waits_costs_and_a_sentence() -> None:
    done = advise(*DAY)
    assert done.exit_code == 0, done.output
    for shown in (
        "2026-11-23 00:00 to 2026-11-24 00:00 in Chile: 31 runs.",
        "as recorded",
        "99% < 6 h",
        "4 h 40 min",  # p95 of 30 runs is the 29th: 28 runs of 10 min before it
        "2304 MiB",
        "Take topology one: it is the smallest that keeps every objective.",
    ):
        assert shown in done.output, done.output


@pytest.mark.usefixtures("morning")
def test_twice_as_many_need_a_copy_and_json_says_the_same() -> None:
    done = advise(*DAY, "--growth", "2", "--json")
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["advice"].startswith("Take topology two with 2 copies of slow: ")
    assert said["window"]["runs"] == 31
    assert said["recorded"]["low"]["runs"] == 30
    one, *_, best = said["layouts"]
    assert (one["topology"], one["broken"], one["worker_hours"]) == ("one", ["low"], 24)
    assert best["workers"] == ["fast", "slow", "slow"]
    assert best["worker_hours"] == 72
    assert best["queues"]["low"]["runs"] == 60
    assert best["queues"]["low"]["objective_kept"] is True
    assert done.output == advise(*DAY, "--growth", "2", "--json").output


BAD = {
    ("--since", "2026-11-24", "--until", "2026-11-23"): "before it begins (2026-11-24 00:00)",
    ("--since", "2036-11-24"): "before it begins (2036-11-24 00:00)",
    ("--since", "yesterday"): "--since 'yesterday' is no date or time",
    ("--until", "9999-12-32"): "--until '9999-12-32' is no date or time",
    ("--days", "2", "--since", "2026-11-24"): "give one of them",
    ("--days", "0"): "--days 0 is no number of days between 0 and 3650",
    ("--days", "nan"): "--days nan is no number",
    ("--growth", "-2"): "--growth -2 is no factor between 0 and 100",
    ("--growth", "0"): "--growth 0 is no factor",
    ("--growth", "inf"): "--growth inf is no factor",
}


@pytest.mark.parametrize(("arguments", "sentence"), BAD.items(), ids=map(" ".join, BAD))
def test_bad_input_is_one_sentence_and_64(arguments: tuple[str, ...], sentence: str) -> None:
    done = advise(*arguments)
    assert done.exit_code == 64
    assert sentence in done.output
    assert len(done.output.strip().splitlines()) == 1


@pytest.mark.usefixtures("morning")
def test_what_the_ledger_does_not_hold_or_cannot_grow_is_one_sentence_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    empty = advise("--since", "2026-11-01", "--until", "2026-11-02")
    assert (empty.exit_code, len(empty.output.strip().splitlines())) == (64, 1)
    assert "holds no run of that window" in empty.output
    monkeypatch.setattr("app.cli.advice_report.MOST_STARTS", 61)
    full = advise(*DAY, "--growth", "2")
    assert (full.exit_code, len(full.output.strip().splitlines())) == (64, 1)
    assert "31 starts of runs times 2 are more than 61" in full.output
