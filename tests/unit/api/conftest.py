"""The API over real HTTP, on a real database; only the queue is a list where a test says so."""

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import uvicorn
from cryptography.fernet import Fernet
from fastapi import FastAPI
from sqlalchemy.orm import Session

from app.domain.periods import day_in_chile
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Run
from app.infrastructure.db.schema import libpq_url
from app.infrastructure.db.session import get_session_factory
from app.main import create_app
from app.settings import get_settings
from tests.unit.calendar.almanac import Almanac
from tests.waiting import wait_until

KEY = "a-key-for-tests"


class Published:
    """A publisher that keeps what it was given."""

    def __init__(self) -> None:
        self.published: list[tuple[str, dict[str, Any]]] = []

    def queue_of(self, task: str) -> str:
        return "low"

    def publish(self, run: Run) -> None:
        self.published.append((str(run.id), run.kwargs or {}))


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Yields the URL of `app`, served by uvicorn on a free port."""
    server = uvicorn.Server(
        uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started or not thread.is_alive(), what="uvicorn's start")
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def _own_logging() -> Iterator[None]:
    """The app turns the root logger to JSON at its start; give pytest its own back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> str:
    """Sets API_KEYS to two keys, and returns a fresh SECRET_KEYS."""
    secret = Fernet.generate_key().decode()
    monkeypatch.setenv("API_KEYS", f"another-key, {KEY}")
    monkeypatch.setenv("SECRET_KEYS", secret)
    get_settings.cache_clear()
    return secret


@pytest.fixture
def cipher(keys: str) -> Cipher:
    return Cipher([keys])


@pytest.fixture
def outbox() -> Published:
    return Published()


@pytest.fixture
def app(
    database_url: str, redis_url: str, cipher: Cipher, outbox: Published, _own_logging: None
) -> FastAPI:
    return create_app(publisher=lambda: outbox, cipher=lambda: cipher)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[StringIO]:
    """What the app writes to its log once it has started; kept for tests/log_scan.py."""
    log = StringIO()
    yield log
    (tmp_path / "api.log").write_text(log.getvalue())


@pytest.fixture
def url(app: FastAPI, log: StringIO) -> Iterator[str]:
    with serving(app) as url:
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
                handler.setStream(log)  # pytest closes the stream of each phase
        yield url


@pytest.fixture
def api(url: str) -> Iterator[httpx.Client]:
    """A client with a valid key."""
    with httpx.Client(base_url=url, headers={"X-API-Key": KEY}, timeout=10) as client:
        yield client


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    with get_session_factory()() as session:
        yield session


@pytest.fixture
def almanac(database_url: str) -> Almanac:
    return Almanac(get_session_factory())


@pytest.fixture
def company(almanac: Almanac) -> UUID:
    """A company with employees, and its calendar of today."""
    company = almanac.company(has_employees=True)
    almanac.sync(company, day_in_chile(datetime.now(UTC)))
    return company


def new_company(
    api: httpx.Client, rut: str = "77.123.456-9", database_url: str | None = None
) -> str:
    """Adds a company with a credential whose onboarding has not begun; returns its id."""
    body = {"rut": rut, "business_name": "Panadería Las Nieves SpA"}
    company = api.post("/companies", json=body).raise_for_status().json()
    url = database_url or get_settings().require("database_url")
    with psycopg.connect(libpq_url(url)) as connection:  # putting it would start a run
        connection.execute(
            "INSERT INTO sii_credentials (company_id, login_rut, secret) VALUES (%s, %s, 'x')",
            [company["id"], company["rut"]],
        )
    return str(company["id"])


def refused(response: httpx.Response, status: int, code: str, field: str | None = None) -> None:
    """Asserts that `response` is a complete problem; with `field`, that it names it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    body = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"urn:fiscal:problem:{code}"
    assert body["title"]
    assert body["detail"]
    assert [error["field"] for error in body["errors"]] == ([field] if field else [])
