"""A desk on a fresh database, and a clock that only the test moves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from app.infrastructure.db.session import get_session_factory
from app.services import notifications
from tests.unit.notifications.desk import Desk

Process = Callable[..., dict[str, int]]


class Clock:
    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **step: float) -> None:
        self.at += timedelta(**step)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(database_url: str) -> Desk:
    desk = Desk(get_session_factory())
    desk.template()
    return desk


@pytest.fixture
def process(desk: Desk, clock: Clock) -> Process:
    """Runs the use case once over the given channels, as a run of its own."""

    def run(*channels: Any, **options: Any) -> dict[str, int]:
        return notifications.process_pending(
            desk.sessions,
            {channel.name: channel for channel in channels},
            **({"run_id": uuid4(), "now": clock} | options),
        )

    return run
