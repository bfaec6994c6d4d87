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
    """Brings a company's purchases and sales of the last `months` periods up to date."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import document_sync, runs

    run_id = UUID(self.request.id)
    return document_sync.sync_documents(
        get_session_factory(),
        bootstrap.portal(),
        bootstrap.cipher(),
        run_id=run_id,
        company_id=company_id,
        months=months,
        month_offset=month_offset,
        progress=partial(runs.report_progress, run_id),
        deadline=time.monotonic() + WORKING_TIME,
    )


@app.task(name="sii.sync_documents_all_companies", bind=True, soft_time_limit=120, time_limit=150)
def sync_documents_all_companies(self: Any, *, months: int = 1) -> dict[str, Any]:
    """Starts one sync per active company."""
    from app.infrastructure.db.session import session_scope
    from app.services import document_fan_out

    with session_scope() as session:
        return document_fan_out.sync_documents_all_companies(
            session, bootstrap.publisher(), run_id=UUID(self.request.id), months=months
        )
