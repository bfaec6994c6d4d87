"""When a person may be told, on every day of Chile's clock, the 23 and 25 hour ones included."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.quiet_hours import Wishes, find_zone, first_allowed
from app.errors import InvalidInput

CHILE = ZoneInfo("America/Santiago")
NIGHT = Wishes(CHILE, time(22), time(8))
# 2026: at 24:00 of Saturday 4 April it is 23:00 again; at 0:00 of Sunday 6 September it is 1:00.
BACK, FORWARD = datetime(2026, 4, 5, 3, tzinfo=UTC), datetime(2026, 9, 6, 4, tzinfo=UTC)


def chile(*parts: int, fold: int = 0) -> datetime:
    # In UTC: Python calls no hour that comes twice equal to one of another zone (PEP 495).
    return datetime(*parts, tzinfo=CHILE, fold=fold).astimezone(UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (chile(2026, 6, 10, 21, 59), chile(2026, 6, 10, 21, 59)),
        (chile(2026, 6, 10, 22), chile(2026, 6, 11, 8)),
        (chile(2026, 6, 11, 3), chile(2026, 6, 11, 8)),
        (chile(2026, 6, 11, 8), chile(2026, 6, 11, 8)),
    ],
)
def test_quiet_hours_go_across_midnight(at: datetime, expected: datetime) -> None:
    assert first_allowed(NIGHT, at) == expected


def test_the_night_of_25_hours_is_an_hour_longer_and_that_of_23_one_shorter() -> None:
    for change, hours in ((BACK, 11), (FORWARD, 9)):
        evening = (change - timedelta(hours=6)).astimezone(CHILE).replace(hour=22, minute=0)
        assert first_allowed(NIGHT, evening) - evening.astimezone(UTC) == timedelta(hours=hours)


def test_an_hour_that_comes_twice_is_quiet_both_times_and_wakes_nobody_in_between() -> None:
    late = Wishes(CHILE, time(23, 30), time(8))
    assert first_allowed(late, chile(2026, 4, 4, 23, 45)) == chile(2026, 4, 5, 8)
    assert first_allowed(late, chile(2026, 4, 4, 23, 10, fold=1)) == chile(2026, 4, 5, 8)
    evening = Wishes(CHILE, time(20), time(23, 30))
    assert first_allowed(evening, chile(2026, 4, 4, 23)) == chile(2026, 4, 4, 23, 30, fold=1)


def test_an_end_that_the_clock_jumps_over_is_the_moment_of_the_jump() -> None:
    assert first_allowed(Wishes(CHILE, time(20), time(0, 30)), chile(2026, 9, 5, 23)) == FORWARD
    sunday_muted = Wishes(CHILE, muted_weekdays=[6])
    assert first_allowed(sunday_muted, chile(2026, 9, 5, 12)) == FORWARD


def test_so_many_a_day_and_so_far_apart() -> None:
    told = [chile(2026, 6, 10, 9), chile(2026, 6, 10, 12)]
    assert first_allowed(Wishes(CHILE, max_per_day=2), chile(2026, 6, 10, 13), told) == chile(
        2026, 6, 11, 0
    )
    assert first_allowed(Wishes(CHILE, min_interval=90), chile(2026, 6, 10, 13), told) == chile(
        2026, 6, 10, 13, 30
    )
    both = Wishes(CHILE, time(22), time(8), max_per_day=2)
    assert first_allowed(both, chile(2026, 6, 10, 13), told) == chile(2026, 6, 11, 8)


@st.composite
def wishes(draw: st.DrawFn) -> Wishes:
    quiet = draw(st.none() | st.tuples(st.times(), st.times()).filter(lambda t: t[0] != t[1]))
    start, end = (each.replace(second=0, microsecond=0) for each in quiet) if quiet else (None,) * 2
    made = Wishes(
        ZoneInfo(draw(st.sampled_from(["America/Santiago", "Pacific/Easter", "Europe/Lisbon"]))),
        *((start, end) if start != end else (None, None)),
        muted_weekdays=draw(st.sets(st.integers(1, 7), max_size=6)),
        max_per_day=draw(st.none() | st.integers(1, 3)),
        min_interval=draw(st.none() | st.integers(1, 1440)),
    )
    made.check()
    return made


moments = st.one_of(
    st.builds(
        lambda change, minutes: change + timedelta(minutes=minutes),
        st.sampled_from([BACK, FORWARD]),
        st.integers(-3000, 3000),
    ),
    st.builds(
        lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes),
        st.integers(0, 5 * 366 * 1440),
    ),
)
histories = st.lists(st.integers(1, 1500), max_size=4)  # minutes ago


@given(wishes(), moments, histories)
def test_what_is_allowed_breaks_no_wish(wish: Wishes, at: datetime, ago: list[int]) -> None:
    told = [at - timedelta(minutes=minutes) for minutes in ago]
    allowed = first_allowed(wish, at, told)
    assert at <= allowed <= at + timedelta(days=10)
    local = allowed.astimezone(wish.zone)
    assert local.isoweekday() not in wish.muted_weekdays
    if wish.quiet_start and wish.quiet_end:
        clock = local.time()
        if wish.quiet_start < wish.quiet_end:
            assert not wish.quiet_start <= clock < wish.quiet_end
        else:
            assert wish.quiet_end <= clock < wish.quiet_start
    if wish.min_interval and told:
        assert allowed - max(told) >= timedelta(minutes=wish.min_interval)
    if wish.max_per_day:
        same_day = [each for each in told if each.astimezone(wish.zone).date() == local.date()]
        assert len(same_day) < wish.max_per_day


@given(wishes(), moments, histories, st.integers(0, 20_000))
def test_nothing_earlier_was_allowed_and_later_is_never_earlier(
    wish: Wishes, at: datetime, ago: list[int], step: int
) -> None:
    told = [at - timedelta(minutes=minutes) for minutes in ago]
    allowed = first_allowed(wish, at, told)
    assert first_allowed(wish, allowed, told) == allowed
    between = at + timedelta(minutes=step)
    if between <= allowed:
        assert first_allowed(wish, between, told) == allowed
    else:
        assert first_allowed(wish, between, told) >= between


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"quiet_start": time(8), "quiet_end": time(8)}, "quiet_end"),
        ({"quiet_start": time(8)}, "quiet_end"),
        ({"muted_weekdays": [0]}, "muted_weekdays"),
        ({"muted_weekdays": range(1, 8)}, "muted_weekdays"),
        ({"max_per_day": 0}, "max_per_day"),
        ({"min_interval": 1441}, "min_interval_minutes"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(values: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Wishes(CHILE, **values).check()  # type: ignore[arg-type]
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "America", "../etc/passwd", "\x00"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="no time zone"):
        find_zone(name)
