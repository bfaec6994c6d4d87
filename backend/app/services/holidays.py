"""Days that an operator calls holidays, on top of the national ones."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.business_days import national_holidays
from app.errors import NotFound
from app.infrastructure.db.models import ExtraHoliday, Run
from app.services.calendar_requests import request_sync_of_all
from app.services.outbox import Outbox


def extra_holidays(session: Session) -> frozenset[date]:
    """Returns every extra holiday: a few each year."""
    return frozenset(session.scalars(select(ExtraHoliday.day)))


@dataclass(frozen=True, order=True)
class Holiday:
    """A day on which nothing is due that rolls."""

    day: date
    name: str
    is_national: bool  # known by itself; the others are an operator's


def list_holidays(session: Session, year: int) -> list[Holiday]:
    """Returns a year's holidays, the national ones and an operator's."""
    national = national_holidays(year)
    statement = select(ExtraHoliday).where(
        ExtraHoliday.day.between(date(year, 1, 1), date(year, 12, 31))
    )
    extra = [row for row in session.scalars(statement) if row.day not in national]
    return sorted(
        [Holiday(day, name, True) for day, name in national.items()]
        + [Holiday(row.day, row.name, False) for row in extra]
    )


def find_holiday(session: Session, day: date) -> Holiday:
    """Returns the holiday on `day`. Raises NotFound."""
    national = national_holidays(day.year).get(day)
    if national:
        return Holiday(day, national, True)
    found = session.get(ExtraHoliday, day)
    if found is None:
        raise NotFound(f"{day} is no holiday.")
    return Holiday(found.day, found.name, False)


def set_holiday(
    session: Session, outbox: Outbox, day: date, *, name: str
) -> tuple[Holiday, Run | None]:
    """Makes a day a holiday, and starts a sync of every calendar unless it was one already."""
    is_new = day not in national_holidays(day.year) and session.get(ExtraHoliday, day) is None
    statement = insert(ExtraHoliday).values(day=day, name=name)
    session.execute(
        statement.on_conflict_do_update(index_elements=[ExtraHoliday.day], set_={"name": name})
    )
    session.expire_all()
    run = request_sync_of_all(session, outbox) if is_new else None
    return find_holiday(session, day), run


def delete_holiday(session: Session, outbox: Outbox, day: date) -> Run:
    """Makes a day an ordinary one again, and starts a sync of every calendar. Raises NotFound."""
    statement = delete(ExtraHoliday).where(ExtraHoliday.day == day).returning(ExtraHoliday.day)
    if session.scalar(statement) is None:
        raise NotFound(f"{day} is no holiday that an operator has set.")
    return request_sync_of_all(session, outbox)
