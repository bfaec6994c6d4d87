"""Brings a company's F29 of a year into step with SII's list."""

import math
import time
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy.orm import Session, sessionmaker

from app.domain.f29 import F29Listed
from app.domain.periods import current_period
from app.errors import InvalidInput, OutOfTime
from app.infrastructure.db.models import Run
from app.services.attempts import Attempt
from app.services.f29_store import known_cod_ints, store_listed
from app.services.runs import Progress
from app.services.sii_logins import Decrypter, entered, turn_of

FIRST_YEAR = 2005  # older returns are on paper


class ListSession(Protocol):
    """SII's list of F29, opened by a login."""

    def read_year(
        self, company_rut: str, year: int, known: Collection[int] = ()
    ) -> Iterator[F29Listed]:
        """Yields the returns of a year; those in `known` without codInt. Raises SII's errors."""


class ListPortal(Protocol):
    """The way to SII's list of F29."""

    def open_f29_list(self, login_rut: str, clave: str) -> AbstractContextManager[ListSession]:
        """Logs in, exactly once, and out at the end. Raises SII's errors."""


def sync_f29(
    sessions: sessionmaker[Session],
    portal: ListPortal,
    cipher: Decrypter,
    *,
    attempt: Attempt,
    company_id: UUID | str,
    year: int | None = None,
    progress: Progress,
    deadline: float = math.inf,
) -> dict[str, Any]:
    """Syncs the returns of a year's periods, each in a commit of its own.

    `year` None is that of the month that was to be declared when the run was asked for. A later
    attempt asks for no codInt that an earlier one has stored. After `deadline`, a value of
    time.monotonic(), no further return is read. The counts are this attempt's.

    Raises RunTakenOver, InvalidInput, NotFound, the credential's errors, LoginBusy, SII's errors
    and OutOfTime.
    """
    company = company_uuid(company_id)
    with sessions() as session:
        chosen = check_year(year, _asked_at(session, attempt.run_id))
        known = known_cod_ints(session, company)
    counts: dict[str | None, int] = {"new": 0, "updated": 0, None: 0}
    with turn_of(sessions, company) as login:
        progress(0, 1, "login")
        with entered(sessions, cipher, login, portal.open_f29_list) as listing:
            for listed in listing.read_year(login.company_rut, chosen, known):
                with sessions.begin() as transaction:
                    change = store_listed(transaction, company, listed)
                    attempt.hold(transaction, is_progress=change is not None)
                    counts[change] += 1
                if time.monotonic() > deadline:
                    raise OutOfTime
                progress(0, 1, f"{listed.period} folio {listed.folio}")
    progress(1, 1, "done")
    return _result(company, chosen, counts)


def company_uuid(value: UUID | str) -> UUID:
    """Returns a company's id. Raises InvalidInput."""
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except ValueError:
        raise InvalidInput("company_id is no UUID.", "company_id") from None


def check_year(year: int | None, now: datetime) -> int:
    """Returns the year that is meant at `now`. Raises InvalidInput.

    In January the month to declare is December, so the default is the year before.
    """
    current = current_period(now)
    if year is None:
        return current.shift(-1).year
    if not FIRST_YEAR <= year <= current.year:
        raise InvalidInput(f"year has to be {FIRST_YEAR} to {current.year}.", "year")
    return year


def _asked_at(session: Session, run_id: UUID) -> datetime:
    """Returns when the run was asked for: an attempt after New Year must mean the same year."""
    run = session.get(Run, run_id)
    return datetime.now(UTC) if run is None else run.queued_at


def _result(company: UUID, year: int, counts: dict[str | None, int]) -> dict[str, Any]:
    total = sum(counts.values())
    return {
        "company_id": str(company),
        "session_id": None,  # sessions have no ids here
        "year": year,
        "forms_synced": total,
        "new": counts["new"],
        "updated": counts["updated"],
        "message": f"{total} F29 of {year} are in step with SII.",
    }
