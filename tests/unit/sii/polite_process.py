"""A process that is polite together with others: `python -m tests.unit.sii.polite_process ...`

`ask COUNT PER_SECOND`: takes turns and prints when it had each, in seconds of the machine's clock.
`sit SEATS LEASE`: takes a seat, says `seated` or `busy`, and keeps it until its input ends.
`read ADDRESS RUT CLAVE PER_SECOND`: reads a company's registers at a simulator.
"""

import os
import sys
import time

import redis

from app.errors import BrowsersBusy
from app.infrastructure.sii.seats import Seats
from app.infrastructure.sii.turns import Turns

CLIENT = redis.Redis.from_url(os.environ["REDIS_URL"])


def turns(per_second: float) -> Turns:
    return Turns(CLIENT, "test", per_second=per_second, longest_standstill=60)


def say(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def ask(count: str, per_second: str) -> None:
    shared = turns(float(per_second))
    for _ in range(int(count)):
        shared.wait()
        say(time.monotonic())


def sit(seats: str, lease: str) -> None:
    try:
        with Seats(CLIENT, int(seats), float(lease)).taken():
            say("seated")
            sys.stdin.read()
    except BrowsersBusy:
        say("busy")


def read(address: str, rut: str, clave: str, per_second: str) -> None:
    # Imported here: the others are started by the dozen.
    from app.domain.documents import Direction
    from app.domain.periods import Period
    from app.infrastructure.sii import portal as portal_module
    from app.infrastructure.sii.shared_politeness import SharedPoliteness
    from tests.scenarios.http_login import log_in, settings_of
    from tests.unit.sii.asked import Asked

    portal_module.log_in = log_in
    politeness = SharedPoliteness(turns(float(per_second)), Seats(CLIENT, 4))
    portal = portal_module.SiiPortal(settings_of(address), politeness)
    with portal.open_session(rut, clave) as session:
        for direction in Direction:
            session.read_register(rut, Period(2026, 11), direction, Asked())


if __name__ == "__main__":
    {"ask": ask, "sit": sit, "read": read}[sys.argv[1]](*sys.argv[2:])
