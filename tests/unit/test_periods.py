from datetime import UTC, datetime

import pytest

from app.domain.periods import Period, current_period, months_back
from app.errors import InvalidInput


def test_a_period_reads_and_writes_the_same_text() -> None:
    assert str(Period.parse("2026-01")) == "2026-01"
    assert Period.parse("2026-01").ptributario == "202601"


@pytest.mark.parametrize(
    "text",
    ["", "2026", "2026-13", "2026-00", "202611", "2026-1", "26-11", "2026-11 ", "2026-11-01"],
)
def test_anything_else_is_refused_with_the_field_named(text: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Period.parse(text)
    assert refusal.value.field == "period"


def test_periods_are_ordered_in_time() -> None:
    assert Period(2025, 12) < Period(2026, 1) < Period(2026, 2)


@pytest.mark.parametrize(
    ("months", "expected"),
    [
        (0, "2026-03"),
        (-1, "2026-02"),
        (-3, "2025-12"),
        (-15, "2024-12"),
        (1, "2026-04"),
        (10, "2027-01"),
    ],
)
def test_shifting_counts_calendar_months(months: int, expected: str) -> None:
    assert str(Period(2026, 3).shift(months)) == expected


def test_twelve_months_back_are_twelve_different_months_even_from_a_31st() -> None:
    last = current_period(datetime(2026, 3, 31, 15, tzinfo=UTC))
    assert [str(period) for period in months_back(last, 12)] == [
        "2025-04", "2025-05", "2025-06", "2025-07", "2025-08", "2025-09",
        "2025-10", "2025-11", "2025-12", "2026-01", "2026-02", "2026-03",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        # Summer, UTC-3: the month changes in Chile three hours after it does in UTC.
        (datetime(2026, 1, 1, 2, 59, tzinfo=UTC), "2025-12"),
        (datetime(2026, 1, 1, 3, 0, tzinfo=UTC), "2026-01"),
        # Winter, UTC-4.
        (datetime(2026, 7, 1, 3, 59, tzinfo=UTC), "2026-06"),
        (datetime(2026, 7, 1, 4, 0, tzinfo=UTC), "2026-07"),
    ],
)
def test_the_month_is_chiles_not_utcs(moment: datetime, expected: str) -> None:
    assert str(current_period(moment)) == expected


def test_a_naive_time_names_no_period() -> None:
    with pytest.raises(ValueError, match="naive"):
        current_period(datetime(2026, 1, 1))  # noqa: DTZ001
