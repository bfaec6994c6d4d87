"""Tasks that read F29 from SII. Queue `low`."""

import time
from functools import partial
from typing import Any

from app import bootstrap
from app.infrastructure.celery import app

WORKING_TIME = 1200  # s of the 1500 that a sync has
PDF_WORKING_TIME = 720  # s of 900
FAN_OUT_TIME = 90  # s of 120


@app.task(name="sii.sync_f29", bind=True, soft_time_limit=1500, time_limit=1800)
def sync_f29(self: Any, *, company_id: str, year: int | None = None) -> dict[str, Any]:
    """Brings a company's F29 of a year up to date; the year of last month without one."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import f29_sync, runs

    return f29_sync.sync_f29(
        get_session_factory(),
        bootstrap.portal(),
        bootstrap.cipher(),
        attempt=self.attempt,
        company_id=company_id,
        year=year,
        progress=partial(runs.report_progress, self.attempt.run_id),
        deadline=time.monotonic() + WORKING_TIME,
    )


@app.task(name="sii.sync_f29_pdfs_missing", bind=True, soft_time_limit=900, time_limit=1200)
def sync_f29_pdfs_missing(
    self: Any, *, company_id: str, max_per_company: int = 10
) -> dict[str, Any]:
    """Fetches PDFs of a company's F29 that are missing."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import f29_pdfs, runs

    return f29_pdfs.sync_f29_pdfs_missing(
        get_session_factory(),
        bootstrap.portal(),
        bootstrap.cipher(),
        attempt=self.attempt,
        company_id=company_id,
        max_per_company=max_per_company,
        pdfs=bootstrap.pdf_stores(),
        progress=partial(runs.report_progress, self.attempt.run_id),
        deadline=time.monotonic() + PDF_WORKING_TIME,
    )


@app.task(name="sii.sync_f29_all_companies", bind=True, soft_time_limit=120, time_limit=150)
def sync_f29_all_companies(self: Any, *, year: int | None = None) -> dict[str, Any]:
    """Starts one sync of F29 per active company."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import f29_fan_out

    return f29_fan_out.sync_f29_all_companies(
        get_session_factory(),
        bootstrap.publisher(),
        attempt=self.attempt,
        year=year,
        deadline=time.monotonic() + FAN_OUT_TIME,
    )


@app.task(
    name="sii.sync_f29_pdfs_missing_all_companies", bind=True, soft_time_limit=120, time_limit=150
)
def sync_f29_pdfs_missing_all_companies(self: Any, *, max_per_company: int = 10) -> dict[str, Any]:
    """Starts one run per active company that lacks PDFs."""
    from app.infrastructure.db.session import get_session_factory
    from app.services import f29_fan_out

    return f29_fan_out.sync_f29_pdfs_missing_all_companies(
        get_session_factory(),
        bootstrap.publisher(),
        attempt=self.attempt,
        max_per_company=max_per_company,
        deadline=time.monotonic() + FAN_OUT_TIME,
    )
