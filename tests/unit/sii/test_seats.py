"""At most so many browsers at once, and a seat that its holder lost comes back to the others."""

import signal
import time

import pytest
import redis

from app.errors import BrowsersBusy
from app.infrastructure.sii.politeness import Turn
from app.infrastructure.sii.seats import Seats
from tests.unit.sii.politeness import Polite, first_line
from tests.waiting import wait_until

KEY = "sii:browsers"
LEASE = 2.0


def sit(seats: Seats) -> bool:
    """Returns whether there was a seat."""
    try:
        with seats.taken() as check:
            check()
            return True
    except BrowsersBusy:
        return False


def all_taken(seats: Seats, seconds: float) -> bool:
    """Returns whether nobody finds a seat for so long."""
    ends = time.monotonic() + seconds
    found = wait_until(lambda: "free" if sit(seats) else time.monotonic() > ends and "taken")
    return found == "taken"


def test_processes_never_have_more_seats_than_there_are(processes: Polite) -> None:
    started = [processes.start("sit", 4, 30) for _ in range(7)]
    said = [first_line(one) for one in started]
    assert sorted(said) == ["busy"] * 3 + ["seated"] * 4


def test_a_seat_that_was_left_is_free_at_once(client: redis.Redis) -> None:
    seats = Seats(client, 1)
    with seats.taken():
        assert not sit(seats)
    assert sit(seats)
    assert not client.exists(KEY)


def test_a_seat_is_free_again_after_an_error(client: redis.Redis) -> None:
    seats = Seats(client, 1)
    with pytest.raises(KeyError), seats.taken():
        raise KeyError
    assert sit(seats)


def test_a_killed_holder_s_seat_comes_back_and_a_living_one_s_does_not(
    client: redis.Redis, processes: Polite
) -> None:
    living, killed = (processes.start("sit", 2, LEASE) for _ in range(2))
    assert [first_line(living), first_line(killed)] == ["seated", "seated"]
    seats = Seats(client, 2, LEASE)
    assert not sit(seats)
    killed.kill()
    wait_until(lambda: sit(seats), 10 * LEASE, "the killed one's seat")
    with seats.taken():  # the living one renews its own, so far and from now on
        assert all_taken(seats, 2 * LEASE)
        assert client.zcard(KEY) == 2


def test_a_holder_that_stood_still_has_lost_its_seat(
    client: redis.Redis, processes: Polite
) -> None:
    holder = processes.start("sit", 1, LEASE)
    assert first_line(holder) == "seated"
    holder.send_signal(signal.SIGSTOP)
    other = Seats(client, 1, LEASE)
    try:
        wait_until(lambda: sit(other), 10 * LEASE, "its seat")
        with other.taken() as check:
            holder.send_signal(signal.SIGCONT)
            assert all_taken(other, 2 * LEASE)  # it asks again and again, in vain
            check()
            assert client.zcard(KEY) == 1
    finally:
        holder.send_signal(signal.SIGCONT)


def test_who_could_not_renew_is_told_before_the_next_request(
    client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    seats = Seats(client, 1, lease=0.6)

    def no_answer(*_: object) -> bool:
        raise redis.ConnectionError

    with seats.taken() as check:
        check()
        with monkeypatch.context() as away:
            away.setattr(seats, "_take", no_answer)
            wait_until(lambda: is_lost(check), 10, "the loss")
        wait_until(lambda: not is_lost(check), 10, "the seat, which nobody else took")


def is_lost(check: Turn) -> bool:
    try:
        check()
    except BrowsersBusy:
        return True
    return False


def test_no_number_is_any_number(client: redis.Redis) -> None:
    with Seats(client, 0).taken() as first, Seats(client, 0).taken() as second:
        first()
        second()


def test_a_clock_that_was_set_back_keeps_no_seat_taken(client: redis.Redis) -> None:
    now, _ = client.time()
    client.zadd(KEY, {"of the future": (now + 7200) * 1000})
    assert sit(Seats(client, 1))
