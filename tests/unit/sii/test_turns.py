"""Requests of all processes together keep one rate, and stand still when SII asks for it."""

import time

import pytest
import redis

from app.errors import QueueUnavailable, SiiStandstill
from app.infrastructure.sii.seats import Seats
from app.infrastructure.sii.shared_politeness import SharedPoliteness, politeness_of
from app.infrastructure.sii.turns import Turns
from app.settings import Settings
from tests.simulator import Simulator, running_simulator
from tests.unit.sii.politeness import Polite

PER_SECOND = 10.0
LATE = 0.25  # s that a first turn may be seen late, on a machine that does other things as well


def turns(client: redis.Redis, per_second: float = PER_SECOND, burst: int = 1) -> Turns:
    return Turns(client, "test", per_second=per_second, burst=burst, longest_standstill=600)


def seconds(asked: Turns, count: int) -> float:
    """Returns how long `count` turns take."""
    started = time.monotonic()
    for _ in range(count):
        asked.wait()
    return time.monotonic() - started


def test_two_processes_keep_the_rate_together(processes: Polite) -> None:
    both = [processes.start("ask", 15, PER_SECOND) for _ in range(2)]
    at = sorted(float(line) for one in both for line in one.communicate()[0].split())
    assert len(at) == 30
    assert at[-1] - at[0] >= 29 / PER_SECOND - LATE


def test_two_processes_are_never_too_fast_for_the_simulator(processes: Polite) -> None:
    """Redirects, the calls that bind a session and the logout take turns as well."""
    rate = 5
    with running_simulator(
        SIMULATOR_TODAY="2026-11-20", SIMULATOR_REQUESTS_PER_SECOND=str(rate)
    ) as simulator:
        both = [processes.start("read", *_login(simulator, key), rate) for key in ("A", "C")]
        for one in both:
            one.communicate()
        assert [one.returncode for one in both] == [0, 0]
        state = simulator.state()
    assert (state["violations"], state["open_sessions"]) == ([], {})
    assert sum(state["requests"].values()) > 20


def _login(simulator: Simulator, key: str) -> tuple[str, str, str]:
    known = simulator.company(key)
    return simulator.url, known["login_rut"], known["clave"]


def test_a_burst_may_come_at_once_after_a_silence(client: redis.Redis) -> None:
    assert seconds(turns(client, per_second=1, burst=4), 4) < 1
    assert seconds(turns(client, per_second=1, burst=4), 1) > 0.5


def test_no_rate_is_any_rate(client: redis.Redis) -> None:
    assert seconds(turns(client, per_second=0), 20) < 1


def test_each_outgoing_address_has_a_rate_of_its_own(client: redis.Redis) -> None:
    first = Turns(client, "a", per_second=0.1, longest_standstill=0)
    second = Turns(client, "b", per_second=0.1, longest_standstill=0)
    assert seconds(first, 1) + seconds(second, 1) < 1


def test_a_clock_that_was_set_back_stops_nobody(client: redis.Redis) -> None:
    now, _ = client.time()
    client.set("sii:turns:test", (now + 7200) * 1_000_000)
    assert seconds(turns(client), 1) < 1


def test_a_short_standstill_is_sat_out_by_everybody(client: redis.Redis) -> None:
    turns(client).stop_all(1)
    with pytest.raises(SiiStandstill):
        turns(client).wait(patience=0)  # as a logout does, which then goes all the same
    assert 0.7 < seconds(turns(client), 1) < 1.9


def test_a_long_standstill_ends_a_run_until_it_is_over(client: redis.Redis) -> None:
    turns(client).stop_all(120)
    with pytest.raises(SiiStandstill) as raised:
        turns(client).wait()
    assert raised.value.retry_after in (119, 120)
    assert not raised.value.is_try


def test_a_standstill_that_begins_while_a_turn_is_waited_for_counts(
    client: redis.Redis, processes: Polite
) -> None:
    asked = turns(client, per_second=0.5)
    asked.wait()
    other = processes.start("ask", 1, 0.5)  # its turn comes in two seconds
    taken = client.get("sii:turns:test")
    while client.get("sii:turns:test") == taken:
        assert other.poll() is None
    asked.stop_all(4)
    stopped = time.monotonic()
    assert float(other.communicate()[0]) - stopped > 3.5


def test_the_longer_standstill_counts_and_none_is_longer_than_allowed(client: redis.Redis) -> None:
    asked = turns(client)
    asked.stop_all(100)
    asked.stop_all(5)
    assert client.ttl("sii:standstill:test") > 90
    asked.stop_all(100_000)
    assert client.ttl("sii:standstill:test") <= 600


def test_a_standstill_may_be_turned_off(client: redis.Redis) -> None:
    Turns(client, "test", per_second=0, longest_standstill=0).stop_all(100)
    assert not client.exists("sii:standstill:test")


def test_without_redis_nobody_asks_sii_anything(caplog: pytest.LogCaptureFixture) -> None:
    away = redis.Redis.from_url("redis://127.0.0.1:1/0")
    politeness = SharedPoliteness(turns(away), Seats(away, 4))
    with pytest.raises(QueueUnavailable):
        politeness.wait_for_turn()
    with pytest.raises(QueueUnavailable), politeness.seat():
        pass
    politeness.stand_still(10)  # what asked for it goes on
    assert "do not hear" in caplog.text


def test_politeness_that_is_all_off_needs_no_redis() -> None:
    off = Settings(sii_requests_per_second=0, sii_max_browsers=0, sii_max_standstill=0)
    politeness_of(off).wait_for_turn()


def test_the_settings_decide(redis_url: str) -> None:
    politeness = politeness_of(Settings(redis_url=redis_url, sii_requests_per_second=2))
    started = time.monotonic()
    for _ in range(3):
        politeness.wait_for_turn()
    assert time.monotonic() - started >= 0.9
