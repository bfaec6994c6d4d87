from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import httpx
from sqlalchemy.orm import Session

from app.api.schemas.runs import QueueName
from app.infrastructure.celery.topology import QUEUES
from app.infrastructure.db.models import Run
from tests.unit.api.conftest import refused

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def add_run(session: Session, minutes: int = 0, **columns: Any) -> str:
    run = Run(
        id=uuid4(),
        **{"task": "sii.sync_documents", "queued_at": NOON + timedelta(minutes=minutes)} | columns,
    )
    session.add(run)
    session.commit()
    return str(run.id)


def walk(api: httpx.Client, path: str, **params: Any) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        page = api.get(path, params=params | ({"cursor": cursor} if cursor else {})).json()
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def test_a_run_shows_its_progress(api: httpx.Client, session: Session) -> None:
    progress = {"done": 3, "total": 8, "detail": "2026-10 sale"}
    run_id = add_run(
        session, state="running", attempts=1, queue="low", worker="slow@a1",
        progress=progress, started_at=NOON,
    )  # fmt: skip
    run = api.get(f"/runs/{run_id}").json()
    assert run["progress"] == progress
    assert run["state"] == "running"
    assert run["worker"] == "slow@a1"
    assert run["queued_at"] == "2026-11-23T12:00:00Z"
    assert run["error"] is None


def test_a_failed_run_shows_its_error(api: httpx.Client, session: Session) -> None:
    run_id = add_run(
        session, state="failed", error_code="invalid_credentials", error_kind="permanent",
        error_message="SII refused the clave.", finished_at=NOON,
    )  # fmt: skip
    assert api.get(f"/runs/{run_id}").json()["error"] == {
        "code": "invalid_credentials",
        "kind": "permanent",
        "message": "SII refused the clave.",
    }


def test_an_unknown_run_is_not_found(api: httpx.Client) -> None:
    refused(api.get(f"/runs/{uuid4()}"), 404, "not_found")
    refused(api.get("/runs/seven"), 422, "invalid_input", "run_id")


def test_pages_show_every_run_once_newest_first(api: httpx.Client, session: Session) -> None:
    # Three at the same moment: the id decides between them.
    made = [add_run(session, minute) for minute in (0, 1, 1, 1, 2, 3)]
    shown = [run["id"] for run in walk(api, "/runs", limit=2)]
    assert sorted(shown) == sorted(made)
    same_moment = sorted(made[1:4], key=UUID, reverse=True)
    assert shown == [made[5], made[4], *same_moment, made[0]]


def test_runs_that_come_while_pages_are_read_shift_nothing(
    api: httpx.Client, session: Session
) -> None:
    made = [add_run(session, minute) for minute in range(4)]
    first = api.get("/runs", params={"limit": 2}).json()
    add_run(session, 10)
    rest = api.get("/runs", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    shown = [run["id"] for run in first["items"] + rest["items"]]
    assert shown == made[::-1]


def test_runs_are_filtered(api: httpx.Client, session: Session) -> None:
    company = uuid4()
    of_company = add_run(session, company_id=company)
    failed = add_run(session, 1, state="failed")
    probe = add_run(session, 2, task="system.probe")
    low = add_run(session, 3, queue="low")

    def found(**params: str) -> list[str]:
        return [run["id"] for run in walk(api, "/runs", **params)]

    assert found(company_id=str(company)) == [of_company]
    assert found(state="failed") == [failed]
    assert found(task="system.probe") == [probe]
    assert found(queue="low") == [low]
    assert found(queue="low", state="failed") == []
    assert found(company_id=str(uuid4())) == []


BAD_FILTERS = [
    ("state", "done"),
    ("task", "a\x00b"),
    ("queue", "medium"),
    ("queue", ""),
    ("company_id", "seven"),
    ("cursor", "x"),
    ("cursor", "bm9uc2Vuc2U"),
    ("cursor", "W10"),
    ("cursor", "eyJhIjoxfQ"),
    ("cursor", "WyIyMDI2LTExLTIzVDEyOjAwOjAwIiwiYSJd"),
    ("cursor", "ñ"),
    ("cursor", "x" * 201),
]


def test_an_unknown_queue_is_told_which_there_are(api: httpx.Client) -> None:
    assert get_args(QueueName) == tuple(QUEUES)
    detail = api.get("/v1/runs", params={"queue": "medium"}).json()["detail"]
    assert detail == "queue: Input should be 'high', 'default' or 'low'"


def test_a_bad_filter_is_refused_and_named(api: httpx.Client) -> None:
    for field, value in BAD_FILTERS:
        refused(api.get("/runs", params={field: value}), 422, "invalid_input", field)
