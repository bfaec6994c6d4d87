"""The nightly work on N companies' calendars: `python -m benchmarks.calendar_inside N`.

Runs inside the slim image. Prints JSON: seconds of the fan-out, of the first sync of each company
(five events are created) and of the second one (nothing to do), and the process' peak in MiB after
each. One slot does all of it, one company after another, as a worker's child would.
"""

import json
import resource
import sys
import time
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import select, text

from app import bootstrap
from app.infrastructure.db.models import Company, Run
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services.attempts import Attempt
from app.services.calendar import sync_company
from app.services.calendar_fan_out import sync_all_companies

DAY = date(2026, 11, 25)
SEED = """
TRUNCATE companies, runs CASCADE;
INSERT INTO companies (id, rut, business_name)
  SELECT gen_random_uuid(), n || '-0', 'Empresa ' || n FROM generate_series(1, :count) AS n;
INSERT INTO company_events (id, company_id, template_code)
  SELECT gen_random_uuid(), id, code FROM companies, (VALUES ('f29'), ('f22')) AS codes (code);
ANALYZE;
"""


def fan_out() -> None:
    """Records and publishes a run per company."""
    run_id = uuid4()
    with session_scope() as session:
        session.add(Run(id=run_id, task="calendar.sync_all_companies", attempts=1))
    sync_all_companies(
        get_session_factory(),
        bootstrap.publisher(),
        attempt=Attempt(run_id, 1),
        root_id=run_id,
        day=DAY,
        deadline=float("inf"),
    )


def sync_each() -> None:
    """Syncs every company, each in a transaction of its own."""
    after = UUID(int=0)
    while page := _page(after):
        for company in page:
            with session_scope() as session:
                sync_company(session, company, today=DAY)
        after = page[-1]


def _page(after: UUID) -> list[UUID]:
    """Returns the next companies' ids: all of them at once would be what is measured."""
    statement = select(Company.id).where(Company.id > after).order_by(Company.id).limit(500)
    with session_scope() as session:
        return list(session.scalars(statement))


def main(count: int) -> None:
    """Measures the three parts on a fresh set of companies."""
    for statement in SEED.split(";")[:-1]:
        with session_scope() as session:
            parameters = {"count": count} if ":count" in statement else {}
            session.execute(text(statement), parameters)
    measured: dict[str, float] = {}
    for name, work in (("fan-out", fan_out), ("first", sync_each), ("second", sync_each)):
        began = time.perf_counter()
        work()
        measured[name] = time.perf_counter() - began
        measured[f"{name} MiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(measured))


if __name__ == "__main__":
    main(int(sys.argv[1]))
