"""A sync whose time is over ends before its time limit, and its next attempt reads the rest."""

from types import SimpleNamespace

import pytest
from cryptography.fernet import Fernet

from app.domain.documents import RegisterReading
from app.domain.periods import Period
from app.errors import OutOfTime
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.session import get_session_factory
from app.services import document_sync
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers, two_documents


def test_the_next_attempt_goes_on_after_what_was_stored_in_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books(get_session_factory(), Cipher([Fernet.generate_key().decode()]))
    portal, company, run = Registers(), books.company(), books.run()
    clock = 0.0
    monkeypatch.setattr(document_sync, "time", SimpleNamespace(monotonic=lambda: clock))

    def slow(period: Period, direction: str) -> RegisterReading:
        nonlocal clock
        clock += 100
        return two_documents(period, direction)

    portal.answers["2026-02", "sale"] = slow
    with pytest.raises(OutOfTime):
        books.sync(portal, company, run_id=run, months=2, deadline=clock + 60)
    assert portal.reads == [("2026-02", "purchase"), ("2026-02", "sale")]

    result = books.sync(portal, company, run_id=run, months=2, deadline=clock + 60)
    assert portal.reads[2:] == [
        ("2026-02", "fees"), ("2026-03", "purchase"), ("2026-03", "sale"), ("2026-03", "fees"),
    ]  # fmt: skip
    assert (result["compras"]["nuevos"], result["ventas"]["nuevos"]) == (4, 4)
