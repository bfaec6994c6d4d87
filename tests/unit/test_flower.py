"""Flower as it is shipped: a real process on a real Redis, asked over HTTP."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from flower.urls import handlers

from app.infrastructure.basic_auth import is_authorised
from tests.ports import free_port
from tests.processes import running
from tests.waiting import wait_until

PASSWORD = "only-for-this-test"
ACCOUNT = ("ana", PASSWORD)


def addresses() -> list[str]:
    """Returns an address for each pattern that this version of Flower serves, and a few more."""
    patterns = [h[0] if isinstance(h, tuple) else h.regex.pattern for h in handlers]
    paths = [re.sub(r"\(\.[+*]\)|\.\*|/\?|\$", "", pattern) for pattern in patterns]
    own = ["/flower" + path for path in paths if path != "/healthcheck"]
    return [*own, "/", "/flower", "/metrics", "/healthcheck", "/flower/static/css/flower.css"]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flower") / "flower.log"


@pytest.fixture(scope="module")
def flower(redis_server: str, log: Path) -> Iterator[httpx.Client]:
    """Yields a client of a running Flower, without credentials."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "REDIS_URL": redis_server,
        "FLOWER_BASIC_AUTH": f"eva:another,{':'.join(ACCOUNT)}",
        "FLOWER_PORT": str(port),
        "FLOWER_URL_PREFIX": "flower",
        "FLOWER_READ_ONLY": "true",
    }
    command = [sys.executable, "-m", "app.infrastructure.celery.flower"]
    with (
        running(command, log, env) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        wait_until(lambda: answers(client, process), timeout=60, what="Flower's health check")
        yield client


def answers(client: httpx.Client, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "Flower ended"
    try:
        return client.get("/flower/healthcheck").status_code == 200
    except httpx.TransportError:
        return False


def test_the_health_check_is_open_to_anyone(flower: httpx.Client) -> None:
    assert flower.get("/flower/healthcheck").text == "OK"


@pytest.mark.parametrize("path", addresses())
def test_every_other_address_asks_for_the_password(flower: httpx.Client, path: str) -> None:
    answer = flower.get(path)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "HEAD", "PUT", "DELETE"])
def test_no_method_gets_around_the_password(flower: httpx.Client, method: str) -> None:
    assert flower.request(method, "/flower/api/worker/shutdown/fast").status_code == 401


@pytest.mark.parametrize("path", ["/flower/", "/flower/tasks", "/flower/api/workers"])
def test_an_account_sees_the_pages(flower: httpx.Client, path: str) -> None:
    assert flower.get(path, auth=ACCOUNT).status_code == 200


def test_an_account_reads_the_metrics(flower: httpx.Client) -> None:
    answer = flower.get("/flower/metrics", auth=ACCOUNT)

    assert answer.status_code == 200
    assert "# TYPE flower_events" in answer.text


def test_the_address_without_a_slash_leads_to_the_pages(flower: httpx.Client) -> None:
    answer = flower.get("/flower", auth=ACCOUNT)

    assert (answer.status_code, answer.headers["Location"]) == (302, "/flower/")


def test_an_account_only_looks_where_flower_is_read_only(flower: httpx.Client) -> None:
    answer = flower.post("/flower/api/worker/shutdown/fast", auth=ACCOUNT)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic %%%",
        "Bearer YW5hOm9ubHktZm9yLXRoaXMtdGVzdA==",
        "Basic YW5h",
        "Basic YW5hOm9ubHktZm9yLXRoaXMtdGVzdAo=",  # the right one and a line feed
        "Basic w7E6w7E=",  # ñ:ñ
        "Basic //79",  # no UTF-8
    ],
)
def test_other_credentials_are_refused(flower: httpx.Client, header: str) -> None:
    answer = flower.get("/flower/", headers={"Authorization": header})

    assert answer.status_code == 401


def test_the_log_is_json_and_tells_no_password(flower: httpx.Client, log: Path) -> None:
    flower.get("/flower/", auth=ACCOUNT)
    flower.get("/flower/", auth=("ana", "wrong"))

    lines = log.read_text().splitlines()

    assert lines
    assert all(json.loads(line)["level"] for line in lines)
    assert PASSWORD not in log.read_text()


def test_without_an_account_nobody_gets_in() -> None:
    assert not is_authorised("Basic YW5hOnB3", ())
    assert is_authorised("Basic YW5hOnB3", ["ana:pw"])
