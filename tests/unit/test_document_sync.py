"""The sync against a portal in memory and a real database: what is stored, what is not, and how
often anybody logs in."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet

from app import errors
from app.domain.documents import AccountingState, Direction, OtherTax, RegisterReading
from app.domain.periods import Period
from app.infrastructure.cipher import Cipher
from app.infrastructure.db.session import get_session_factory
from tests.unit.sii.books import CLAVE, Books
from tests.unit.sii.registers import Registers, document, reading, two_documents


@pytest.fixture
def books(database_url: str) -> Books:
    return Books(get_session_factory(), Cipher([Fernet.generate_key().decode()]))


@pytest.fixture
def portal() -> Registers:
    return Registers()


def fails(error: Exception) -> Any:
    def answer(period: Period, direction: Direction) -> RegisterReading:
        raise error

    return answer


def incomplete(period: Period, direction: Direction) -> RegisterReading:
    documents = [document(1, period, direction)]
    return reading(period, direction, documents, missing=1)


# --- what is stored ---------------------------------------------------------------------------


def test_both_registers_of_the_asked_months_are_stored(books: Books, portal: Registers) -> None:
    company = books.company()
    result = books.sync(portal, company, months=2)
    assert result.pop("duration_seconds") >= 0
    assert result == {
        "company_id": str(company),
        "session_id": None,
        "compras": {"total": 4, "nuevos": 4, "actualizados": 0},
        "ventas": {"total": 4, "nuevos": 4, "actualizados": 0},
        "honorarios": {"total": 0, "nuevos": 0, "actualizados": 0},
        "errors": 0,
        "error_details": [],
    }
    stored = {(one.period, one.direction, one.folio) for one in books.documents()}
    assert stored == {
        (period, direction, folio)
        for period, first in (("2026-02", 200), ("2026-03", 300))
        for direction in ("purchase", "sale")
        for folio in (first, first + 1)
    }
    assert len(books.summaries()) == 4


def test_the_months_count_from_when_the_run_was_asked_for(books: Books, portal: Registers) -> None:
    run = books.run(datetime(2026, 3, 1, 2, tzinfo=UTC))  # still February in Chile
    books.sync(portal, books.company(), run_id=run, months=1, month_offset=1)
    assert portal.reads == [("2026-01", "purchase"), ("2026-01", "sale")]


def test_a_second_sync_changes_nothing_and_says_so(books: Books, portal: Registers) -> None:
    company = books.company()
    books.sync(portal, company)
    before = {one.id: one.synced_at for one in books.documents()}
    result = books.sync(portal, company)
    assert result["compras"] == {"total": 2, "nuevos": 0, "actualizados": 0}
    assert {one.id: one.synced_at for one in books.documents()} == before


def test_a_changed_document_is_updated_in_place_and_counted(
    books: Books, portal: Registers
) -> None:
    company = books.company()
    books.sync(portal, company)

    def accepted(period: Period, direction: Direction) -> RegisterReading:
        first, second = two_documents(period, direction).documents
        taxed = replace(first, other_taxes=(OtherTax("27", 100, "10"),), total=1290)
        return reading(period, direction, [taxed, second])

    portal.answers["2026-03", "purchase"] = accepted
    result = books.sync(portal, company)
    assert result["compras"] == {"total": 2, "nuevos": 0, "actualizados": 1}
    changed, _ = books.documents(direction="purchase")
    assert changed.total == 1290
    assert changed.other_taxes == [{"code": "27", "amount": 100, "rate": "10"}]


def test_a_document_that_moves_to_another_period_is_one_document(
    books: Books, portal: Registers
) -> None:
    company = books.company()
    moved = document(1, Period(2026, 2), Direction.SALE)
    portal.answers["2026-02", "sale"] = lambda period, direction: reading(
        period, direction, [moved]
    )
    books.sync(portal, company, months=2)
    portal.answers["2026-02", "sale"] = lambda period, direction: reading(period, direction, [])
    portal.answers["2026-03", "sale"] = lambda period, direction: reading(
        period, direction, [replace(moved, period="2026-03")]
    )
    books.sync(portal, company, months=2)
    (stored,) = books.documents(direction="sale", folio=1)
    assert stored.period == "2026-03"
    assert {(one.period, one.direction) for one in books.summaries()} == {
        ("2026-02", "purchase"), ("2026-03", "purchase"), ("2026-03", "sale"),
    }  # fmt: skip


def test_a_document_that_changes_its_state_while_we_read_is_stored_once(
    books: Books, portal: Registers
) -> None:
    def seen_twice(period: Period, direction: Direction) -> RegisterReading:
        registered = document(1, period, direction)
        pending = replace(registered, accounting_state=AccountingState.PENDIENTE)
        return reading(period, direction, [pending, registered])

    portal.answers["2026-03", "purchase"] = seen_twice
    result = books.sync(portal, books.company())
    assert result["compras"] == {"total": 1, "nuevos": 1, "actualizados": 0}
    (stored,) = books.documents(direction="purchase")
    assert stored.accounting_state == "REGISTRO"


def test_the_same_folio_of_two_suppliers_and_of_two_types_are_three_documents(
    books: Books, portal: Registers
) -> None:
    def same_folio(period: Period, direction: Direction) -> RegisterReading:
        one = document(7, period, direction)
        documents = (one, replace(one, counterpart_rut="78300400-3"), replace(one, doc_type=34))
        return RegisterReading(period, direction, documents, ())

    portal.answers["2026-03", "purchase"] = lambda period, direction: replace(
        reading(period, direction, []), documents=()
    )
    complete = same_folio(Period(2026, 3), Direction.SALE)
    rows = [
        replace(two_documents(Period(2026, 3), Direction.SALE).summary[0], **counts)
        for counts in ({"detailed": 2, "count": 2}, {"doc_type": 34, "detailed": 1, "count": 1})
    ]
    portal.answers["2026-03", "sale"] = lambda *_: replace(complete, summary=tuple(rows))
    books.sync(portal, books.company())
    assert len(books.documents(direction="sale", folio=7)) == 3


def test_many_documents_are_stored_in_batches(books: Books, portal: Registers) -> None:
    def many(period: Period, direction: Direction) -> RegisterReading:
        return reading(
            period, direction, [document(one, period, direction) for one in range(1, 1202)]
        )

    portal.answers["2026-03", "purchase"] = many
    result = books.sync(portal, books.company())
    assert result["compras"] == {"total": 1201, "nuevos": 1201, "actualizados": 0}
    assert len(books.documents(direction="purchase")) == 1201


def test_progress_is_told_before_and_after_each_register(books: Books, portal: Registers) -> None:
    books.sync(portal, books.company())
    assert books.progress == [
        (0, 2, "login"), (0, 2, "2026-03 purchase"), (1, 2, "2026-03 sale"), (2, 2, "done"),
    ]  # fmt: skip


# --- failures of the portal -------------------------------------------------------------------


def test_an_unexpected_answer_stores_nothing_of_its_register_and_all_of_the_others(
    books: Books, portal: Registers
) -> None:
    run = books.run()
    portal.answers["2026-02", "sale"] = fails(errors.UnexpectedAnswer())
    with pytest.raises(errors.PeriodsUnreadable, match=r"1 of 4 .*2026-02 sale \(unexpected_ans"):
        books.sync(portal, books.company(), run_id=run, months=2)
    assert books.documents(period="2026-02", direction="sale") == []
    assert len(books.documents()) == 6
    assert ("2026-02", "sale") not in books.checkpoints(run)
    assert portal.logouts == 1
    assert books.progress[-1] == (3, 4, "incomplete")


def test_an_incomplete_answer_is_read_once_more_and_then_stores_nothing(
    books: Books, portal: Registers
) -> None:
    portal.answers["2026-03", "purchase"] = incomplete
    with pytest.raises(errors.PeriodsIncomplete, match=r"2026-03 purchase \(incomplete_answer\)"):
        books.sync(portal, books.company())
    assert portal.reads.count(("2026-03", "purchase")) == 2
    assert books.documents(direction="purchase") == []
    assert len(books.documents(direction="sale")) == 2


def test_an_answer_that_is_complete_at_the_second_look_is_stored(
    books: Books, portal: Registers
) -> None:
    answers = iter([incomplete, two_documents])
    portal.answers["2026-03", "purchase"] = lambda *step: next(answers)(*step)
    assert books.sync(portal, books.company())["compras"]["total"] == 2


def test_one_transient_failure_among_permanent_ones_makes_the_run_worth_a_retry(
    books: Books, portal: Registers
) -> None:
    portal.answers["2026-03", "purchase"] = incomplete
    portal.answers["2026-03", "sale"] = fails(errors.UnexpectedAnswer())
    with pytest.raises(errors.PeriodsIncomplete, match="2 of 2"):
        books.sync(portal, books.company())


@pytest.mark.parametrize(
    "error", [errors.SiiUnavailable(), errors.SessionExpired(), errors.RateLimited()]
)
def test_an_outage_ends_the_attempt_and_the_next_goes_on_after_the_last_checkpoint(
    books: Books, portal: Registers, error: errors.TransientError
) -> None:
    company, run = books.company(), books.run()
    portal.answers["2026-02", "sale"] = fails(error)
    with pytest.raises(type(error)):
        books.sync(portal, company, run_id=run, months=2)
    assert books.checkpoints(run) == {("2026-02", "purchase")}
    assert portal.logouts == 1

    portal.answers.clear()
    portal.reads.clear()
    result = books.sync(portal, company, run_id=run, months=2)
    assert portal.reads == [("2026-02", "sale"), ("2026-03", "purchase"), ("2026-03", "sale")]
    assert result["compras"] == {"total": 4, "nuevos": 4, "actualizados": 0}  # of both attempts


def test_a_run_whose_registers_are_all_stored_does_not_log_in_again(
    books: Books, portal: Registers
) -> None:
    company, run = books.company(), books.run()
    first = books.sync(portal, company, run_id=run)
    second = books.sync(portal, company, run_id=run)
    assert len(portal.logins) == 1
    assert second["ventas"] == first["ventas"]


# --- logging in -------------------------------------------------------------------------------


def test_a_login_that_works_is_noted(books: Books, portal: Registers) -> None:
    company = books.company()
    books.sync(portal, company)
    assert portal.logins == [("76000001-9", CLAVE)]
    credential = books.credential(company)
    assert credential.status == "ok"
    assert credential.last_ok_at is not None


def test_a_wrong_clave_is_tried_exactly_once_ever(books: Books, portal: Registers) -> None:
    company = books.company()
    portal.refusal = errors.InvalidCredentials()
    for _ in range(3):
        with pytest.raises(errors.InvalidCredentials):
            books.sync(portal, company)
    assert len(portal.logins) == 1
    assert books.credential(company).status == "invalid"
    assert books.documents() == []


def test_a_wrong_clave_is_wrong_for_each_company_that_uses_it(
    books: Books, portal: Registers
) -> None:
    person = "70123456-1"
    first = books.company("76000001-9", login_rut=person)
    second = books.company("77100200-5", login_rut=person)
    other_clave = books.company("78300400-3", login_rut=person, clave="0tra")
    portal.refusal = errors.InvalidCredentials()
    for company in (first, second):
        with pytest.raises(errors.InvalidCredentials):
            books.sync(portal, company)
    assert len(portal.logins) == 1
    assert books.credential(other_clave).status == "unproven"


def test_a_clave_that_the_user_changes_during_the_login_is_not_called_wrong(
    books: Books, portal: Registers
) -> None:
    company = books.company()

    class Refusing(Registers):
        def open_session(self, login_rut: str, clave: str) -> Any:
            with books.sessions.begin() as session:
                session.merge(books.credential(company)).secret = books.cipher.encrypt("nueva")
            raise errors.InvalidCredentials()

    with pytest.raises(errors.InvalidCredentials):
        books.sync(Refusing(), company)
    assert books.credential(company).status == "unproven"


def test_a_blocked_clave_is_left_alone_for_an_hour_and_then_tried_once(
    books: Books, portal: Registers
) -> None:
    company = books.company()
    portal.refusal = errors.CredentialsBlocked()
    for _ in range(2):
        with pytest.raises(errors.CredentialsBlocked):
            books.sync(portal, company)
    assert len(portal.logins) == 1
    blocked_until = books.credential(company).blocked_until
    assert blocked_until is not None
    left = blocked_until - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(hours=1)

    with books.sessions.begin() as session:
        session.merge(books.credential(company)).blocked_until = datetime.now(UTC)
    portal.refusal = None
    books.sync(portal, company)
    assert books.credential(company).status == "ok"
    assert books.credential(company).blocked_until is None


def test_too_many_sessions_say_nothing_about_the_clave(books: Books, portal: Registers) -> None:
    company = books.company()
    portal.refusal = errors.TooManySessions()
    with pytest.raises(errors.TooManySessions):
        books.sync(portal, company)
    assert books.credential(company).status == "unproven"


def test_two_runs_of_one_login_take_turns(books: Books, portal: Registers) -> None:
    person = "70123456-1"
    first = books.company("76000001-9", login_rut=person)
    second = books.company("77100200-5", login_rut=person)
    reading_now, go_on = threading.Event(), threading.Event()

    def hold(_: object) -> None:
        reading_now.set()
        assert go_on.wait(30)

    portal.on_read = hold
    thread = threading.Thread(target=books.sync, args=(portal, first))
    thread.start()
    try:
        assert reading_now.wait(30)
        with pytest.raises(errors.LoginBusy):
            books.sync(Registers(), second)
    finally:
        go_on.set()
        thread.join(30)
    assert books.sync(Registers(), second)["compras"]["total"] == 2


def test_the_turn_is_free_again_after_a_failure(books: Books, portal: Registers) -> None:
    company = books.company()
    portal.answers["2026-03", "purchase"] = fails(errors.SiiUnavailable())
    for _ in range(2):  # LoginBusy at the second would be a lock left behind
        with pytest.raises(errors.SiiUnavailable):
            books.sync(portal, company)


# --- bad requests -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"months": 0}, "months"),
        ({"months": 13}, "months"),
        ({"month_offset": -1}, "month_offset"),
    ],
)
def test_a_range_out_of_bounds_names_the_field(
    books: Books, portal: Registers, options: dict[str, int], field: str
) -> None:
    with pytest.raises(errors.InvalidInput) as refusal:
        books.sync(portal, books.company(), **options)
    assert refusal.value.field == field
    assert portal.logins == []


def test_what_is_no_company_is_refused(books: Books, portal: Registers) -> None:
    with pytest.raises(errors.NotFound):
        books.sync(portal, uuid4())
    with pytest.raises(errors.InvalidInput) as refusal:
        books.sync(portal, "no-uuid")
    assert refusal.value.field == "company_id"


def test_a_company_without_a_credential_is_told_so(books: Books, portal: Registers) -> None:
    company = books.company()
    with books.sessions.begin() as session:
        session.delete(session.merge(books.credential(company)))
    with pytest.raises(errors.CredentialsMissing):
        books.sync(portal, company)
