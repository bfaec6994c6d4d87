"""Tells the members of a company, once, that SII has refused their clave."""

from datetime import UTC, datetime
from hashlib import sha256

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.infrastructure.db.models import NotificationTemplate, ScheduledNotification, SiiCredential
from app.services.notification_seeds import CREDENTIAL_REFUSED


def tell_of_refusal(session: Session, credential: SiiCredential) -> None:
    """Schedules the notification in the caller's transaction: one per clave that was set.

    Where the template is missing, or an operator has switched it off, nobody is told.
    """
    template = session.get(NotificationTemplate, CREDENTIAL_REFUSED)
    if template is None or not template.is_active:
        return
    # Fernet never encrypts to the same text twice, so this is the change, and not the clave.
    change = sha256(credential.secret.encode()).hexdigest()[:16]
    statement = insert(ScheduledNotification).values(
        dedupe_key=f"credential:{credential.company_id}:{change}",
        company_id=credential.company_id,
        template_code=CREDENTIAL_REFUSED,
        context={
            "company": credential.company.business_name,
            "login_rut": credential.login_rut,
        },
        scheduled_for=datetime.now(UTC),
    )
    session.execute(statement.on_conflict_do_nothing(index_elements=["dedupe_key"]))
