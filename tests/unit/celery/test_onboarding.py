"""A step's end reaches its onboarding through a real worker, Redis and Postgres."""

from sqlalchemy import select

from app.infrastructure.celery.publisher import CeleryPublisher
from app.infrastructure.db.models import Company, Onboarding, Run
from app.infrastructure.db.session import get_session_factory
from app.services.onboarding import start
from app.services.onboarding_steps import BY_TASK, Step
from app.services.outbox import outbox_scope
from app.services.runs import enqueue
from tests.unit.celery.worker_process import RunOf, Start, finished, publishing_app
from tests.waiting import wait_until

FIRST, NEXT = BY_TASK["calendar.assign_auto_notifications"], BY_TASK["notifications.sync_calendar"]


def test_the_next_step_is_started_by_the_worker_that_ended_the_one_before(
    database_url: str, redis_url: str, start_worker: Start, run_of: RunOf
) -> None:
    publishing_app(redis_url)
    # A worker whose first step does nothing, and which leaves the next one alone.
    start_worker("fast", "default", TEST_STEP=FIRST.task)
    onboarding = new_onboarding()
    run_id = ask_for(FIRST, onboarding)
    assert finished(run_of, str(run_id)).state == "succeeded"
    following = NEXT.run_id(onboarding)
    row = wait_until(lambda: run_of(str(following)), what="the next step's run")
    assert (row.task, row.root_id) == (NEXT.task, onboarding.id)


def new_onboarding() -> Onboarding:
    sessions = get_session_factory()
    with outbox_scope(sessions, CeleryPublisher()) as (session, outbox):
        company = Company(rut="76000001-9", business_name="Empresa Inventada SpA")
        session.add(company)
        session.flush()
        start(session, outbox, company.id, is_new_company=True)
    with sessions() as session:
        return session.scalars(select(Onboarding)).one()


def ask_for(step: Step, onboarding: Onboarding) -> object:
    with outbox_scope(get_session_factory(), CeleryPublisher()) as (session, outbox):
        run, _ = enqueue(
            session,
            outbox,
            task=step.task,
            kwargs={"company_id": str(onboarding.company_id)},
            queue="default",
            company_id=onboarding.company_id,
            run_id=step.run_id(onboarding),
            root_id=onboarding.id,
        )
        assert isinstance(run, Run)
        return run.id
