"""Postgres stopped, paused or out of reach: 503 within 2 s and nothing left behind. Redis: 202,
and the run is published when Redis is back.

The API runs as in its container, under gunicorn with the real publisher; the stores are this
module's own, so that nobody else feels it when they stop.
"""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.unit.api.conftest import new_company, refused
from tests.unit.api.outages import (
    Api,
    Stores,
    black_hole,
    outage,
    own_stores,
    reconcile,
    running_api,
)
from tests.waiting import wait_until

BOUND = 2.0  # s: what the issue allows a start


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    with own_stores() as stores:
        yield stores


@pytest.fixture(scope="module")
def shared_api(stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    log_path = tmp_path_factory.mktemp("api") / "api.log"
    with running_api(stores.database_url, stores.redis_url, log_path) as api:
        yield api


@pytest.fixture
def api(shared_api: Api, stores: Stores) -> Api:
    """The module's API, with empty stores that answer."""
    stores.forget()
    wait_until(lambda: shared_api.client.get("/health/ready").status_code == 200)
    return shared_api


def bound_of_a_burst(api: Api, company_id: str) -> float:
    """Returns how long an answer of a burst may take: longer where the same takes long in peace."""
    return BOUND + max(seconds for _, seconds in api.burst(company_id))


def ready_says(api: Api, name: str) -> None:
    response = api.client.get("/health/ready")
    refused(response, 503, "not_ready")
    assert response.json()["detail"] == f"{name.capitalize()} does not answer."


@pytest.mark.parametrize("kind", ["stopped", "paused"])
def test_a_start_without_redis_is_accepted_in_time_and_published_once_later(
    api: Api, stores: Stores, kind: str
) -> None:
    company_id = new_company(api.client, database_url=stores.database_url)
    before, _ = api.start_sync(company_id)
    assert before.status_code == 202
    assert stores.messages() == 1
    bound = bound_of_a_burst(api, company_id)  # and pooled connections are open, as in real life
    other = new_company(api.client, "70000000-1", stores.database_url)
    threads = api.threads()

    with outage(stores, "redis", kind):
        one_by_one = [api.start_sync(other) for _ in range(3)]
        ready_says(api, "redis")
        burst = api.burst(other)
        most_threads = api.threads()
        assert api.client.get("/health/live").status_code == 200

    assert {response.status_code for response, _ in one_by_one} == {202}
    assert max(seconds for _, seconds in one_by_one) < BOUND
    accepted = [response for response, _ in burst if response.status_code == 202]
    # A busy machine may be too late for some of 20 at once, which are then refused as always.
    assert len(accepted) >= len(burst) / 2
    assert {response.status_code for response, _ in burst} <= {202, 503}
    ids = {response.json()["id"] for response in accepted + [one for one, _ in one_by_one]}
    assert len(ids) == 1
    assert max(seconds for _, seconds in burst) < bound
    assert most_threads <= threads + 16
    wait_until(lambda: api.client.get("/health/ready").status_code == 200, 60)
    wait_until(lambda: api.threads() <= threads, 60, "the end of what had hung")
    assert len(stores.rows()) == 2
    reconcile(stores)
    assert stores.messages() == 2
    assert reconcile(stores) == {"expired": 0, "republished": 0, "onboarded": 0}
    assert stores.messages() == 2


@pytest.mark.parametrize("kind", ["stopped", "paused"])
def test_a_start_without_postgres_is_refused_in_time_and_leaves_nothing(
    api: Api, stores: Stores, kind: str
) -> None:
    company_id = new_company(api.client, database_url=stores.database_url)
    before, _ = api.start_sync(company_id)
    assert before.status_code == 202
    bound = bound_of_a_burst(api, company_id)
    other = new_company(api.client, "70000000-1", stores.database_url)
    stores_before = stores.rows(), stores.messages()
    threads = api.threads()

    with outage(stores, "postgres", kind):
        one_by_one = [api.start_sync(other) for _ in range(3)]
        ready_says(api, "postgres")
        burst = api.burst(other)
        most_threads = api.threads()
        assert api.client.get("/health/live").status_code == 200

    for response, _ in one_by_one + burst:
        refused(response, 503, "database_unavailable")
        assert response.headers["retry-after"].isdecimal()
    assert max(seconds for _, seconds in one_by_one) < BOUND
    assert max(seconds for _, seconds in burst) < bound
    assert most_threads <= threads + 16
    wait_until(lambda: api.client.get("/health/ready").status_code == 200, 60)
    wait_until(lambda: api.threads() <= threads, 60, "the end of what had hung")
    assert (stores.rows(), stores.messages()) == stores_before
    after, _ = api.start_sync(other)
    assert after.status_code == 202
    assert stores.messages() == stores_before[1] + 1


@pytest.mark.parametrize("name", ["redis", "postgres"])
def test_an_outage_in_the_middle_of_starts_loses_and_doubles_nothing(
    api: Api, stores: Stores, name: str
) -> None:
    companies = [
        new_company(api.client, rut, stores.database_url) for rut in ("77123456-9", "70000000-1")
    ]
    bodies = [
        {"months": months, "last_period": f"{year}-06"}
        for months in range(1, 13)
        for year in range(2019, 2026)
    ]
    requests = [(company_id, body) for company_id in companies for body in bodies]

    def start(request: tuple[str, dict[str, object]]) -> httpx.Response:
        begun = time.monotonic()
        response = api.client.post(f"/companies/{request[0]}/syncs", json=request[1])
        assert time.monotonic() - begun < BOUND
        return response

    threads = api.threads()
    with ThreadPoolExecutor(4) as pool, ExitStack() as outages:
        answers = pool.map(start, requests)
        first = [next(answers) for _ in range(20)]
        outages.enter_context(outage(stores, name, "paused"))
        rest = list(answers)
    assert {response.status_code for response in first} == {202}
    assert {response.status_code for response in rest} <= {"redis": {202}}.get(name, {202, 503})
    assert name == "redis" or 503 in {response.status_code for response in rest}

    wait_until(lambda: api.client.get("/health/ready").status_code == 200, 60)
    wait_until(lambda: api.threads() <= threads + 1, 60, "the end of what had hung")
    accepted = {answer.json()["id"] for answer in first + rest if answer.status_code == 202}
    rows = stores.rows()
    assert accepted <= rows
    # A COMMIT that was on its way when Postgres stopped may count although its answer never came:
    # who asks again is given that run, never a second one.
    refused_requests = [
        request
        for request, answer in zip(requests, first + rest, strict=True)
        if answer.status_code == 503
    ]
    assert rows - accepted <= {start(request).json()["id"] for request in refused_requests}
    assert len(stores.rows()) == len(requests)
    reconcile(stores)
    assert stores.message_ids() == stores.rows()


def test_a_postgres_out_of_reach_is_noticed_in_time(stores: Stores, tmp_path: Path) -> None:
    """Packets to it are dropped: nobody accepts, nobody refuses."""
    with (
        black_hole() as port,
        running_api(
            f"postgresql://u:p@127.0.0.1:{port}/0", stores.redis_url, tmp_path / "api.log"
        ) as api,
    ):
        for _ in range(3):
            response, seconds = api.start_sync(str(uuid4()))
            refused(response, 503, "database_unavailable")
            assert seconds < BOUND


def test_a_redis_out_of_reach_keeps_no_start_waiting(stores: Stores, tmp_path: Path) -> None:
    stores.forget()
    with (
        black_hole() as port,
        running_api(
            stores.database_url, f"redis://127.0.0.1:{port}/0", tmp_path / "api.log"
        ) as api,
    ):
        company_id = new_company(api.client, database_url=stores.database_url)
        for _ in range(3):
            response, seconds = api.start_sync(company_id)
            assert response.status_code == 202
            assert seconds < BOUND
