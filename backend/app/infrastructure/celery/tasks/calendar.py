"""Tasks of the tax calendar. Queue `default`. Database work only: seconds, but for the fan-out."""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app import bootstrap
from app.infrastructure.celery import app

WORKING_TIME = 90  # s, under the fan-out's soft limit; what is left goes to a run of its own


@app.task(name="calendar.sync_company", bind=True, soft_time_limit=60, time_limit=90)
def sync_company(self: Any, *, company_id: str) -> dict[str, Any]:
    """Brings a company's calendar up to date."""
    from app.domain.periods import day_in_chile
    from app.infrastructure.db.session import session_scope
    from app.services import calendar
    from app.services.companies import company_uuid

    with session_scope() as session:
        today = day_in_chile(datetime.now(UTC))
        result = calendar.sync_company(session, company_uuid(company_id), today=today)
        self.attempt.hold(session)
    return result


@app.task(name="calendar.sync_all_companies", bind=True, soft_time_limit=120, time_limit=150)
def sync_all_companies(self: Any, *, again: bool = False, after: str | None = None) -> Any:
    """Starts a sync per active company: one per company and day, or one more with `again`."""
    from app.domain.periods import day_in_chile
    from app.infrastructure.db.session import get_session_factory
    from app.services import calendar_fan_out

    return calendar_fan_out.sync_all_companies(
        get_session_factory(),
        bootstrap.publisher(),
        attempt=self.attempt,
        root_id=UUID(self.request.root_id),
        day=day_in_chile(datetime.now(UTC)),
        deadline=time.monotonic() + WORKING_TIME,
        again=again,
        after=UUID(after) if after else None,
    )


@app.task(name="calendar.activate_mandatory_events", bind=True, soft_time_limit=60, time_limit=90)
def activate_mandatory_events(self: Any, *, company_id: str) -> dict[str, Any]:
    """Makes a company follow what every company must, and what applies by its known facts."""
    from app.infrastructure.db.session import session_scope
    from app.services import obligations
    from app.services.companies import company_uuid

    with session_scope() as session:
        result = obligations.activate_mandatory_events(session, company_uuid(company_id))
        self.attempt.hold(session)
    return result


@app.task(name="calendar.assign_auto_notifications", bind=True, soft_time_limit=60, time_limit=90)
def assign_auto_notifications(
    self: Any, *, company_id: str, is_new_company: bool = True
) -> dict[str, Any]:
    """Subscribes a new company to the reminders that come without asking."""
    from app.infrastructure.db.session import session_scope
    from app.services import auto_notifications
    from app.services.companies import company_uuid

    with session_scope() as session:
        assigned = auto_notifications.assign_auto_notifications(
            session, company_uuid(company_id), is_new_company=is_new_company
        )
        self.attempt.hold(session)
    return {"assigned_notifications": assigned}
