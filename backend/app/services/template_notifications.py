"""Notifications that a template's own method asks for, such as the summary of a month."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app.domain.periods import CHILE
from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import NotificationTemplate
from app.services.template_contexts import GATHERERS

DAILY = "daily"  # every template that has a method: what beat asks for

# One statement for all companies, so that the memory does not grow with their number.
_SCHEDULE = {
    method: text(f"""
        WITH told AS ({gatherer}), made AS (
            INSERT INTO scheduled_notifications
                (id, dedupe_key, company_id, template_code, context, scheduled_for, status)
            SELECT gen_random_uuid(), :prefix || company_id || ':' || :last, company_id, :code,
                context, :at, 'pending'
            FROM told ORDER BY company_id
            ON CONFLICT (dedupe_key) DO NOTHING RETURNING 1
        )
        SELECT (SELECT count(*) FROM told) AS found, (SELECT count(*) FROM made) AS made
    """)  # noqa: S608 (constants of ours)
    for method, gatherer in GATHERERS.items()
}


def process_template_notification(
    session: Session,
    template_code: str,
    *,
    run_date: str | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """Schedules a template's notifications for the companies that its method finds.

    `run_date` is a day in Chile, ISO; else today. `daily` does every active template that has a
    method. Asked again for the same dates it makes none twice. Raises NotFound for an unknown
    template, InvalidInput for one without a known method or a date that is none.
    """
    now = now or datetime.now(UTC)
    day = _day(run_date) if run_date else now.astimezone(CHILE).date()
    templates = _daily(session) if template_code == DAILY else [_template(session, template_code)]
    done = [_schedule(session, template, day, now) for template in templates]
    starts = [start for _, _, start, _ in done] or [day]
    ends = [end for _, _, _, end in done] or [day]
    processed = sum(found for found, _, _, _ in done)
    return {
        "companies_processed": processed,
        "notifications_created": sum(made for _, made, _, _ in done),
        "total": processed,
        "errors": [],  # one that fails fails them all, as a typed error
        "start_date": min(starts).isoformat(),
        "end_date": max(ends).isoformat(),
    }


def _day(run_date: str) -> date:
    try:
        return date.fromisoformat(run_date)
    except (ValueError, TypeError):
        raise InvalidInput("run_date is a day such as 2026-11-30.", "run_date") from None


def _template(session: Session, code: str) -> NotificationTemplate:
    template = session.get(NotificationTemplate, code)
    if template is None:
        raise NotFound(f"There is no notification template {code}.")
    if template.method not in GATHERERS:
        raise InvalidInput(
            f"The template {code} has no method; it needs one of {', '.join(GATHERERS)}.",
            "template_code",
        )
    return template


def _daily(session: Session) -> list[NotificationTemplate]:
    row = NotificationTemplate
    query = select(row).where(row.method.in_(GATHERERS), row.is_active).order_by(row.code)
    return list(session.scalars(query))


def period_of(method: str, day: date) -> tuple[date, date]:
    """Returns the first and last day that a method tells about when it is asked on `day`.

    The summary is about the month before; what is wrong is told once a week, from Monday on.
    """
    if method == "monthly_summary":
        last = day.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def _schedule(
    session: Session, template: NotificationTemplate, day: date, now: datetime
) -> tuple[int, int, date, date]:
    """Returns how many companies were found, how many notifications made, and the dates."""
    assert template.method is not None  # noqa: S101 (mypy)
    start, end = period_of(template.method, day)
    done = session.execute(
        _SCHEDULE[template.method],
        {
            "code": template.code,
            "prefix": f"tpl:{template.code}:",
            "last": end.isoformat(),
            "start": start,
            "end": min(end, day),  # what is overdue is so by today, not by the end of the week
            "at": max(now, datetime.combine(day, template.send_at or time(9), CHILE)),
        },
    ).one()
    return done.found, done.made, start, end
