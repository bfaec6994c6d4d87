"""A portal in memory with F29: a list, PDFs, and failures as it is told."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.domain.f29 import F29Listed, F29Pdf
from app.domain.periods import Period
from app.infrastructure.db.models import F29Form, F29PdfFile
from app.services.attempts import Attempt
from app.services.f29_pdfs import sync_f29_pdfs_missing
from app.services.f29_sync import sync_f29
from tests.unit.sii.books import Books

RUT = "76000001-9"


def listed(folio: int, month: int = 1, **changes: Any) -> F29Listed:
    """Returns a return of 2026."""
    values = {
        "folio": folio,
        "period": Period(2026, month),
        "rut": RUT,
        "submitted_on": date(2026, month, 12),
        "status_raw": "Vigente",
    }
    return F29Listed(**values | changes)


@dataclass
class Forms:
    """Lists `returns`; an Exception among them is raised in its turn. `pdfs` gives what a folio's
    PDF is, an error or the codes of a good one; without an entry it is a good one."""

    returns: list[F29Listed | Exception] = field(default_factory=list)
    pdfs: dict[int, Exception | dict[str, int]] = field(default_factory=dict)
    refusal: Exception | None = None
    logins: int = 0
    logouts: int = 0
    opened: list[int] = field(default_factory=list)  # folios whose codInt was asked for
    downloads: list[int] = field(default_factory=list)
    on_each: Any = str  # called with each folio before its PDF

    @contextmanager
    def open_f29_list(self, login_rut: str, clave: str) -> Iterator["Forms"]:
        self.logins += 1
        if self.refusal:
            raise self.refusal
        try:
            yield self
        finally:
            self.logouts += 1

    open_f29_forms = open_f29_list

    def read_year(
        self, company_rut: str, year: int, known: Collection[int] = ()
    ) -> Iterator[F29Listed]:
        for one in self.returns:
            if isinstance(one, Exception):
                raise one
            if one.folio in known:
                yield one
            else:
                self.opened.append(one.folio)
                yield replace(one, cod_int=one.folio % 1000)

    def download(self, company_rut: str, *, folio: int, cod_int: int, period: Period) -> F29Pdf:
        self.downloads.append(folio)
        self.on_each(folio)
        found = self.pdfs.get(folio, {"89": 1})
        if isinstance(found, Exception):
            raise found
        content = b"%PDF- " + str(folio).encode()
        return F29Pdf(content, hashlib.sha256(content).hexdigest(), 1, found)


def year_of(folios: Collection[int]) -> Forms:
    """Returns a portal with a return for each month, from January on."""
    return Forms([listed(folio, month) for month, folio in enumerate(folios, 1)])


def listed_company(books: Books, portal: Forms) -> UUID:
    """Returns a company whose returns are known, and of whose PDFs there is none."""
    company = books.company()
    sync(books, portal, company)
    portal.logins = portal.logouts = 0
    return company


def sync(books: Books, portal: Forms, company: UUID, **options: Any) -> dict[str, Any]:
    """Syncs 2026 in a run of its own, unless told otherwise."""
    return _run(sync_f29, books, portal, company, {"year": 2026} | options)


def fetch(books: Books, portal: Forms, company: UUID, **options: Any) -> dict[str, Any]:
    """Fetches missing PDFs in a run of its own, unless told otherwise."""
    return _run(sync_f29_pdfs_missing, books, portal, company, options)


def _run(
    task: Any, books: Books, portal: Forms, company: UUID, options: dict[str, Any]
) -> dict[str, Any]:
    attempt = options.pop("attempt", None) or Attempt(books.run(), 0)
    result: dict[str, Any] = task(
        books.sessions,
        portal,
        books.cipher,
        attempt=attempt,
        company_id=company,
        progress=lambda *_: None,
        **options,
    )
    return result


def stored(books: Books) -> list[F29Form]:
    with books.sessions() as session:
        return list(session.scalars(select(F29Form).order_by(F29Form.folio)))


def files(books: Books) -> list[F29PdfFile]:
    with books.sessions() as session:
        return list(session.scalars(select(F29PdfFile).order_by(F29PdfFile.form_id)))
