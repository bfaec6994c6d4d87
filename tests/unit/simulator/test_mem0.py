"""Mem0's API is strict: what its client would never send is refused, and so is a wrong key."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from simulator.settings import Settings
from tests.unit.simulator.server import running

KEY = "an-invented-key"
NEW = {
    "messages": [{"role": "user", "content": "Toma café."}],
    "user_id": "ana",
    "metadata": {"slug": "coffee"},
    "infer": False,
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(Settings(mem0_api_key=KEY, smtp_host="127.0.0.1", smtp_port=0)) as found:
        yield found


def ask(address: str, method: str, path: str, body: Any = None, key: str = KEY) -> httpx.Response:
    headers = {"Authorization": f"Token {key}"}
    url = f"{address}/mem0{path}"
    return httpx.request(method, url, json=body, headers=headers, verify=False)


@pytest.mark.parametrize("key", ["another", KEY.upper()])
def test_without_the_key_nobody_comes_in(address: str, key: str) -> None:
    for method, path in (("GET", "/v1/ping/"), ("POST", "/v3/memories/add/")):
        assert ask(address, method, path, NEW, key).status_code == 401


def test_an_add_is_promised_and_found_with_its_own_id(address: str) -> None:
    promise = ask(address, "POST", "/v3/memories/add/", NEW).json()
    assert promise["status"] == "PENDING"
    wanted = {"filters": {"AND": [{"user_id": "ana"}, {"metadata": {"slug": "coffee"}}]}}
    (found,) = ask(address, "POST", "/v3/memories/", wanted).json()["results"]
    assert found["id"] != promise["event_id"]
    path = f"/v1/memories/{found['id']}/"
    assert ask(address, "PUT", path, {"text": "Toma té."}).json()["memory"] == "Toma té."
    assert ask(address, "GET", path).json()["metadata"] == {"slug": "coffee"}
    assert ask(address, "DELETE", path).status_code == 200
    assert {ask(address, method, path, {}).status_code for method in ("GET", "PUT", "DELETE")} == {
        404
    }


@pytest.mark.parametrize(
    "change",
    [
        {"infer": True},
        {"user_id": ""},
        {"metadata": "text"},
        {"messages": []},
        {"messages": [{"role": "assistant", "content": "x"}]},
        {"messages": "text"},
        {"unknown": 1},
    ],
)
def test_an_add_that_the_client_would_not_send_is_refused(
    address: str, change: dict[str, Any]
) -> None:
    assert ask(address, "POST", "/v3/memories/add/", NEW | change).status_code in (400, 422)


@pytest.mark.parametrize("filters", [{}, {"AND": []}, {"metadata": {}}, "ana", None])
def test_a_list_of_nobody_is_refused(address: str, filters: Any) -> None:
    assert ask(address, "POST", "/v3/memories/", {"filters": filters}).status_code == 400
