"""Fetches the PDFs of F29 that are missing, a few at a time."""

import math
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.domain.f29 import F29Pdf
from app.domain.periods import Period
from app.errors import InvalidInput, OutOfTime, PdfUnusable, UnexpectedAnswer
from app.infrastructure.db.models import F29Form
from app.services.attempts import Attempt
from app.services.companies import find_company
from app.services.f29_store import is_due, store_failure, store_pdf
from app.services.f29_sync import company_uuid
from app.services.pdf_storage import IN_POSTGRES, PdfStores
from app.services.runs import Progress
from app.services.sii_logins import Decrypter, Login, entered, turn_of

MOST_PER_RUN = 100


class FormsSession(Protocol):
    """SII's forms, opened by a login."""

    def download(self, company_rut: str, *, folio: int, cod_int: int, period: Period) -> F29Pdf:
        """Returns a return's PDF, checked. Raises PdfUnusable and SII's errors."""


class FormsPortal(Protocol):
    """The way to SII's forms."""

    def open_f29_forms(self, login_rut: str, clave: str) -> AbstractContextManager[FormsSession]:
        """Logs in, exactly once, and out at the end. Raises SII's errors."""


@dataclass
class _Fetch:
    sessions: sessionmaker[Session]
    attempt: Attempt
    login: Login
    pdfs: PdfStores
    now: datetime


def sync_f29_pdfs_missing(
    sessions: sessionmaker[Session],
    portal: FormsPortal,
    cipher: Decrypter,
    *,
    attempt: Attempt,
    company_id: UUID | str,
    max_per_company: int = 10,
    progress: Progress,
    pdfs: PdfStores = IN_POSTGRES,
    deadline: float = math.inf,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Fetches at most `max_per_company` PDFs that are due at `now` into the store that `pdfs`
    chooses, each in its own commit.

    One that is not what it should be is noted and tried again after a growing pause, five times
    at most. `total_pending` counts what was due at the start; the other counts are this
    attempt's. Without anything due nobody logs in.

    Raises RunTakenOver, InvalidInput, NotFound, the credential's errors, LoginBusy, SII's errors
    that are not about one form, the errors of the store of PDFs, and OutOfTime.
    """
    company, now = company_uuid(company_id), now or datetime.now(UTC)
    check_most(max_per_company)
    with sessions() as session:
        find_company(session, company)
        pending = count_due(session, company, now)
    errors: list[dict[str, Any]] = []
    done = 0
    if pending:
        with turn_of(sessions, company) as login:
            forms = _due(sessions, company, now, max_per_company)
            fetch = _Fetch(sessions, attempt, login, pdfs, now)
            progress(0, len(forms), "login")
            with entered(sessions, cipher, login, portal.open_f29_forms) as door:
                for done, form in enumerate(forms, 1):
                    if time.monotonic() > deadline:
                        raise OutOfTime
                    errors += _fetch(fetch, door, form)
                    progress(done, len(forms), f"folio {form.folio}")
    return {
        "company_id": str(company),
        "session_id": None,  # sessions have no ids here
        "total_pending": pending,
        "downloaded": done - len(errors),
        "failed": len(errors),
        "errors": errors,
    }


def check_most(max_per_company: int) -> None:
    """Raises InvalidInput unless 1 <= `max_per_company` <= MOST_PER_RUN."""
    if not 1 <= max_per_company <= MOST_PER_RUN:
        raise InvalidInput(f"max_per_company has to be 1 to {MOST_PER_RUN}.", "max_per_company")


def count_due(session: Session, company_id: UUID, now: datetime) -> int:
    """Returns how many PDFs of a company are due at `now`."""
    statement = select(func.count()).where(F29Form.company_id == company_id, is_due(now))
    return session.scalar(statement) or 0


def _due(
    sessions: sessionmaker[Session], company_id: UUID, now: datetime, most: int
) -> Sequence[F29Form]:
    """Returns the newest forms whose PDF is due."""
    statement = select(F29Form).where(F29Form.company_id == company_id, is_due(now))
    newest = (F29Form.year.desc(), F29Form.month.desc(), F29Form.folio.desc())
    with sessions() as session:
        return session.scalars(statement.order_by(*newest).limit(most)).all()


def _fetch(fetch: _Fetch, door: FormsSession, form: F29Form) -> list[dict[str, Any]]:
    """Fetches and stores one PDF. Returns what went wrong with it, if anything."""
    period, cod_int = Period(form.year, form.month), form.cod_int or 0
    try:
        pdf = door.download(
            fetch.login.company_rut, folio=form.folio, cod_int=cod_int, period=period
        )
    except (PdfUnusable, UnexpectedAnswer) as error:
        with fetch.sessions.begin() as transaction:
            fetch.attempt.hold(transaction)
            store_failure(transaction, form.id, error, fetch.now)
        return [{"folio": form.folio, "code": error.code, "message": error.message}]
    # Before the row, and in no transaction: a network may take its time, and an object without a
    # row harms nobody, while a row without its object is a PDF that is lost.
    place = fetch.pdfs.put(form.company_id, form.folio, pdf)
    with fetch.sessions.begin() as transaction:
        fetch.attempt.hold(transaction)
        store_pdf(transaction, form.id, pdf, place)
    return []
