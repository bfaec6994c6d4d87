"""Tasks of the WhatsApp assistant. Queue `default`."""

from typing import Any

from app import bootstrap
from app.infrastructure.celery import app


@app.task(name="whatsapp.cleanup_old_sessions", soft_time_limit=60, time_limit=90)
def cleanup_old_sessions(*, threshold_hours: int = 1) -> dict[str, Any]:
    """Forgets conversations that have been silent for `threshold_hours`."""
    from app.services import whatsapp_sessions

    return whatsapp_sessions.cleanup_old_sessions(
        bootstrap.whatsapp_sessions(), threshold_hours=threshold_hours
    )
