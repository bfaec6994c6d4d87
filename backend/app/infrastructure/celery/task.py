"""The base class of every task: time limits by queue, retries by type of error."""

import random
from typing import Any

from celery import Task
from celery.exceptions import Ignore

from app.errors import DatabaseUnavailable, FiscalError, TransientError
from app.infrastructure.celery.outages import AWAY
from app.infrastructure.celery.topology import QUEUES, SYSTEM_TASKS, TASKS, VISIBILITY_TIMEOUT

BACKOFF_BASE = 60  # s: the first retry waits about this long, each later one twice as long
LONGEST_WAIT = VISIBILITY_TIMEOUT // 2  # a longer countdown would be delivered twice


class FiscalTask(Task):
    """Retries transient errors with backoff and jitter; every other error fails at once."""

    abstract = True
    max_retries = 3
    default_retry_delay = BACKOFF_BASE
    throws = (FiscalError,)  # expected: logged in one line, without a traceback

    @classmethod
    def on_bound(cls, app: Any) -> None:
        """Gives a task the time limits of its queue, unless it asks for less."""
        queue = QUEUES.get((TASKS | SYSTEM_TASKS).get(cls.name, ""))
        if queue is not None:
            cls.soft_time_limit = min(
                cls.soft_time_limit or queue.soft_time_limit, queue.soft_time_limit
            )
            cls.time_limit = min(cls.time_limit or queue.time_limit, queue.time_limit)

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:  # noqa: ARG002
        """Lets a run go whose request was refused after its message had left (ledger.py)."""
        if getattr(self.request, "refused", False):
            raise Ignore

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the task; a transient error becomes a retry, until there are none left."""
        try:
            return self.run(*args, **kwargs)
        except TransientError as error:
            raise self._again(error) from error
        except AWAY as error:
            raise self._again(DatabaseUnavailable()) from error

    def _again(self, error: TransientError) -> BaseException:
        """Publishes the retry and returns what ends this attempt; raises `error` after the last."""
        ended: BaseException = self.retry(
            exc=error, countdown=self.wait_before_retry(error), throw=False
        )
        return ended

    def wait_before_retry(self, error: TransientError) -> int:
        """Returns seconds: what the error asks for, else 60, 120, 240 with 25 % of jitter."""
        backoff = BACKOFF_BASE * 2**self.request.retries * random.uniform(0.75, 1.25)
        return int(min(max(error.retry_after or 0, backoff), LONGEST_WAIT))
