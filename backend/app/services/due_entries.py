"""When beat's entries are due: what tells a late beat from an idle one."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.infrastructure.db.models import DueEntry


def store_due_entries(session: Session, due: Mapping[str, datetime]) -> None:
    """Makes `due`, aware moments by entry, the whole of what is expected."""
    session.execute(delete(DueEntry).where(DueEntry.entry.not_in(list(due))))
    if due:
        statement = insert(DueEntry).values(
            [{"entry": entry, "due_at": moment} for entry, moment in due.items()]
        )
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[DueEntry.entry], set_={"due_at": statement.excluded.due_at}
            )
        )


def read_lateness(session: Session) -> dict[str, timedelta]:
    """Returns by entry how long it is overdue now; zero where it is not due yet."""
    late = func.greatest(func.clock_timestamp() - DueEntry.due_at, timedelta(0))
    return dict(session.execute(select(DueEntry.entry, late)).tuples().all())
