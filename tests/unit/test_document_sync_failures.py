"""When the portal fails in the middle of a sync: what is stored all the same, what comes next."""

import pytest

from app import errors
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers, fails, incomplete, two_documents


def test_an_unexpected_answer_stores_nothing_of_its_register_and_all_of_the_others(
    books: Books, portal: Registers
) -> None:
    run = books.run()
    portal.answers["2026-02", "sale"] = fails(errors.UnexpectedAnswer())
    with pytest.raises(errors.PeriodsUnreadable, match=r"1 of 8 .*2026-02 sale \(unexpected_ans"):
        books.sync(portal, books.company(), run_id=run, months=2)
    assert books.documents(period="2026-02", direction="sale") == []
    assert len(books.documents()) == 6
    assert ("2026-02", "sale") not in books.checkpoints(run)
    assert portal.logouts == 1
    assert books.progress[-1] == (7, 8, "incomplete")


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
    with pytest.raises(errors.PeriodsIncomplete, match="2 of 4"):
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
    assert portal.reads == [
        ("2026-02", "sale"),
        ("2026-02", "fees"),
        ("2026-03", "purchase"),
        ("2026-03", "sale"),
        ("2026-03", "fees"),
    ]
    assert result["compras"] == {"total": 4, "nuevos": 4, "actualizados": 0}  # of both attempts


def test_a_run_whose_registers_are_all_stored_does_not_log_in_again(
    books: Books, portal: Registers
) -> None:
    company, run = books.company(), books.run()
    first = books.sync(portal, company, run_id=run)
    second = books.sync(portal, company, run_id=run)
    assert len(portal.logins) == 1
    assert second["ventas"] == first["ventas"]
