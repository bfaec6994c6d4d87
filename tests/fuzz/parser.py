"""What a parser is to the campaign."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from app.domain.periods import Period

PERIOD = Period(2026, 11)


@dataclass(frozen=True)
class Place:
    """Where an accepted input is stored."""

    session: Session
    run_id: UUID
    company_id: UUID


@dataclass(frozen=True)
class Parser:
    """`make` returns an input, `parse` reads it or raises, `store` keeps what was read."""

    name: str
    make: Callable[[Random], Any]
    parse: Callable[[Any], Any]
    store: Callable[[Place, Any], object]
