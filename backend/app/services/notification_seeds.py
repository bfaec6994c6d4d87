"""The notifications that a new installation knows. Missing ones are added, none is overwritten.

The WhatsApp templates have to be approved by Meta under these names, in es_CL, with these
parameters (docs/notifications.md).
"""

from collections.abc import Iterator
from datetime import time
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.infrastructure.db.models import EventTemplate, NotificationTemplate

CREDENTIAL_REFUSED = "sii_credential_refused"

# event, what is due, what to do about it, days before the due date (negative: after)
_REMINDERS = (
    ("f29", "el Formulario 29 (IVA y PPM) de {{ period }}", "Revisa la propuesta del SII, declara y"
     " paga en sii.cl. Si no tuviste movimiento, igual debes declarar.", (7, 3, 1, 0, -1)),
    ("f22", "la Declaración de Renta (Formulario 22)", "Revisa la propuesta del SII y declara en"
     " sii.cl, también si el resultado es cero.", (15, 7, 1)),
    ("f50", "el Formulario 50 de {{ period }}", "Declara y paga en sii.cl los impuestos que"
     " retuviste a no residentes.", (3, 1)),
    ("previred", "el pago de cotizaciones previsionales de {{ period }}", "Paga en previred.com; el"
     " atraso genera intereses, reajustes y multas.", (3, 1, 0)),
    ("dj_1887", "la Declaración Jurada 1887 (sueldos)", "Preséntala en sii.cl y entrega los"
     " certificados a tus trabajadores.", (10, 3, 1)),
    ("dj_1879", "la Declaración Jurada 1879 (honorarios)", "Preséntala en sii.cl y revisa antes las"
     " retenciones de las boletas del año.", (10, 3, 1)),
    ("patente_municipal", "la patente municipal, cuota {{ installment }}", "Págala en tu"
     " municipalidad.", (10, 3, 0)),
    ("contribuciones", "las contribuciones de bienes raíces, cuota {{ installment }}", "Págalas en"
     " tgr.cl con el rol de la propiedad.", (10, 3, 0)),
)  # fmt: skip
_WHEN = {0: "vence hoy, {{ due_date }}", 1: "vence mañana, {{ due_date }}"}
_OTHERS: tuple[dict[str, Any], ...] = (
    {
        "code": "monthly_summary",
        "method": "monthly_summary",
        "subject": "{{ company }}: resumen de {{ period }}",
        "body": "Hola. En {{ period }}, {{ company }} tiene en el Registro de Compras y Ventas"
        " {{ sales }} documentos de venta por ${{ sales_total }} y {{ purchases }} de compra por"
        " ${{ purchases_total }}.\nRevísalos antes de declarar el F29.",
        "whatsapp_parameters": ["company", "period", "sales", "purchases"],
        "auto_assign": True,
    },
    {
        "code": "overdue_events",
        "method": "overdue_events",
        "subject": "{{ company }}: {{ count }} obligaciones vencidas",
        "body": "Hola. {{ company }} tiene obligaciones vencidas sin marcar como cumplidas:"
        " {{ events }}.\nRegulariza cuanto antes: los intereses y multas crecen con el atraso. Si"
        " ya cumpliste, márcalas en el calendario.",
        "whatsapp_parameters": ["company", "count", "events"],
        "auto_assign": True,
    },
    {
        "code": CREDENTIAL_REFUSED,
        "subject": "{{ company }}: el SII rechazó la clave tributaria",
        "body": "Hola. El SII no aceptó la clave tributaria del RUT {{ login_rut }} de"
        " {{ company }}.\nPara no bloquearla no volveremos a intentarlo. Comprueba la clave en"
        " sii.cl y actualízala aquí; nunca la envíes por mensaje ni por correo.",
        "whatsapp_parameters": ["company", "login_rut"],
        "auto_assign": True,
    },
)


def seed_notification_templates(session: Session) -> list[str]:
    """Adds the templates that are missing and returns their codes.

    A reminder whose obligation is not seeded yet waits for the next time.
    """
    known = set(session.scalars(select(EventTemplate.code)))
    rows = [row for row in all_templates() if row["event_code"] in known | {None}]
    statement = insert(NotificationTemplate).values(rows).on_conflict_do_nothing()
    return sorted(session.scalars(statement.returning(NotificationTemplate.code)))


def all_templates() -> Iterator[dict[str, Any]]:
    """Yields the columns of every template."""
    for event, what, advice, days in _REMINDERS:
        for days_before in days:
            yield _reminder(event, what, advice, days_before)
    for other in _OTHERS:
        blank = {"event_code": None, "days_before": None, "method": None, "send_at": time(9)}
        yield blank | other | {"whatsapp_template": other["code"]}


def _reminder(event: str, what: str, advice: str, days_before: int) -> dict[str, Any]:
    when = _WHEN.get(days_before, f"vence en {days_before} días, el {{{{ due_date }}}}")
    if days_before < 0:
        when = "venció el {{ due_date }}"
        advice = "Si ya cumpliste, márcalo en el calendario. Si no, regulariza hoy: la multa y los"
        advice += " intereses crecen con el atraso."
    suffix = "overdue" if days_before < 0 else f"{days_before}d" if days_before else "today"
    return {
        "code": f"{event}_{suffix}",
        "subject": f"{{{{ company }}}}: {what} {when}",
        "body": f"Hola. Para {{{{ company }}}} (RUT {{{{ rut }}}}) {what} {when}.\n{advice}",
        "whatsapp_template": f"{event}_{suffix}",
        "whatsapp_parameters": ["company", "due_date"],
        "event_code": event,
        "days_before": days_before,
        "method": None,
        "send_at": time(9),
        "auto_assign": True,
    }
