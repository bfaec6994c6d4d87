"""Boletas in a sync: held to what the sales count, stored whole or not at all, asked for once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from app import errors
from app.domain.boletas import BoletasOfDay, BoletasReading
from app.domain.documents import Direction, RegisterReading
from app.domain.periods import Period
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers, boletas, counted, fails, two_documents

FEBRUARY, MARCH = Period(2026, 2), Period(2026, 3)  # the runs of these tests are of March
DAYS = (boletas(5, MARCH), boletas(6, MARCH), boletas(5, MARCH, 48))


class Killed(BaseException):
    """The end of a process: no code of ours sees it."""


def sells(portal: Registers, *days: BoletasOfDay, more: int = 0) -> None:
    """Makes the sales of the days' period count them, and `more` of each type."""
    period = Period(days[0].day.year, days[0].day.month)
    summary = counted(*days, more=more)

    def sales(asked: Period, direction: Direction) -> RegisterReading:
        plain = two_documents(asked, direction)
        return replace(plain, summary=plain.summary + summary)

    portal.answers[str(period), "sale"] = sales
    portal.boletas[str(period)] = lambda asked: BoletasReading(asked, days, summary)


def stored(books: Books) -> list[tuple[int, date, int]]:
    return [(one.doc_type, one.day, one.count) for one in books.boletas()]


def test_the_days_of_each_type_are_stored_and_counted(books: Books, portal: Registers) -> None:
    sells(portal, *DAYS)
    result = books.sync(portal, books.company())
    assert result["boletas"] == {"total": 3, "nuevos": 3, "actualizados": 0}
    assert result["ventas"]["total"] == 2
    assert stored(books) == [
        (39, date(2026, 3, 5), 10), (39, date(2026, 3, 6), 10), (48, date(2026, 3, 5), 10),
    ]  # fmt: skip
    (first, *_) = books.boletas()
    assert (first.period, first.net, first.vat, first.total) == ("2026-03", 10_000, 1900, 11_900)


def test_they_are_asked_for_with_what_the_same_run_has_read_of_the_sales(
    books: Books, portal: Registers
) -> None:
    sells(portal, *DAYS)
    books.sync(portal, books.company(), months=2)
    assert [step for step in portal.reads if step[1] == "boletas"] == [("2026-03", "boletas")]
    assert portal.counted == [counted(*DAYS)]


def test_where_the_sales_are_not_stored_they_are_counted_anew(
    books: Books, portal: Registers
) -> None:
    sells(portal, *DAYS)
    portal.answers["2026-03", "sale"] = fails(errors.UnexpectedAnswer())
    with pytest.raises(errors.PeriodsUnreadable, match=r"1 of 4 .*2026-03 sale"):
        books.sync(portal, books.company())
    assert portal.counted == [None]
    assert len(books.boletas()) == 3


def test_a_second_sync_changes_nothing_and_says_so(books: Books, portal: Registers) -> None:
    sells(portal, *DAYS)
    company = books.company()
    books.sync(portal, company)
    before = [one.synced_at for one in books.boletas()]
    result = books.sync(portal, company)
    assert result["boletas"] == {"total": 3, "nuevos": 0, "actualizados": 0}
    assert [one.synced_at for one in books.boletas()] == before


def test_a_changed_day_is_updated_a_new_one_added_and_one_that_is_gone_deleted(
    books: Books, portal: Registers
) -> None:
    company, other = books.company(), books.company("77100200-5")
    sells(portal, *DAYS)
    for one in (company, other):
        books.sync(portal, one)
    sells(portal, boletas(5, MARCH, count=11), boletas(7, MARCH), boletas(5, MARCH, 48))
    result = books.sync(portal, company)
    assert result["boletas"] == {"total": 3, "nuevos": 1, "actualizados": 1}
    ours = [(one.doc_type, one.day.day, one.count) for one in books.boletas(company_id=company)]
    assert ours == [(39, 5, 11), (39, 7, 10), (48, 5, 10)]
    assert len(books.boletas(company_id=other)) == 3

    del portal.answers["2026-03", "sale"]  # the sales count none any more
    books.sync(portal, company)
    assert books.boletas(company_id=company) == []
    assert len(books.boletas(company_id=other)) == 3


def test_days_that_do_not_add_up_are_read_once_more_against_a_fresh_summary(
    books: Books, portal: Registers
) -> None:
    sells(portal, *DAYS, more=1)
    short = portal.boletas["2026-03"]
    whole = BoletasReading(MARCH, DAYS, counted(*DAYS))
    answers: list[Callable[[Period], BoletasReading]] = [short, lambda _: whole]
    portal.boletas["2026-03"] = lambda period: answers.pop(0)(period)
    assert books.sync(portal, books.company())["boletas"]["total"] == 3
    assert portal.counted == [counted(*DAYS, more=1), None]


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (
            lambda period: BoletasReading(period, DAYS[1:], counted(*DAYS)),
            errors.PeriodsIncomplete,
            "incomplete_answer",
        ),
        (
            lambda period: fails(errors.UnexpectedAnswer())(period, Direction.SALE),
            errors.PeriodsUnreadable,
            "unexpected_answer",
        ),
    ],
)
def test_a_wrong_answer_leaves_what_is_stored_and_stores_the_other_registers(
    books: Books,
    portal: Registers,
    answer: Callable[[Period], BoletasReading],
    error: type[errors.FiscalError],
    code: str,
) -> None:
    sells(portal, *DAYS)
    company, run = books.company(), books.run()
    books.sync(portal, company)
    before = stored(books)
    portal.boletas["2026-03"] = answer
    with pytest.raises(error, match=rf"1 of 8 .*2026-03 boletas \({code}\)"):
        books.sync(portal, company, run_id=run, months=2)
    assert stored(books) == before
    assert len(books.checkpoints(run)) == 7
    assert ("2026-03", "boletas") not in books.checkpoints(run)


@pytest.mark.parametrize("end", [errors.SiiUnavailable(), errors.SessionExpired(), Killed()])
def test_a_run_that_ends_at_its_boletas_goes_on_there_and_reads_nothing_twice(
    books: Books, portal: Registers, end: BaseException
) -> None:
    february = (boletas(3, FEBRUARY), boletas(4, FEBRUARY))
    sells(portal, *february)
    sells(portal, *DAYS)
    company, run = books.company(), books.run()

    def die(step: tuple[str, str]) -> None:
        if step == ("2026-03", "boletas"):
            raise end

    portal.on_read = die
    with pytest.raises(type(end)):
        books.sync(portal, company, run_id=run, months=2)
    assert [one.period for one in books.boletas()] == ["2026-02"] * 2

    portal.on_read, portal.reads = str, []
    result = books.sync(portal, company, run_id=run, months=2)
    assert portal.reads == [("2026-03", "boletas"), ("2026-03", "fees")]
    assert portal.counted[-1] == counted(*DAYS)  # as the first attempt had stored it
    assert result["boletas"] == {"total": 5, "nuevos": 5, "actualizados": 0}
