"""Reminders of what is due: one row per event, template and due date, made and taken back by sets.

Two at once make no row twice: the key is unique, and what is there already is counted.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.errors import InvalidInput
from app.infrastructure.db.session import rows_changed

CHILE = "America/Santiago"
MOST_DAYS = 366
# A reminder whose moment was missed by less than this is still made, and goes out at once: beat
# or the workers were down. An older one is not: "in 7 days" would be a lie three days before.
GRACE_HOURS = 12

_WANTED = f"""
    SELECT e.id AS event_id, e.company_id, t.code,
        'cal:' || e.id || ':' || t.code || ':' || e.due_date AS dedupe_key,
        (e.due_date - t.days_before + t.send_at) AT TIME ZONE '{CHILE}' AS at,
        jsonb_build_object(
            'company', c.business_name, 'rut', c.rut, 'event', k.name,
            'period', to_char(e.period_start, 'MM/YYYY'),
            'year', to_char(e.period_start, 'YYYY'), 'installment', e.installment,
            'due_date', to_char(e.due_date, 'DD/MM/YYYY'), 'days', abs(t.days_before)) AS context
    FROM calendar_events e
    JOIN notification_templates t ON t.event_code = e.template_code AND t.is_active
        AND t.days_before IS NOT NULL
    JOIN notification_subscriptions s ON s.company_id = e.company_id
        AND s.template_code = t.code AND s.enabled
    JOIN companies c ON c.id = e.company_id AND c.is_active
    JOIN event_templates k ON k.code = e.template_code
    WHERE e.status IN ('pending', 'in_progress', 'overdue')
        AND e.due_date <= CAST(:last AS date) AND e.due_date >= CAST(:first AS date)
"""  # noqa: S608 (a constant)
_CREATE = text(f"""
    WITH wanted AS ({_WANTED}), possible AS (
        SELECT * FROM wanted
        WHERE at > CAST(:now AS timestamptz) - interval '{GRACE_HOURS} hours'
    ), made AS (
        INSERT INTO scheduled_notifications
            (id, dedupe_key, company_id, template_code, context, scheduled_for, status,
             entity_type, entity_id)
        SELECT gen_random_uuid(), dedupe_key, company_id, code, context, at, 'pending',
            'calendar_event', event_id
        FROM possible ORDER BY dedupe_key
        ON CONFLICT (dedupe_key) DO UPDATE
        -- a reminder that was taken back because its event was closed or moved, and came back
        SET status = 'pending', scheduled_for = excluded.scheduled_for, context = excluded.context
        WHERE scheduled_notifications.status = 'cancelled'
        RETURNING 1
    )
    SELECT (SELECT count(DISTINCT event_id) FROM wanted) AS events,
        (SELECT count(*) FROM possible) AS possible, (SELECT count(*) FROM made) AS made
""")  # noqa: S608
_CANCEL = text("""
    UPDATE scheduled_notifications n SET status = 'cancelled'
    WHERE n.status = 'pending' AND n.entity_type = 'calendar_event' AND NOT EXISTS (
        SELECT FROM calendar_events e
        JOIN notification_templates t ON t.code = n.template_code AND t.is_active
        JOIN notification_subscriptions s ON s.company_id = n.company_id
            AND s.template_code = n.template_code AND s.enabled
        WHERE e.id = n.entity_id AND e.status NOT IN ('completed', 'cancelled')
            AND n.dedupe_key = 'cal:' || e.id || ':' || n.template_code || ':' || e.due_date)
""")
# Templates remind up to this many days after the due date: `days_before` of -30 is the least.
_OVERDUE_DAYS = 31


def sync_calendar(
    session: Session, *, days_ahead: int = 30, now: datetime | None = None
) -> dict[str, int]:
    """Makes the reminders of what is due within `days_ahead` days, takes back those that have
    lost their event, their date or their subscriber, and counts both.

    Raises InvalidInput for days outside 1..366.
    """
    if not 1 <= days_ahead <= MOST_DAYS:
        raise InvalidInput(
            f"days_ahead is {days_ahead}; it must be from 1 to {MOST_DAYS}.", "days_ahead"
        )
    now = now or datetime.now(UTC)
    today = now.astimezone(ZoneInfo(CHILE)).date()
    cancelled = rows_changed(session, _CANCEL)
    days = {"first": today.toordinal() - _OVERDUE_DAYS, "last": today.toordinal() + days_ahead}
    dates = {name: type(today).fromordinal(day) for name, day in days.items()}
    found = session.execute(_CREATE, {"now": now, **dates}).one()
    return {
        "events_processed": found.events,
        "notifications_created": found.made,
        "existing": found.possible - found.made,
        "cancelled": cancelled,
    }
