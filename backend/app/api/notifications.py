"""What companies are told, by which texts, and the messages in doubt."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.api.answers import DOWN, invalid, not_found
from app.api.desk import DeskOf
from app.api.schemas.fields import WRONG_CURSOR, Cursor, Limit, Page, page_of
from app.api.schemas.notifications import (
    DeliveryView,
    NotificationView,
    Preview,
    Resolution,
    Subscription,
    SubscriptionView,
    TemplateTexts,
    TemplateView,
)
from app.services import notification_settings, resolutions
from app.services.template_checks import preview

router = APIRouter(tags=["notifications"], responses=DOWN)
DeliveryStatus = Literal["sending", "sent", "failed", "deferred", "unknown"]
WRONG_ID = invalid("company_id", "Input should be a valid UUID")
WRONG_TEXT = invalid("body", "Its context does not hold importe; it holds company, due_date.")


@router.get(
    "/companies/{company_id}/notifications",
    summary="List what a company was told and will be",
    responses=not_found("company") | invalid("cursor", WRONG_CURSOR),
)
async def show_notifications(
    company_id: UUID, desk: DeskOf, limit: Limit = 100, cursor: Cursor = None
) -> Page[NotificationView]:
    """The latest first, each with its messages."""
    return await desk.transact(
        lambda session: page_of(
            NotificationView.of,
            notification_settings.list_notifications(
                session, company_id, limit=limit, cursor=cursor
            ),
        )
    )


@router.get(
    "/companies/{company_id}/subscriptions",
    summary="List what a company is told by",
    responses=not_found("company") | WRONG_ID,
)
async def show_subscriptions(company_id: UUID, desk: DeskOf) -> list[SubscriptionView]:
    """By the template's code."""
    return await desk.transact(
        lambda session: [
            SubscriptionView.model_validate(each)
            for each in notification_settings.list_subscriptions(session, company_id)
        ]
    )


@router.put(
    "/companies/{company_id}/subscriptions/{template_code}",
    summary="Say whether a company is told by a template",
    responses=not_found("company") | invalid("channels", "Channels are email and whatsapp."),
)
async def set_subscription(
    company_id: UUID, template_code: str, body: Subscription, desk: DeskOf
) -> SubscriptionView:
    """What was scheduled already and is switched off here is not sent."""
    return await desk.transact(
        lambda session: SubscriptionView.model_validate(
            notification_settings.set_subscription(
                session,
                company_id,
                _storable(template_code),
                enabled=body.enabled,
                channels=body.channels,
            )
        )
    )


@router.get(
    "/notification-templates",
    summary="List the templates of notifications",
    responses=invalid("limit", "Input should be less than or equal to 500"),
)
async def show_templates(desk: DeskOf, limit: Limit = 500) -> list[TemplateView]:
    """By their code."""
    return await desk.transact(
        lambda session: [
            TemplateView.model_validate(each)
            for each in notification_settings.list_templates(session)[:limit]
        ]
    )


@router.put(
    "/notification-templates/{code}",
    summary="Edit a template",
    responses=not_found("notification template") | WRONG_TEXT,
)
async def edit_template(code: str, body: TemplateTexts, desk: DeskOf) -> TemplateView:
    """A template that uses a variable which its context does not hold is refused."""
    return await desk.transact(
        lambda session: TemplateView.model_validate(
            notification_settings.edit_template(session, _storable(code), body.model_dump())
        )
    )


@router.get(
    "/notification-templates/{code}/preview",
    summary="Show a template's text",
    responses=not_found("notification template") | WRONG_TEXT,
)
async def preview_template(code: str, desk: DeskOf) -> Preview:
    """With invented values."""

    def read(session: Session) -> Preview:
        text = preview(notification_settings.find_template(session, _storable(code)))
        return Preview(subject=text.subject, body=text.body)

    return await desk.transact(read)


@router.get(
    "/deliveries",
    summary="List messages by their state",
    responses=invalid("cursor", WRONG_CURSOR),
)
async def show_deliveries(
    desk: DeskOf, status: DeliveryStatus = "unknown", limit: Limit = 100, cursor: Cursor = None
) -> Page[DeliveryView]:
    """`unknown` ones wait for the provider's word or for an operator's."""
    return await desk.transact(
        lambda session: page_of(
            DeliveryView.of,
            resolutions.list_deliveries(session, status=status, limit=limit, cursor=cursor),
        )
    )


@router.post(
    "/deliveries/{delivery_id}/resolution",
    summary="Say what became of a message in doubt",
    responses=not_found("delivery")
    | invalid("outcome", "Input should be 'sent', 'failed' or 'resend'"),
)
async def resolve_delivery(delivery_id: UUID, body: Resolution, desk: DeskOf) -> DeliveryView:
    """Only `unknown` ones; `resend` is the one way in which such a message leaves again."""
    return await desk.transact(
        lambda session: DeliveryView.of(
            resolutions.resolve(session, delivery_id, body.outcome, datetime.now(UTC))
        )
    )


def _storable(code: str) -> str:
    return code.replace("\x00", "\ufffd")  # Postgres knows no NUL; no code holds this either
