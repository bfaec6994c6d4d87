"""Tasks that read SII. Queue `low`."""

import time
from functools import partial
from typing import Any
from uuid import UUID

from app import bootstrap
from app.infrastructure.celery import app

# s; the queue's soft limit is 1740, and the register that is being read takes its own time
WORKING_TIME = 1440


@app.task(name="sii.sync_documents", bind=True)
def sync_documents(
    self: Any, *, company_id: str, months: int = 1, month_offset: int = 0
) -> dict[str, Any]:
    """Brings a company's books of the last `months` periods up to date."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import document_sync, onboarding, runs

    return document_sync.sync_documents(
        get_session_factory(),
        bootstrap.portal(),
        bootstrap.cipher(),
        attempt=self.attempt,
        company_id=company_id,
        months=months,
        month_offset=month_offset,
        progress=partial(runs.report_progress, self.attempt.run_id),
        learn=partial(onboarding.learn_facts, get_session_factory(), bootstrap.publisher()),
        deadline=time.monotonic() + WORKING_TIME,
    )


@app.task(name="sii.sync_documents_all_companies", bind=True, soft_time_limit=120, time_limit=150)
def sync_documents_all_companies(self: Any, *, months: int = 1) -> dict[str, Any]:
    """Starts one sync per active company."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import document_fan_out
    from app.services.outbox import outbox_scope

    with outbox_scope(get_session_factory(), bootstrap.publisher()) as (session, outbox):
        self.attempt.hold(session)
        return document_fan_out.sync_documents_all_companies(
            session, outbox, run_id=UUID(self.request.id), months=months
        )
