"""Builds `app`, which `celery -A app.infrastructure.celery` finds."""

from celery import Celery

from app.infrastructure.celery import lifecycle
from app.infrastructure.celery.config import configuration
from app.settings import get_settings

app = Celery(
    "fiscal",
    task_cls="app.infrastructure.celery.task:FiscalTask",
    include=[
        f"app.infrastructure.celery.tasks.{area}"
        for area in ("notifications", "sii", "system", "whatsapp")
    ],
)
app.config_from_object(configuration(get_settings()))
lifecycle.connect(app)
