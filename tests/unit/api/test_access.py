"""Keys, problems for what FastAPI refuses by itself, health, and request ids."""

import asyncio

import httpx
import pytest
from fastapi import FastAPI

from app.api.gate import LARGEST_BODY
from app.errors import ConfigurationError
from app.settings import get_settings
from tests.unit.api.conftest import KEY, refused, serving

WRONG_KEYS = [None, "", "a-key-for-test", "a-key-for-tests2", f"another-key, {KEY}"]


def test_without_a_valid_key_nothing_is_answered(url: str) -> None:
    for key in WRONG_KEYS:
        headers = {} if key is None else {"X-API-Key": key}
        for method, path in (
            ("GET", "/companies"),
            ("POST", "/companies"),
            ("GET", "/no-such-page"),
        ):
            response = httpx.request(method, url + path, headers=headers, content=b"{not json")
            refused(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"].startswith("ApiKey")


def test_each_of_the_keys_opens(url: str) -> None:
    for key in (KEY, "another-key"):
        assert httpx.get(f"{url}/companies", headers={"X-API-Key": key}).status_code == 200


def test_a_key_that_is_no_ascii_is_refused_like_any_other(url: str) -> None:
    refused(httpx.get(f"{url}/runs", headers={"X-API-Key": "ñ".encode()}), 401, "unauthenticated")


OPEN = ["/health/live", "/health/ready", "/docs", "/openapi.json"]


def test_health_and_documentation_need_no_key(url: str) -> None:
    for path in OPEN:
        assert httpx.get(url + path).status_code == 200


def test_an_unknown_path_and_a_wrong_method_are_problems(api: httpx.Client) -> None:
    refused(api.get("/no-such-page"), 404, "not_found")
    response = api.delete("/companies")
    refused(response, 405, "method_not_allowed")
    assert response.headers["allow"]


BODIES = [b"{", b"\xff\xfe", b'"text"', b"[]", b"null", b""]


def test_a_body_that_is_no_object_is_refused(api: httpx.Client) -> None:
    for body in BODIES:
        response = api.post(
            "/companies", content=body, headers={"Content-Type": "application/json"}
        )
        refused(response, 422, "invalid_input", "body")


def test_a_large_body_is_refused_before_it_is_read(api: httpx.Client) -> None:
    refused(api.post("/companies", content=b"x" * (LARGEST_BODY + 1)), 413, "body_too_large")
    refused(api.post("/companies", content=iter([b"{}"])), 413, "body_too_large")


def test_a_defect_shows_nothing_of_the_inside(
    app: FastAPI,
) -> None:
    @app.get("/defect")
    async def defect() -> None:
        raise RuntimeError("a detail of the inside")

    with serving(app) as url:
        response = httpx.get(f"{url}/defect", headers={"X-API-Key": KEY, "X-Request-ID": "mine-1"})
    refused(response, 500, "internal_error")
    assert "inside" not in response.text
    assert response.headers["x-request-id"] == "mine-1"


def test_a_request_id_is_kept_where_it_is_harmless(api: httpx.Client) -> None:
    def answered(given: str) -> str:
        return api.get("/companies", headers={"X-Request-ID": given}).headers["x-request-id"]

    assert answered("trace-7.a_B") == "trace-7.a_B"
    assert answered("x" * 65) != "x" * 65
    assert answered('a"b') != 'a"b'


def test_without_a_key_to_check_the_api_does_not_start(
    app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def start() -> None:
        async with app.router.lifespan_context(app):
            pytest.fail("it started")

    monkeypatch.setenv("API_KEYS", " , ")
    get_settings.cache_clear()
    with pytest.raises(ConfigurationError, match="API_KEYS holds no key"):
        asyncio.run(start())
