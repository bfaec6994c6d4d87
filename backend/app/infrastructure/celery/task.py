"""The base class of every task: time limits by queue, retries by type of error."""

import logging
import random
import time
from typing import Any
from uuid import UUID

import redis
from celery import Task, states
from celery.exceptions import Ignore, Reject

from app.errors import (
    DatabaseUnavailable,
    FiscalError,
    OutOfTime,
    PoisonRun,
    QueueUnavailable,
    RunCancelled,
    RunTakenOver,
    TransientError,
)
from app.infrastructure.celery.outages import AWAY, was_interrupted
from app.infrastructure.celery.topology import QUEUES, SYSTEM_TASKS, TASKS, VISIBILITY_TIMEOUT
from app.services.attempts import MAX_CRASHES, Attempt
from app.services.onboarding import after_run
from app.services.onboarding_steps import BY_TASK

BACKOFF_BASE = 60  # s: the first retry waits about this long, each later one twice as long
LONGEST_WAIT = VISIBILITY_TIMEOUT // 2  # a longer countdown would be delivered twice
STALE = 1.0  # s: a message that is refused sooner met a connection that had died before
MOST_STARTS = 300  # after which a run that is turned away uses up its tries, hours or days later


logger = logging.getLogger(__name__)


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
        """Lets a message go whose run has ended, and ends a run that kills its workers."""
        if getattr(self.request, "attempt", None) is None:
            raise Ignore
        if self.request.crashes >= MAX_CRASHES:
            raise PoisonRun

    @property
    def attempt(self) -> Attempt:
        """This start of the run, which its service holds while it stores something."""
        return Attempt(UUID(self.request.id), self.request.attempt)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the task; a transient error becomes a retry, until there are none left."""
        try:
            return self.run(*args, **kwargs)
        except SystemExit:  # the pool stops this process; the message goes back to its queue
            self.backend.stopped(self.attempt)
            raise
        except RunTakenOver as error:
            logger.warning("%s", error)
            raise Ignore from error
        except RunCancelled as error:
            self.backend.store_result(self.request.id, error, states.REVOKED, request=self.request)
            raise Ignore from error
        except TransientError as error:
            raise self._again(error) from error
        except AWAY as error:
            raise self._again(DatabaseUnavailable()) from error
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise self._again(QueueUnavailable()) from error
        except Exception as error:
            if was_interrupted(error):  # the whole worker may have been paused meanwhile
                raise self._again(OutOfTime()) from error
            raise

    def on_success(self, retval: Any, task_id: str, args: Any, kwargs: Any) -> None:  # noqa: ARG002
        """Lets an onboarding go on whose step this run was, after the ledger knows its end."""
        root_id = self.request.root_id
        if self.name in BY_TASK and root_id and root_id != task_id:
            from app import bootstrap
            from app.infrastructure.db.session import get_session_factory

            try:
                after_run(get_session_factory(), bootstrap.publisher(), UUID(root_id))
            except Exception:  # the run itself has ended well; system.reconcile goes on
                logger.warning("the onboarding goes on later", exc_info=True)

    def _again(self, error: TransientError) -> BaseException:
        """Publishes the retry and returns what ends this attempt; raises `error` after the last.

        Where Redis takes no message the one in hand goes back: Celery would end the run.
        """
        countdown = self.wait_before_retry(error)
        if not error.is_try and self.request.attempt < MOST_STARTS:
            self.request.retries -= 1  # `retry` adds the one that is not to count
        began = time.monotonic()
        ended = self._publish_retry(error, countdown)
        if isinstance(ended, Reject) and time.monotonic() - began <= STALE:
            ended = self._publish_retry(error, countdown)
        if isinstance(ended, Reject):
            logger.warning("Redis takes no message; the run goes back to its queue")
        return ended

    def _publish_retry(self, error: TransientError, countdown: int) -> BaseException:
        """Returns Celery's Retry, or the Reject that puts the message in hand back."""
        ended: BaseException
        try:
            # Without Celery's own tries: of a Redis that is paused they take 20 s, and the hard
            # limit of `high` is 10 s away where the soft one struck.
            ended = self.retry(exc=error, countdown=countdown, throw=False, retry=False)
        except Reject as unpublished:
            ended = Reject(unpublished.reason, requeue=True)
        return ended

    def wait_before_retry(self, error: TransientError) -> int:
        """Returns seconds: what the error asks for, else 60, 120, 240 with 25 % of jitter."""
        backoff = BACKOFF_BASE * 2**self.request.retries * random.uniform(0.75, 1.25)
        return int(min(max(error.retry_after or 0, backoff), LONGEST_WAIT))
