"""How the portal answers: counted here by page and kind, and added to Postgres.

A session adds what it has met when it ends, however it ends, and not with each request. What a
process had not added when it was killed is lost: the answers of one session.
"""

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from math import inf
from time import monotonic
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import (
    CredentialsBlocked,
    FiscalError,
    IncompleteAnswer,
    InvalidCredentials,
    PdfUnusable,
    RateLimited,
    RecaptchaRequired,
    SessionExpired,
    SiiUnavailable,
    TooManySessions,
    UnexpectedAnswer,
)
from app.infrastructure.db.models import PortalAnswer
from app.infrastructure.sii.politeness import Turn

F = TypeVar("F", bound=Callable[..., Any])

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)  # s
OK, TIMEOUT, UNREACHABLE = "ok", "timeout", "unreachable"
# What an answer can be. That we ourselves keep a request back, or fail, says nothing of the portal.
FAULTS = (
    *(SiiUnavailable, RateLimited, SessionExpired, TooManySessions),
    *(InvalidCredentials, CredentialsBlocked, RecaptchaRequired),
    *(UnexpectedAnswer, IncompleteAnswer, PdfUnusable),
)

_logger = logging.getLogger(__name__)


def kind_of(error: FiscalError) -> str | None:
    """Returns the kind of answer that an error stands for, None where it stands for none."""
    if isinstance(error, SiiUnavailable) and error.seen:
        return error.seen
    return error.code if isinstance(error, FAULTS) else None


@dataclass
class Answer:
    """What a page answers, and how long that took: the time between `resume` and `pause`."""

    page: str
    kind: str | None = None  # None: not known, and not counted
    seconds: float = 0.0
    _since: float | None = None

    def resume(self) -> None:
        """Begins, or goes on, to wait for the portal."""
        self._since = monotonic()

    def pause(self) -> None:
        """Waits for the portal no longer; does nothing where it did not wait."""
        if self._since is not None:
            self.seconds += monotonic() - self._since
            self._since = None


class Tally:
    """The answers of a process. Not for several threads."""

    def __init__(self, sessions: sessionmaker[Session] | None = None) -> None:
        """`sessions`: of the database to add to; None adds to none."""
        self._sessions = sessions
        self._counts: dict[tuple[str, str, float], tuple[int, float]] = {}
        self._asked: Answer | None = None  # it is waited for
        self._last: Answer | None = None  # it has come, and may still turn out to be no good

    @contextmanager
    def answer(self, page: str) -> Iterator[Answer]:
        """Yields the answer that a page gives meanwhile; what is raised says of which kind it is.

        Its time begins with the turn that is taken inside, if nobody resumes it before.
        """
        self._settle()
        self._asked = answer = Answer(page)
        try:
            yield answer
            answer.kind = answer.kind or OK
        except FiscalError as error:
            answer.kind = answer.kind or kind_of(error)
            raise
        finally:
            answer.pause()
            self._asked, self._last = None, answer

    def turn(self, turn: Turn) -> Turn:
        """Returns a turn that is waited for at nobody's cost: an answer's time goes on after it."""

        def taken() -> None:
            if self._asked is not None:
                self._asked.pause()
            turn()
            if self._asked is not None:
                self._asked.resume()

        return taken

    def judge(self, error: FiscalError) -> None:
        """Takes back that the last answer was good: reading it has led to this error."""
        if self._last is not None and self._last.kind == OK:
            self._last.kind = kind_of(error) or OK

    def add(self, page: str, kind: str, seconds: float) -> None:
        """Counts one answer."""
        le = (*BUCKETS, inf)[bisect_left(BUCKETS, seconds)]
        number, total = self._counts.get((page, kind, le), (0, 0.0))
        self._counts[page, kind, le] = (number + 1, total + seconds)

    @contextmanager
    def flushed(self) -> Iterator[None]:
        """Adds what is counted meanwhile to Postgres, whatever happens."""
        try:
            yield
        finally:
            self.flush()

    def flush(self) -> None:
        """Adds what was counted to Postgres. What Postgres does not take is kept for next time."""
        self._settle()
        if self._sessions is None or not self._counts:
            return
        rows = [  # in the order of their keys, so that two of these never wait for each other
            {"page": page, "kind": kind, "le": le, "answers": number, "seconds": total}
            for (page, kind, le), (number, total) in sorted(self._counts.items())
        ]
        more = insert(PortalAnswer).values(rows)
        added = more.on_conflict_do_update(
            index_elements=[PortalAnswer.page, PortalAnswer.kind, PortalAnswer.le],
            set_={
                "answers": PortalAnswer.answers + more.excluded.answers,
                "seconds": PortalAnswer.seconds + more.excluded.seconds,
            },
        )
        try:
            with self._sessions.begin() as session:
                session.execute(added)
        except SQLAlchemyError as error:
            # Not worth failing a run. A commit whose answer was lost counts twice: rare enough.
            _logger.warning("the portal's answers are not added yet: %s", type(error).__name__)
        else:
            self._counts.clear()

    def _settle(self) -> None:
        last, self._last = self._last, None
        if last is not None and last.kind and last.seconds:  # without a time nothing was asked
            self.add(last.page, last.kind, last.seconds)


UNCOUNTED = Tally()


class _Reader(Protocol):
    _tally: Tally


def judged(read: F) -> F:
    """Makes a session's method tell the tally what was wrong with an answer that it has read."""

    @wraps(read)
    def judge(self: _Reader, *args: Any, **kwargs: Any) -> Any:
        try:
            return read(self, *args, **kwargs)
        except FiscalError as error:
            self._tally.judge(error)
            raise

    return cast(F, judge)
