from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import uuid4

import httpx
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.periods import current_period
from app.infrastructure.db.models import Run, SiiCredential
from app.services.document_fan_out import sync_documents_all_companies
from app.services.outbox import Outbox
from tests.unit.api.conftest import Published, new_company, refused


def this_month() -> str:
    return str(current_period(datetime.now(UTC)))


def test_a_sync_is_accepted_and_can_be_followed(
    api: httpx.Client, outbox: Published, session: Session
) -> None:
    company_id = new_company(api)
    answer = api.post(f"/companies/{company_id}/syncs")
    assert answer.status_code == 202
    run = answer.json()
    assert answer.headers["location"] == f"/v1/runs/{run['id']}"
    assert run["task"] == "sii.sync_documents"
    assert run["queue"] == "low"
    assert run["state"] == "queued"
    assert run["company_id"] == company_id
    assert outbox.published == [
        (run["id"], {"company_id": company_id, "months": 1, "month_offset": 0})
    ]
    assert api.get(answer.headers["location"]).json() == run


def test_the_same_request_gives_the_same_run_until_it_ends(
    api: httpx.Client, outbox: Published, session: Session
) -> None:
    path = f"/companies/{new_company(api)}/syncs"
    bodies: list[dict[str, object]] = [{}, {"months": 1}, {"last_period": this_month()}]
    answers = [api.post(path, json=body) for body in bodies]
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(outbox.published) == 1
    session.execute(update(Run).values(state="succeeded", finished_at=datetime.now(UTC)))
    session.commit()
    assert api.post(path).json()["id"] != answers[0].json()["id"]


def test_other_periods_are_another_run(api: httpx.Client, outbox: Published) -> None:
    path = f"/companies/{new_company(api)}/syncs"
    bodies = [
        {},
        {"months": 2},
        {"last_period": "2026-01"},
        {"last_period": "2026-01", "months": 2},
    ]
    assert len({api.post(path, json=body).json()["id"] for body in bodies}) == 4
    current = current_period(datetime.now(UTC))
    offset = (current.year - 2026) * 12 + current.month - 1
    asked = [(kwargs["months"], kwargs["month_offset"]) for _, kwargs in outbox.published]
    assert asked == [(1, 0), (2, 0), (1, offset), (2, offset)]


def test_of_requests_at_once_one_makes_the_run(
    api: httpx.Client, outbox: Published, session: Session
) -> None:
    path = f"/companies/{new_company(api)}/syncs"

    def start(_: int) -> httpx.Response:
        while (answer := api.post(path)).status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            pass  # a busy machine may have kept it from Postgres; the client's part is to repeat
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(start, range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(outbox.published) == 1
    assert len(session.scalars(select(Run)).all()) == 1


def test_the_daily_fan_out_finds_a_run_that_the_api_started(
    api: httpx.Client, outbox: Published, session: Session
) -> None:
    run_id = api.post(f"/companies/{new_company(api)}/syncs").json()["id"]
    result = sync_documents_all_companies(session, Outbox(outbox), run_id=uuid4())
    assert [found["run_id"] for found in result["results"]] == [run_id]
    assert len(outbox.published) == 1


BAD_SYNCS: list[tuple[str, object]] = [
    ("last_period", str(current_period(datetime.now(UTC)).shift(1))),
    ("last_period", "2099-12"),
    ("last_period", "2026-13"),
    ("last_period", "2026-1"),
    ("last_period", "202611"),
    ("last_period", "2017-07"),
    ("last_period", ""),
    ("last_period", 202611),
    ("months", 0),
    ("months", 13),
    ("months", "two"),
    ("months", 1.5),
    ("month", 1),
]


def test_a_bad_value_is_refused_and_makes_no_run(
    api: httpx.Client, outbox: Published, session: Session
) -> None:
    path = f"/companies/{new_company(api)}/syncs"
    for field, value in BAD_SYNCS:
        response = api.post(path, json={field: value})
        refused(response, 422, "invalid_input", field)
        assert outbox.published == []
        assert session.scalars(select(Run)).all() == []


def test_periods_before_the_register_began_are_refused(api: httpx.Client) -> None:
    path = f"/companies/{new_company(api)}/syncs"
    assert api.post(path, json={"last_period": "2017-08"}).status_code == 202
    response = api.post(path, json={"last_period": "2017-09", "months": 3})
    refused(response, 422, "invalid_input", "months")


def test_an_unknown_company_is_not_found(api: httpx.Client, outbox: Published) -> None:
    refused(api.post(f"/companies/{uuid4()}/syncs"), 404, "not_found")
    assert outbox.published == []


def test_a_company_without_a_login_is_told_so(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    session.delete(session.scalars(select(SiiCredential)).one())
    session.commit()
    refused(api.post(f"/companies/{company_id}/syncs"), 422, "credentials_missing")
