"""Writes what the tests need into the database, and reads what became of it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.infrastructure.db.models import (
    Company,
    Membership,
    NotificationDelivery,
    NotificationTemplate,
    ScheduledNotification,
    User,
)

PHONE = "+56987654321"


class Desk:
    """A company's notifications."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions

    def company(self, members: int = 1, phone: str | None = PHONE) -> UUID:
        company = Company(rut=f"{uuid4().hex[:10]}-0", business_name="Ferretería Ñandú SpA")
        users = [
            User(email=f"{uuid4().hex}@pyme.example", full_name="Ana Pérez", phone=phone)
            for _ in range(members)
        ]
        with self.sessions.begin() as session:
            session.add_all([company, *users])
            session.flush()
            session.add_all(Membership(user_id=user.id, company_id=company.id) for user in users)
        return company.id

    def template(self, code: str = "f29", **values: Any) -> str:
        texts = {
            "subject": "F29 de {{ periodo }}",
            "body": "Vence el {{ due_date }}: {{ monto }} pesos.",
            "whatsapp_template": "f29_reminder_3d",
            "whatsapp_parameters": ["due_date"],
        }
        with self.sessions.begin() as session:
            session.merge(NotificationTemplate(code=code, **(texts | values)))
        return code

    def due(
        self, company: UUID, count: int = 1, template: str = "f29", **values: Any
    ) -> list[UUID]:
        context = {"periodo": "2026-10", "due_date": "12/11/2026", "monto": 184300}
        rows = [
            ScheduledNotification(
                **(
                    {
                        "id": uuid4(),
                        "dedupe_key": uuid4().hex,
                        "company_id": company,
                        "template_code": template,
                        "context": context,
                        "scheduled_for": datetime.now(UTC) - timedelta(minutes=1),
                    }
                    | values
                )
            )
            for _ in range(count)
        ]
        ids = [row.id for row in rows]
        with self.sessions.begin() as session:
            session.add_all(rows)
        return ids

    def notification(self, notification_id: UUID) -> ScheduledNotification:
        with self.sessions() as session:
            return session.get_one(ScheduledNotification, notification_id)

    def deliveries(self, notification_id: UUID) -> list[NotificationDelivery]:
        statement = select(NotificationDelivery).where(
            NotificationDelivery.notification_id == notification_id
        )
        with self.sessions() as session:
            return list(session.scalars(statement.order_by(NotificationDelivery.channel)))

    def delivery(self, notification_id: UUID) -> NotificationDelivery:
        (only,) = self.deliveries(notification_id)
        return only

    def statuses(self) -> dict[str, int]:
        statement = select(ScheduledNotification.status, func.count()).group_by(
            ScheduledNotification.status
        )
        with self.sessions() as session:
            return dict(session.execute(statement).tuples().all())

    def make(self, rows: Iterable[object]) -> None:
        with self.sessions.begin() as session:
            session.add_all(rows)
