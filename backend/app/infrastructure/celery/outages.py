"""While Postgres is away a run's change of state waits, and no run is lost over it.

Celery takes an error of its result backend for the run's own end: it acknowledges the message. A
restart of Postgres would then empty every queue in seconds, leaving rows that never finish.
"""

import logging
import time
from collections.abc import Callable

from celery import current_task, states
from celery.exceptions import Reject, SoftTimeLimitExceeded
from sqlalchemy import exc

AWAY = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
PATIENCE = 5.0  # s, for a run: its limits go on counting, and `high` has 20 s in all
PARENTS_PATIENCE = 1.0  # s: the consumer's loop stands still meanwhile
PAUSE = 0.5  # s
_WORTH_ANOTHER_TRY = {states.STARTED, states.SUCCESS, states.FAILURE}

logger = logging.getLogger(__name__)


def record(state: str, write: Callable[[], None]) -> None:
    """Calls `write`, again and again while Postgres is away.

    Raises Reject where a run's own process cannot record `state` in time: the message goes back
    to its queue. Elsewhere the loss of the record is logged: the parent has settled the message
    already, and the message of a retry is on its way.
    """
    try:
        _insist(write, PATIENCE if current_task else PARENTS_PATIENCE)
    except Exception as error:
        if not isinstance(error, AWAY) and not was_interrupted(error):
            raise
        if current_task and state in _WORTH_ANOTHER_TRY:
            reason = str(error).partition("\n")[0]  # the driver's own words, without the statement
            logger.warning("Postgres does not answer; the run goes back to its queue: %s", reason)
            raise Reject("Postgres does not answer", requeue=True) from error
        logger.error("Postgres does not answer; the state %s is not recorded", state)


def was_interrupted(error: BaseException | None) -> bool:
    """Returns whether the run's soft limit struck, also where a library's clean-up raised over it.

    SQLAlchemy's ping of a pooled connection does: a run that waited for a paused Postgres ended as
    psycopg's ProgrammingError (found by `make chaos`).
    """
    while error is not None and not isinstance(error, SoftTimeLimitExceeded):
        error = error.__cause__ or error.__context__
    return error is not None


def _insist(write: Callable[[], None], patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            return write()
        except AWAY:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)
