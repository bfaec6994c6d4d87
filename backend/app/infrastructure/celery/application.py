"""The Celery app."""

from celery import Celery

from app.infrastructure.celery import lifecycle
from app.infrastructure.celery.config import configuration
from app.settings import get_settings

app = Celery(
    "fiscal",
    task_cls="app.infrastructure.celery.task:FiscalTask",
    include=[
        f"app.infrastructure.celery.tasks.{area}"
        for area in ("calendar", "memory", "notifications", "sii", "sii_f29", "system", "whatsapp")
    ],
)
app.config_from_object(configuration(get_settings()))
lifecycle.connect(app)
