"""Golden tables of 2024 to 2028, and what holds for every year.

`due_dates.csv` was computed once from the rules in docs/calendar.md and the holidays below, by a
script that shares nothing with the product; the rows that roll were spot-checked by hand.
It changes only together with a rule, an announced day or a law.
"""

import csv
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.business_days import is_business_day, national_holidays, next_business_day
from app.domain.due_dates import due_date_of, due_dates, statuses
from app.domain.obligations import OBLIGATIONS, Facts, Obligation
from app.domain.recurrence import Yearly

# Typed from the laws: 2.977, 19.668 (days that move to Monday), 19.973, 20.148, 20.215 and 20.983
# (September), 20.299 (October), 21.357 (winter solstice).
HOLIDAYS = {
    2024: "1/1 29/3 30/3 1/5 21/5 20/6 29/6 16/7 15/8 18/9 19/9 20/9 12/10 31/10 1/11 8/12 25/12",
    2025: "1/1 18/4 19/4 1/5 21/5 20/6 29/6 16/7 15/8 18/9 19/9 12/10 31/10 1/11 8/12 25/12",
    2026: "1/1 3/4 4/4 1/5 21/5 21/6 29/6 16/7 15/8 18/9 19/9 12/10 31/10 1/11 8/12 25/12",
    2027: "1/1 26/3 27/3 1/5 21/5 21/6 28/6 16/7 15/8 17/9 18/9 19/9 11/10 31/10 1/11 8/12 25/12",
    2028: "1/1 14/4 15/4 1/5 21/5 20/6 26/6 16/7 15/8 18/9 19/9 9/10 27/10 1/11 8/12 25/12",
}
TABLE = Path(__file__).with_name("due_dates.csv")
FACTS = {"f29_12": Facts(f29_due_day=12), "f29_20": Facts(f29_due_day=20)}

every_obligation = st.sampled_from(list(OBLIGATIONS.values()))
every_facts = st.builds(Facts, f29_due_day=st.sampled_from([12, 20]))
days = st.dates(date(2018, 1, 1), date(2045, 12, 31))
holidays = st.frozensets(st.dates(date(2024, 1, 1), date(2026, 12, 31)), max_size=40)


def computed() -> list[list[str]]:
    """Everything due in the years of the table, in its order."""
    rows = []
    for label in ("f29_12", "f29_20", *(code for code in OBLIGATIONS if code != "f29")):
        obligation = OBLIGATIONS["f29" if label in FACTS else label]
        facts = FACTS.get(label, Facts())
        for one in due_dates(obligation, facts, date(2024, 1, 1), date(2028, 12, 31)):
            whole_years = isinstance(obligation.recurrence, Yearly) and one.period_start.month == 1
            period = f"{one.period_start:%Y}" if whole_years else f"{one.period_start:%Y-%m}"
            nominal, due = one.nominal.isoformat(), one.due.isoformat()
            rows.append([label, period, str(one.installment), nominal, due, f"{one.due:%a}"])
    return rows


@pytest.mark.parametrize("year", HOLIDAYS)
def test_the_holidays_are_those_of_the_laws(year: int) -> None:
    typed = {tuple(map(int, day.split("/"))) for day in HOLIDAYS[year].split()}
    assert {(day.day, day.month) for day in national_holidays(year)} == typed


def test_the_tables_of_2024_to_2028() -> None:
    with TABLE.open() as table:
        expected = list(csv.reader(table))[1:]
    assert sorted(computed()) == sorted(expected)


def test_the_f29_of_2026_as_the_facts_of_the_domain_say() -> None:
    def of(day: int) -> list[int]:
        year = (date(2026, 1, 1), date(2026, 12, 31))
        return [one.due.day for one in due_dates(OBLIGATIONS["f29"], Facts(day), *year)]

    assert of(12) == [12, 12, 12, 13, 12, 12, 13, 12, 14, 13, 12, 14]
    assert of(20) == [20, 20, 20, 20, 20, 22, 20, 20, 21, 20, 20, 21]


def test_the_period_of_an_f29_is_the_month_before() -> None:
    (one,) = due_dates(OBLIGATIONS["f29"], Facts(), date(2026, 12, 1), date(2026, 12, 31))
    assert (one.period_start, one.period_end) == (date(2026, 11, 1), date(2026, 11, 30))
    assert (one.nominal, one.due) == (date(2026, 12, 12), date(2026, 12, 14))


def test_the_last_day_of_the_year_is_no_business_day() -> None:
    assert not is_business_day(date(2026, 12, 31))  # a Thursday
    assert next_business_day(date(2026, 12, 31)) == date(2027, 1, 4)


def test_previred_does_not_move() -> None:
    (one,) = due_dates(OBLIGATIONS["previred"], Facts(), date(2026, 12, 1), date(2026, 12, 31))
    assert one.due == one.nominal == date(2026, 12, 13)  # a Sunday


def test_a_company_has_nothing_of_the_time_before_it_began() -> None:
    facts = Facts(started_on=date(2026, 11, 15))
    first = due_dates(OBLIGATIONS["f29"], facts, date(2026, 1, 1), date(2027, 1, 31))
    assert [one.period_start for one in first] == [date(2026, 11, 1), date(2026, 12, 1)]
    (annual,) = due_dates(OBLIGATIONS["f22"], facts, date(2026, 1, 1), date(2026, 5, 1))
    assert annual.due == date(2027, 4, 30)


def test_an_obligation_applies_where_its_fact_says_so() -> None:
    assert {o.code for o in OBLIGATIONS.values() if o.applies_to(Facts())} == {"f29", "f22"}
    everything = Facts(20, date(2020, 1, 1), True, True, True, True)
    assert all(o.applies_to(everything) for o in OBLIGATIONS.values())
    assert OBLIGATIONS["previred"].applies_to(Facts()) is None
    assert OBLIGATIONS["previred"].applies_to(Facts(has_employees=False)) is False


@pytest.mark.parametrize("obligation", OBLIGATIONS.values(), ids=lambda one: one.code)
def test_every_obligation_names_its_source(obligation: Obligation) -> None:
    assert obligation.source
    assert obligation.source_year in range(2024, 2027)
    assert len(obligation.code) <= 32


@given(obligation=every_obligation, facts=every_facts, since=days, extra=holidays)
def test_what_rolls_is_due_on_the_first_business_day(
    obligation: Obligation, facts: Facts, since: date, extra: frozenset[date]
) -> None:
    for one in due_dates(obligation, facts, since, since + timedelta(days=400), extra):
        if not obligation.rolls:
            assert one.due == one.nominal
            continue
        assert is_business_day(one.due, extra)
        between = (one.due - one.nominal).days
        skipped = [one.nominal + timedelta(days=step) for step in range(between)]
        assert not any(is_business_day(day, extra) for day in skipped)


@given(obligation=every_obligation, facts=every_facts, since=days, extra=holidays)
def test_later_periods_are_due_later_and_each_once(
    obligation: Obligation, facts: Facts, since: date, extra: frozenset[date]
) -> None:
    found = due_dates(obligation, facts, since, since + timedelta(days=800), extra)
    assert found == sorted(found, key=lambda one: (one.nominal, one.due))
    keys = [(one.period_start, one.installment) for one in found]
    assert len(set(keys)) == len(keys)
    assert found
    for one in found:
        assert since <= one.due
        assert one.period_start <= one.period_end
        assert due_date_of(obligation, facts, one.period_start, one.installment, extra) == one


@given(obligation=every_obligation, since=days, split=st.integers(0, 400))
def test_two_horizons_beside_each_other_miss_nothing(
    obligation: Obligation, since: date, split: int
) -> None:
    until, between = since + timedelta(days=400), since + timedelta(days=split)
    whole = due_dates(obligation, Facts(), since, until)
    first = due_dates(obligation, Facts(), since, between)
    second = due_dates(obligation, Facts(), between + timedelta(days=1), until)
    assert [one for one in first if one.due <= between] + [
        one for one in second if one.due <= until
    ] == [one for one in whole if one.due <= until]


@given(st.lists(days, max_size=6), days)
def test_exactly_the_next_one_is_in_progress(due: list[date], today: date) -> None:
    found = dict(zip(range(len(due)), statuses(sorted(due), today), strict=True))
    ahead = [number for number, day in enumerate(sorted(due)) if day >= today]
    assert [n for n, status in found.items() if status == "in_progress"] == ahead[:1]
    assert all((found[n] == "overdue") == (n not in ahead) for n in found)
