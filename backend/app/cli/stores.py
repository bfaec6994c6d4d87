"""How a command works on the ledger. Imports nothing heavy before it is used (see `app.cli`)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from app.services.outbox import Outbox


@contextmanager
def typed_database_errors() -> Iterator[None]:
    """Turns a Postgres that is away into DatabaseUnavailable."""
    import psycopg
    from sqlalchemy.exc import OperationalError

    try:
        yield
    except psycopg.OperationalError as error:
        raise _unavailable(error) from None
    except OperationalError as error:
        raise _unavailable(error.orig) from None


def _unavailable(error: BaseException | None) -> DatabaseUnavailable:
    reason = str(error).strip().partition("\n")[0]  # names host and user, no password
    return DatabaseUnavailable(f"Postgres does not answer: {reason}.")


@contextmanager
def reading() -> Iterator["Session"]:
    """Yields a session to read by. Raises DatabaseUnavailable."""
    from app.infrastructure.db.session import session_scope

    with typed_database_errors(), session_scope() as session:
        yield session


@contextmanager
def acting() -> Iterator[tuple["Session", "Outbox"]]:
    """Yields a session and its outbox; commits, then publishes. Raises DatabaseUnavailable.

    Without Redis the runs are recorded, and `system.reconcile` publishes them later.
    """
    from app import bootstrap
    from app.infrastructure.db.session import get_session_factory
    from app.services.outbox import outbox_scope

    with (
        typed_database_errors(),
        outbox_scope(get_session_factory(), bootstrap.publisher()) as books,
    ):
        yield books
