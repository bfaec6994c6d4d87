"""`make fuzz N=20000 SEED=1`: prints the seed and a table; exits 1 where a parser let something by.

`python -m tests.fuzz 1 SEED rcv_export 17` shows one input again.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.schema import migrate
from tests.conftest import base_image
from tests.fuzz.campaign import SHOWN, Outcome, fuzz
from tests.fuzz.parsers import PARSERS

_HEAD = "| parser | inputs | accepted | rejected | other exceptions | rows of rejected inputs |"


def main(count: int, seed: str) -> int:
    """Feeds every parser `count` inputs. Returns the exit code."""
    print(f"seed {seed}, {count} inputs a parser\n\n{_HEAD}\n|---|---|---|---|---|---|", flush=True)
    outcomes: list[Outcome] = []
    with _database() as sessions:
        for parser in PARSERS:
            outcome = fuzz(sessions, parser, count, seed)
            outcomes.append(outcome)
            cells = (
                outcome.parser, outcome.inputs, outcome.accepted, outcome.rejected,
                outcome.others.total(), outcome.stray,
            )  # fmt: skip
            print(f"| {' | '.join(map(str, cells))} |", flush=True)
    for outcome in outcomes:
        for text in list(outcome.others)[:SHOWN]:
            print(f"{outcome.parser}: {text}")
    return 0 if all(outcome.is_clean for outcome in outcomes) else 1


@contextmanager
def _database() -> Iterator[sessionmaker[Session]]:
    """Yields sessions of a migrated Postgres of this run's own."""
    from testcontainers.community.postgres import PostgresContainer

    official, airgap = "pgvector/pgvector:pg17", "fiscal-base-postgres:trixie"
    image = os.environ.get("POSTGRES_IMAGE") or base_image(official, airgap)
    server = PostgresContainer(image).with_command("postgres -c fsync=off -c full_page_writes=off")
    with server:
        url = server.get_connection_url(driver="psycopg")
        migrate(url)
        engine = create_engine(url)
        yield sessionmaker(engine)
        engine.dispose()


def show(seed: str, name: str, number: str) -> int:
    """Prints one input. Returns the exit code."""
    parser = next(one for one in PARSERS if one.name == name)
    print(ascii(parser.make(Random(f"{seed}/{name}/{number}"))))
    return 0


if __name__ == "__main__":
    asked = sys.argv[3:]
    sys.exit(show(sys.argv[2], *asked) if asked else main(int(sys.argv[1]), sys.argv[2]))
