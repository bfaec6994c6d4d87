"""What the ledger says of this moment: who waits, what is in doubt, whose clave is refused; and how
the portal has answered so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from app.infrastructure.db.models import (
    NotificationDelivery,
    PortalAnswer,
    Run,
    SiiCredential,
    SiiSession,
)


@dataclass(frozen=True)
class Unfinished:
    """Runs of a queue in one state (queued, running, retrying), and the age of the oldest in s."""

    queue: str
    state: str
    runs: int
    oldest: float


def read_unfinished(session: Session) -> Sequence[Unfinished]:
    """Returns the runs that have not ended, by queue and state."""
    age = func.extract("epoch", func.clock_timestamp() - func.min(Run.queued_at))
    statement = (
        select(func.coalesce(Run.queue, ""), Run.state, func.count(), age)
        .where(Run.finished_at.is_(None))
        .group_by(Run.queue, Run.state)
    )
    return [
        Unfinished(queue, state, runs, max(float(oldest), 0.0))
        for queue, state, runs, oldest in session.execute(statement)
    ]


def read_retrying(session: Session) -> dict[tuple[str, str], int]:
    """Returns how many runs wait for their next try, by queue and code of what ended the last."""
    queue, code = func.coalesce(Run.queue, ""), func.coalesce(Run.error_code, "")
    statement = (
        select(queue, code, func.count())
        .where(Run.finished_at.is_(None), Run.state == "retrying")
        .group_by(queue, code)
    )
    return {(name, error): n for name, error, n in session.execute(statement)}


def read_deliveries(session: Session) -> dict[tuple[str, str], int]:
    """Returns how many messages there are by channel and status. Reads the whole table."""
    row = NotificationDelivery
    statement = select(row.channel, row.status, func.count()).group_by(row.channel, row.status)
    return {(channel, status): n for channel, status, n in session.execute(statement)}


def read_credentials(session: Session) -> dict[str, int]:
    """Returns how many logins at SII there are by status."""
    row = SiiCredential
    statement = select(row.status, func.count()).group_by(row.status)
    return dict(session.execute(statement).tuples().all())


def count_open_sessions(session: Session) -> int:
    """Returns how many sessions at SII are open, as far as we know: used now or left for later."""
    is_open = SiiSession.secret.is_not(None)
    return session.scalar(select(func.count()).select_from(SiiSession).where(is_open)) or 0


def read_portal_answers(session: Session) -> Sequence[Row[Any]]:
    """Returns page, kind, le (s), and the answers of just that bucket and their seconds together;
    in this order, buckets without answers left out."""
    row = PortalAnswer
    statement = select(row.page, row.kind, row.le, row.answers, row.seconds)
    return session.execute(statement.order_by(row.page, row.kind, row.le)).all()
