"""What templates that no due date triggers are about: one gatherer per method, in an allow-list.

A gatherer is one statement that yields `company_id` and `context` for each company that there is
something to tell about, between two dates in Chile, both included.
"""

from collections.abc import Mapping

_MONTHLY_SUMMARY = """
    SELECT d.company_id, jsonb_build_object(
        'company', c.business_name, 'period', to_char(CAST(:start AS date), 'MM/YYYY'),
        'sales', count(*) FILTER (WHERE d.direction = 'sale'),
        'purchases', count(*) FILTER (WHERE d.direction = 'purchase'),
        'sales_total', coalesce(sum(signed.total) FILTER (WHERE d.direction = 'sale'), 0),
        'purchases_total', coalesce(sum(signed.total) FILTER (WHERE d.direction = 'purchase'), 0))
        AS context
    FROM tax_documents d JOIN companies c ON c.id = d.company_id AND c.is_active
    CROSS JOIN LATERAL (
        SELECT CASE WHEN d.doc_type IN (60, 61, 106, 112) THEN -d.total ELSE d.total END AS total
    ) signed -- credit notes subtract
    JOIN notification_subscriptions s ON s.company_id = c.id AND s.template_code = :code
        AND s.enabled
    WHERE d.period = to_char(CAST(:start AS date), 'YYYY-MM') AND d.vanished_at IS NULL
    GROUP BY d.company_id, c.business_name
"""
_OVERDUE_EVENTS = """
    SELECT e.company_id, jsonb_build_object(
        'company', c.business_name, 'count', count(*),
        'events', string_agg(k.name || ' (' || to_char(e.due_date, 'DD/MM/YYYY') || ')', ', '
            ORDER BY e.due_date)) AS context
    FROM calendar_events e JOIN companies c ON c.id = e.company_id AND c.is_active
    JOIN event_templates k ON k.code = e.template_code
    JOIN notification_subscriptions s ON s.company_id = c.id AND s.template_code = :code
        AND s.enabled
    WHERE e.status NOT IN ('completed', 'cancelled') AND e.due_date < CAST(:end AS date)
        AND e.due_date >= CAST(:end AS date) - 60
    GROUP BY e.company_id, c.business_name
"""
_REFUSED_CREDENTIALS = """
    SELECT c.id AS company_id, jsonb_build_object(
        'company', c.business_name, 'login_rut', k.login_rut) AS context
    FROM sii_credentials k JOIN companies c ON c.id = k.company_id AND c.is_active
    JOIN notification_subscriptions s ON s.company_id = c.id AND s.template_code = :code
        AND s.enabled
    WHERE k.status = 'invalid'
"""

GATHERERS: Mapping[str, str] = {
    "monthly_summary": _MONTHLY_SUMMARY,
    "overdue_events": _OVERDUE_EVENTS,
    "refused_credentials": _REFUSED_CREDENTIALS,
}
# What each gives to its template; the API refuses a template that uses anything else.
VARIABLES: Mapping[str, frozenset[str]] = {
    "monthly_summary": frozenset(
        {"company", "period", "sales", "purchases", "sales_total", "purchases_total"}
    ),
    "overdue_events": frozenset({"company", "count", "events"}),
    "refused_credentials": frozenset({"company", "login_rut"}),
}
CALENDAR_VARIABLES = frozenset(
    {"company", "rut", "event", "period", "year", "installment", "due_date", "days"}
)
EXAMPLES: Mapping[str, object] = {
    "company": "Panadería Las Nieves SpA",
    "rut": "77123456-9",
    "event": "Formulario 29",
    "period": "10/2026",
    "year": "2026",
    "installment": 1,
    "due_date": "12/11/2026",
    "days": 3,
    "sales": 42,
    "purchases": 17,
    "sales_total": 5950000,
    "purchases_total": 1190000,
    "count": 2,
    "events": "Formulario 29 (12/10/2026), Previred (13/10/2026)",
    "login_rut": "77123456-9",
}
