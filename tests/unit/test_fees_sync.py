"""Honorarios in a sync: stored whole or not at all, never twice, kept when they vanish."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from app import errors
from app.domain.documents import Direction
from app.domain.fees import Fee, FeesReading
from app.domain.periods import Period
from app.services.fees import fee_totals
from tests.unit.sii.books import Books
from tests.unit.sii.registers import Registers, fails, fee

FEBRUARY, MARCH = Period(2026, 2), Period(2026, 3)  # the runs of these tests are of March


class Killed(BaseException):
    """The end of a process: no code of ours sees it."""


def shows(portal: Registers, *fees: Fee, period: Period = MARCH) -> None:
    portal.fees[str(period)] = lambda asked: FeesReading(asked, len(fees), fees)


def folios(books: Books, **chosen: object) -> list[int]:
    return [one.folio for one in books.fees(**chosen)]


def test_every_field_is_stored(books: Books, portal: Registers) -> None:
    shows(portal, fee(7, MARCH, status_raw="S", annulled_on=date(2026, 3, 6)))
    company = books.company()
    result = books.sync(portal, company)
    assert result["honorarios"] == {"total": 1, "nuevos": 1, "actualizados": 0}
    (stored,) = books.fees()
    assert (stored.company_id, stored.period) == (company, "2026-03")
    assert (stored.issuer_rut, stored.issuer_name) == ("77100200-5", "ROSA INVENTADA SOTO")
    assert (stored.issue_date, stored.annulled_on) == (date(2026, 3, 5), date(2026, 3, 6))
    assert (stored.status, stored.status_raw) == ("Anulada", "S")
    assert (stored.gross, stored.withheld, stored.net) == (400_000, 61_000, 339_000)
    assert stored.vanished_at is None


def test_the_same_folio_of_two_issuers_and_of_two_companies_are_three(
    books: Books, portal: Registers
) -> None:
    shows(portal, fee(7, MARCH), fee(7, MARCH, issuer_rut="78300400-3"))
    first, second = books.company(), books.company("77100200-5")
    books.sync(portal, first)
    shows(portal, fee(7, MARCH))
    books.sync(portal, second)
    assert folios(books) == [7, 7, 7]


def test_a_second_sync_changes_nothing_and_says_so(books: Books, portal: Registers) -> None:
    shows(portal, fee(1, MARCH), fee(2, MARCH))
    company = books.company()
    books.sync(portal, company)
    before = {one.id: one.synced_at for one in books.fees()}
    result = books.sync(portal, company)
    assert result["honorarios"] == {"total": 2, "nuevos": 0, "actualizados": 0}
    assert {one.id: one.synced_at for one in books.fees()} == before


def test_an_annulment_is_an_update_in_place(books: Books, portal: Registers) -> None:
    company = books.company()
    shows(portal, fee(1, MARCH), fee(2, MARCH))
    books.sync(portal, company)
    shows(portal, fee(1, MARCH, status_raw="S"), fee(2, MARCH), fee(3, MARCH))
    result = books.sync(portal, company)
    assert result["honorarios"] == {"total": 3, "nuevos": 1, "actualizados": 1}
    assert [one.status for one in books.fees()] == ["Anulada", "Vigente", "Vigente"]


def test_what_the_report_no_longer_shows_is_kept_and_marked_until_it_shows_again(
    books: Books, portal: Registers
) -> None:
    company, other = books.company(), books.company("77100200-5")
    shows(portal, fee(1, MARCH), fee(2, MARCH))
    shows(portal, fee(9, FEBRUARY), period=FEBRUARY)
    for one in (company, other):
        books.sync(portal, one, months=2)
    shows(portal, fee(2, MARCH))
    books.sync(portal, company)
    (gone,) = [one for one in books.fees() if one.vanished_at]
    assert (gone.company_id, gone.folio, gone.vanished_at) == (company, 1, gone.synced_at)
    books.sync(portal, company)
    assert [one.vanished_at for one in books.fees() if one.id == gone.id] == [gone.vanished_at]

    shows(portal, fee(1, MARCH), fee(2, MARCH))
    result = books.sync(portal, company)
    assert result["honorarios"] == {"total": 2, "nuevos": 0, "actualizados": 1}
    assert not [one for one in books.fees() if one.vanished_at]


def test_only_what_counts_is_in_the_totals_of_its_period(books: Books, portal: Registers) -> None:
    company = books.company()
    with books.sessions() as session:
        assert fee_totals(session, company, "2026-03").read_at is None
    shows(
        portal,
        fee(1, MARCH),
        fee(2, MARCH, withheld=0, net=400_000),
        fee(3, MARCH, status_raw="S"),
        fee(4, MARCH, status_raw="?"),
        fee(5, MARCH),
    )
    shows(portal, fee(9, FEBRUARY), period=FEBRUARY)
    books.sync(portal, company, months=2)
    shows(portal, *(fee(folio, MARCH, status_raw=mark) for folio, mark in ((3, "S"), (4, "?"))),
          fee(1, MARCH), fee(2, MARCH, withheld=0, net=400_000))  # fmt: skip
    books.sync(portal, company)  # 5 has vanished
    with books.sessions() as session:
        totals = fee_totals(session, company, "2026-03")
    assert totals.read_at is not None
    assert (totals.count, totals.gross, totals.withheld, totals.net) == (
        2, 800_000, 61_000, 739_000,
    )  # fmt: skip


def test_many_are_stored_in_batches(books: Books, portal: Registers) -> None:
    shows(portal, *(fee(folio, MARCH) for folio in range(1, 1202)))
    result = books.sync(portal, books.company())
    assert result["honorarios"] == {"total": 1201, "nuevos": 1201, "actualizados": 0}
    assert len(books.fees()) == 1201


@pytest.mark.parametrize(
    ("answer", "error", "code", "looks"),
    [
        (
            lambda period: FeesReading(period, 3, (fee(1, MARCH), fee(2, MARCH))),
            errors.PeriodsIncomplete,
            "incomplete_answer",
            2,
        ),
        (
            lambda period: FeesReading(period, 2, (fee(1, MARCH), fee(1, MARCH))),
            errors.PeriodsIncomplete,
            "incomplete_answer",
            2,
        ),
        (
            lambda period: fails(errors.UnexpectedAnswer())(period, Direction.SALE),
            errors.PeriodsUnreadable,
            "unexpected_answer",
            1,
        ),
    ],
)
def test_a_wrong_answer_leaves_what_is_stored_and_stores_the_other_registers(
    books: Books,
    portal: Registers,
    answer: Callable[[Period], FeesReading],
    error: type[errors.FiscalError],
    code: str,
    looks: int,
) -> None:
    shows(portal, fee(7, MARCH))
    company, run = books.company(), books.run()
    books.sync(portal, company)
    portal.fees["2026-03"], portal.reads = answer, []
    with pytest.raises(error, match=rf"1 of 8 .*2026-03 fees \({code}\)"):
        books.sync(portal, company, run_id=run, months=2)
    assert [(one.folio, one.vanished_at) for one in books.fees()] == [(7, None)]
    assert portal.reads.count(("2026-03", "fees")) == looks
    assert len(books.checkpoints(run)) == 7


@pytest.mark.parametrize("end", [errors.SiiUnavailable(), errors.SessionExpired(), Killed()])
def test_a_run_that_ends_at_its_honorarios_goes_on_there_and_reads_nothing_twice(
    books: Books, portal: Registers, end: BaseException
) -> None:
    company, run = books.company(), books.run()
    shows(portal, fee(3, FEBRUARY), period=FEBRUARY)
    shows(portal, fee(1, MARCH), replace(fee(2, MARCH), status_raw="S"))

    def die(step: tuple[str, str]) -> None:
        if step == ("2026-03", "fees"):
            raise end

    portal.on_read = die
    with pytest.raises(type(end)):
        books.sync(portal, company, run_id=run, months=2)
    assert folios(books) == [3]

    portal.on_read, portal.reads = str, []
    result = books.sync(portal, company, run_id=run, months=2)
    assert portal.reads == [("2026-03", "fees")]
    assert result["honorarios"] == {"total": 3, "nuevos": 3, "actualizados": 0}
