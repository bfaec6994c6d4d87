"""Who may ask, and what is answered."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import own_database
from tests.unit.metrics.ledger import record
from tests.unit.metrics.role import ACCOUNT, Role, running_role


@pytest.fixture(scope="module")
def role(
    postgres_server: str, migrated: str, redis_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Role]:
    directory: Path = tmp_path_factory.mktemp("metrics")
    with (
        own_database(postgres_server, migrated) as database_url,
        running_role(database_url, redis_server, directory) as role,
    ):
        yield role


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/", "/workers/slow", "/favicon.ico"])
@pytest.mark.parametrize("auth", [None, ("ana", "wrong"), ("", "")])
def test_every_address_but_one_asks_for_the_password(
    role: Role, path: str, auth: tuple[str, str] | None
) -> None:
    answer = role.client.get(path, auth=auth)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "HEAD", "PUT", "DELETE"])
def test_no_method_gets_around_the_password(role: Role, method: str) -> None:
    assert role.client.request(method, "/metrics").status_code == 401


def test_the_health_check_is_open_to_anyone(role: Role) -> None:
    assert role.client.get("/health").json() == {"status": "ok"}


def test_a_scrape_shows_both_stores_and_the_role_itself(role: Role) -> None:
    record()
    found = role.scrape()
    assert (found["fiscal_redis_up"][()], found["fiscal_postgres_up"][()]) == (1, 1), role.log
    assert found["fiscal_runs_finished_total"]
    assert found["process_resident_memory_bytes"][()] > 0
    assert role.own_memory() < 70


def test_a_worker_s_load_is_json(role: Role) -> None:
    answer = role.client.get("/workers/slow", auth=ACCOUNT)
    assert answer.json() == {
        "worker": "slow", "queues": ["low"], "waiting": 0, "running": 0, "runs": 0,
    }  # fmt: skip
    answer = role.client.get("/workers/night", params={"queues": "high,default"}, auth=ACCOUNT)
    assert answer.json()["queues"] == ["high", "default"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/workers/night", 404, "No worker night lives"),
        ("/workers/", 404, "No worker"),
        ("/workers/slow?queues=hihg", 400, "There is no queue hihg"),
        ("/else", 404, "GET /metrics or /workers/NAME."),
    ],
)
def test_a_wrong_question_is_told_so(role: Role, path: str, status: int, said: str) -> None:
    answer = role.client.get(path, auth=ACCOUNT)
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(said)
