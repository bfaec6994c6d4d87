"""What the database says, as an error of the house."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import DatabaseUnavailable


@contextmanager
def typed_database_errors() -> Iterator[None]:
    """Turns a database that does not answer into one sentence."""
    from sqlalchemy.exc import OperationalError

    try:
        yield
    except OperationalError as error:
        reason = str(error.orig).strip().partition("\n")[0]  # names host and user, no password
        raise DatabaseUnavailable(f"Postgres does not answer: {reason}.") from None
