"""The ways to reach people, as far as they are configured."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.errors import ConfigurationError
from app.settings import Settings

if TYPE_CHECKING:
    from app.services.messages import Channel


def configured_channels(settings: Settings) -> "Mapping[str, Channel]":
    """Returns the configured channels by name; one that is not configured is off.

    Raises ConfigurationError where one is configured by halves.
    """
    found: dict[str, Channel] = {}
    if settings.whatsapp_phone_number_id or settings.whatsapp_access_token:
        found["whatsapp"] = _whatsapp(settings)
    if settings.smtp_url:
        from app.infrastructure.channels.email import EmailChannel

        found["email"] = EmailChannel(
            settings.require("smtp_url"), settings.mail_from, settings.mail_per_second
        )
    return found


def _whatsapp(settings: Settings) -> "Channel":
    from app.infrastructure.channels.whatsapp import WhatsAppChannel

    if not (settings.whatsapp_phone_number_id and settings.whatsapp_access_token):
        raise ConfigurationError(
            "WhatsApp is configured by halves; set both WHATSAPP_PHONE_NUMBER_ID and"
            " WHATSAPP_ACCESS_TOKEN, or neither."
        )
    return WhatsAppChannel(
        settings.whatsapp_api_url,
        settings.whatsapp_phone_number_id,
        settings.require("whatsapp_access_token"),
        settings.whatsapp_per_second,
    )
