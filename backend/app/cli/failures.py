"""What the database says, as an error of the house."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import DatabaseUnavailable


@contextmanager
def typed_database_errors() -> Iterator[None]:
    """Turns a database that does not answer into one sentence."""
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
