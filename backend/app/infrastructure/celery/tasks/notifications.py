"""Tasks that people wait for. Queue `high`."""

import time
from typing import Any
from uuid import UUID

from app import bootstrap
from app.infrastructure.celery import app

WORKING_TIME = 14  # s, well under the queue's soft limit of 20


@app.task(name="notifications.process_pending", bind=True)
def process_pending(self: Any, *, batch: int = 50) -> dict[str, Any]:
    """Sends what is due; a batch that is not done in time enqueues the rest of itself."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import notifications

    result = notifications.process_pending(
        get_session_factory(),
        bootstrap.channels(),
        run_id=UUID(self.request.id),
        batch=batch,
        deadline=time.monotonic() + WORKING_TIME,
    )
    if result["remaining"]:
        self.apply_async(kwargs={"batch": batch})
    return result
