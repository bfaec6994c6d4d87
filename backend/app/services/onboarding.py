"""A company's way from its login to its calendar, documents, reminders and memories.

Nothing waits: `advance` starts every step that can start and has no run yet. It is called when an
onboarding begins, when the taxpayer's facts are stored, when a step ends well, and by
`system.reconcile` for whatever a crash has kept from being called.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, sessionmaker

from app.errors import NotFound
from app.infrastructure.db.models import (
    CompanyTaxInfo,
    Membership,
    Onboarding,
    Run,
    SiiCredential,
)
from app.services.attempts import Attempt
from app.services.obligations import activate_mandatory_events
from app.services.onboarding_steps import BY_TASK, STEPS, Case, Step
from app.services.outbox import Outbox, Publisher, outbox_scope
from app.services.runs import enqueue
from app.services.sii_logins import is_usable
from app.services.tax_info import store_tax_info

BATCH = 50  # onboardings that `advance_some` looks at


def start(session: Session, outbox: Outbox, company_id: UUID, *, is_new_company: bool) -> None:
    """Starts a company's onboarding; one that is not through is tried again, one that is, is left.

    Tried again means: what failed gets a new run, what ended well stays done. Works for the
    company's owner, where it has one.
    """
    mine = (Membership.company_id == company_id, Membership.role == "owner")
    owner = select(Membership.user_id).where(*mine).order_by(Membership.user_id).limit(1)
    statement = insert(Onboarding).values(
        company_id=company_id, is_new_company=is_new_company, user_id=owner.scalar_subquery()
    )
    new_user = func.coalesce(Onboarding.user_id, statement.excluded.user_id)
    statement = statement.on_conflict_do_update(
        index_elements=[Onboarding.company_id],
        set_={"tries": Onboarding.tries + 1, "user_id": new_user},
        where=Onboarding.finished_at.is_(None),
    )
    again = statement.returning(Onboarding)
    found = session.scalars(again, execution_options={"populate_existing": True}).one_or_none()
    if found is not None:
        _advance(session, outbox, found)


def resume(session: Session, outbox: Outbox, company_id: UUID) -> None:
    """Tries again what failed of a company's onboarding. Raises NotFound."""
    is_new_company = find_onboarding(session, company_id).is_new_company
    start(session, outbox, company_id, is_new_company=is_new_company)


def find_onboarding(session: Session, company_id: UUID) -> Onboarding:
    """Returns a company's onboarding. Raises NotFound."""
    found = session.scalar(select(Onboarding).where(Onboarding.company_id == company_id))
    if found is None:
        raise NotFound(
            f"There is no onboarding of company {company_id}; put its credential to start one."
        )
    return found


def advance(session: Session, outbox: Outbox, company_id: UUID) -> bool:
    """Starts what can start of a company's onboarding; returns whether one was under way.

    Two at once take turns, and the second one finds what the first one has started.
    """
    mine = (Onboarding.company_id == company_id, Onboarding.finished_at.is_(None))
    found = session.scalar(select(Onboarding).where(*mine).with_for_update())
    if found is not None:
        _advance(session, outbox, found)
    return found is not None


def learn_facts(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    attempt: Attempt,
    company_id: UUID,
    facts: Mapping[str, Any],
) -> None:
    """Stores what the portal says of a company, and starts the steps that have waited for it.

    Where no onboarding is under way, obligations that apply by new facts are switched on here; the
    calendar follows with the next `calendar.sync_all_companies`. Raises RunTakenOver.
    """
    with outbox_scope(sessions, publisher) as (session, outbox):
        attempt.hold(session, is_progress=False)  # read at each login
        store_tax_info(session, company_id, facts)
        if not advance(session, outbox, company_id):
            activate_mandatory_events(session, company_id)


def after_run(sessions: sessionmaker[Session], publisher: Publisher, root_id: UUID) -> None:
    """Goes on after a step that has ended well; `root_id` of any other run is nobody's."""
    mine = (Onboarding.id == root_id, Onboarding.finished_at.is_(None))
    with outbox_scope(sessions, publisher) as (session, outbox):
        found = session.scalar(select(Onboarding).where(*mine).with_for_update())
        if found is not None:
            _advance(session, outbox, found)


def advance_some(sessions: sessionmaker[Session], publisher: Publisher) -> int:
    """Advances onboardings that are not through, at most `BATCH`; returns how many runs started.

    Which ones is left to chance: some wait for a clave for ever, and must not hide the others.
    """
    waiting = select(Onboarding.id).where(Onboarding.finished_at.is_(None))
    with sessions() as session:
        chosen = session.scalars(waiting.order_by(func.random()).limit(BATCH)).all()
    started = 0
    for onboarding_id in chosen:
        with outbox_scope(sessions, publisher) as (session, outbox):
            mine = (Onboarding.id == onboarding_id, Onboarding.finished_at.is_(None))
            statement = select(Onboarding).where(*mine).with_for_update(skip_locked=True)
            found = session.scalar(statement)
            if found is not None:
                _advance(session, outbox, found)
            started += len(outbox.runs)
    return started


def step_runs(session: Session, onboarding: Onboarding) -> dict[str, Run]:
    """Returns the run that counts of each step that has one: one that ended well, else the last."""
    mine = (Run.company_id == onboarding.company_id, Run.root_id == onboarding.id)
    runs = session.scalars(
        select(Run).where(*mine).order_by(Run.state == "succeeded", Run.queued_at)
    )
    return {BY_TASK[run.task].name: run for run in runs if run.task and run.task in BY_TASK}


def _advance(session: Session, outbox: Outbox, onboarding: Onboarding) -> None:
    """The caller holds the onboarding's row."""
    runs = step_runs(session, onboarding)
    done = {name for name, run in runs.items() if run.state == "succeeded"}
    steps = [step for step in STEPS if step.applies_to(onboarding)]
    if done.issuperset(step.name for step in steps):
        onboarding.finished_at = datetime.now(UTC)
        return
    case = _case(session, onboarding)
    for step in steps:
        if not _has_begun(step, onboarding, runs) and _may_start(session, step, case, done):
            _start(session, outbox, step, case)


def _has_begun(step: Step, onboarding: Onboarding, runs: Mapping[str, Run]) -> bool:
    """Whether this try need not start the step; a failed run of this try stays as it is."""
    run = runs.get(step.name)
    if run is None:
        return False
    is_over = run.finished_at is not None and run.state != "succeeded"
    return not is_over or run.id == step.run_id(onboarding)


def _case(session: Session, onboarding: Onboarding) -> Case:
    read = (CompanyTaxInfo.company_id == onboarding.company_id, CompanyTaxInfo.read_at.is_not(None))
    return Case(onboarding, session.scalar(select(CompanyTaxInfo.id).where(*read)))


def _may_start(session: Session, step: Step, case: Case, done: set[str]) -> bool:
    if step.name == "documents":
        credential = session.get(SiiCredential, case.company_id, populate_existing=True)
        return is_usable(credential, datetime.now(UTC))
    facts_are_settled = case.tax_info_id is not None or "documents" in done
    return done.issuperset(step.after) and (facts_are_settled or not step.needs_facts)


def _start(session: Session, outbox: Outbox, step: Step, case: Case) -> None:
    now = datetime.now(UTC)
    enqueue(
        session,
        outbox,
        task=step.task,
        kwargs=step.kwargs(case),
        company_id=case.company_id,
        dedupe_key=step.dedupe_key(case, now) if step.dedupe_key else None,
        run_id=step.run_id(case.onboarding),
        root_id=case.onboarding.id,
        queued_at=now,
    )
