"""Fast enough, and over in time: what is not sent by then is given back."""

import signal
import threading
import time

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.services import sending
from app.services.messages import Message
from tests.unit.notifications.conftest import Process
from tests.unit.notifications.desk import Desk
from tests.unit.notifications.scripted import ScriptedChannel


def test_near_the_deadline_no_send_begins_and_the_claims_are_given_back(
    desk: Desk, process: Process
) -> None:
    desk.due(desk.company(members=3), count=60)
    email = ScriptedChannel()
    pause = threading.Event()
    email.on_send = lambda message: pause.wait(0.5)
    sends_for = 3  # s: one that only just suffices to begin is a race with a busy machine
    deadline = time.monotonic() + sending.LAST_START + sends_for
    counts = process(email, deadline=deadline)
    assert time.monotonic() < deadline
    assert 0 < counts["sent"] < 60
    assert counts["remaining"] == 60 - counts["sent"]
    assert desk.statuses() == {"sent": counts["sent"], "pending": counts["remaining"]}
    assert max(email.timeouts) <= sending.LAST_START + sends_for

    email.on_send = lambda message: None

    while process(email)["remaining"]:
        pass
    assert len(email.sent) == len({message.delivery_id for message in email.sent}) == 180


def test_an_interrupted_run_finishes_what_is_on_the_wire_and_gives_back_the_rest(
    desk: Desk, process: Process
) -> None:
    email = ScriptedChannel()
    pause = threading.Event()
    desk.due(desk.company(), count=40)

    def interrupt(signal_number: int, frame: object) -> None:
        raise SoftTimeLimitExceeded

    previous = signal.signal(signal.SIGALRM, interrupt)
    email.on_send = lambda message: (signal.setitimer(signal.ITIMER_REAL, 0.1), pause.wait(0.5))
    try:
        with pytest.raises(SoftTimeLimitExceeded):
            process(email)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    sent = len(email.sent)
    assert 0 < sent <= sending.THREADS
    assert desk.statuses() == {"sent": sent, "pending": 40 - sent}


def test_an_interruption_in_a_statement_loses_no_outcome(desk: Desk, process: Process) -> None:
    email = ScriptedChannel()
    email.per_second = 1000  # its row says when the next one may go, and makes the run wait
    desk.due(desk.company(), count=40)
    mutex = threading.Lock()

    with desk.sessions() as other:

        def lock(message: Message) -> None:
            with mutex:
                if not other.in_transaction():
                    other.execute(text("SELECT FROM channel_limits FOR UPDATE"))
                    signal.setitimer(signal.ITIMER_REAL, 0.5)

        def interrupt(signal_number: int, frame: object) -> None:
            email.on_send = lambda message: None
            other.rollback()
            raise SoftTimeLimitExceeded

        previous = signal.signal(signal.SIGALRM, interrupt)
        email.on_send = lock
        try:
            # The latter where psycopg cannot roll back what was interrupted.
            with pytest.raises((SoftTimeLimitExceeded, OperationalError)):
                process(email)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
    sent = len(email.sent)
    assert desk.statuses() == {"sent": sent, "pending": 40 - sent}


def test_a_connection_that_breaks_loses_no_outcome(desk: Desk, process: Process) -> None:
    email = ScriptedChannel()
    desk.due(desk.company(), count=40)
    everybody_else = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    first, broken = threading.Lock(), threading.Event()

    def break_once(message: Message) -> None:
        if first.acquire(blocking=False):
            with desk.sessions() as session:
                session.execute(everybody_else)
            broken.set()
        assert broken.wait(10)

    email.on_send = break_once
    with pytest.raises(OperationalError):
        process(email)
    sent = len(email.sent)
    assert sent == sending.THREADS
    assert desk.statuses() == {"sent": sent, "pending": 40 - sent}
    email.on_send = lambda message: None
    assert process(email)["sent"] == 40 - sent


def test_fifty_slow_messages_go_out_in_a_few_seconds(desk: Desk, process: Process) -> None:
    desk.due(desk.company(), count=50)
    email = ScriptedChannel()
    pause = threading.Event()
    email.on_send = lambda message: pause.wait(0.3)
    started = time.monotonic()
    assert process(email)["sent"] == 50
    assert time.monotonic() - started < 8, "one after the other would take 15 s"
