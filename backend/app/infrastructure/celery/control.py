"""What our workers tell on request, besides what Celery's own tell (`fiscal status` asks)."""

from typing import Any

from celery.worker.control import inspect_command

from app.settings import get_settings


@inspect_command()
def channels_off(state: Any) -> list[str]:  # noqa: ARG001 (Celery's signature)
    """Returns the message channels that this worker has no settings for, by name.

    Only a worker knows: the API's container, where people ask, has no channel's secrets.
    """
    settings = get_settings()
    configured = {
        "email": settings.smtp_url,
        "whatsapp": settings.whatsapp_phone_number_id and settings.whatsapp_access_token,
    }
    return [name for name, value in configured.items() if not value]
