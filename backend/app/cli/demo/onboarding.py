"""The demo's last part: a company that nobody knows gets its documents, calendar and memories."""

import time
from uuid import UUID

from rich.console import Console
from sqlalchemy import select

from app.bootstrap import cipher, publisher
from app.cli.demo.arrival import show_arrival
from app.cli.demo.seed import PERSON
from app.cli.demo.simulator import SeededCompany, Simulator
from app.infrastructure.celery.topology import TASKS
from app.infrastructure.db.models import Company
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services.onboarding_progress import OnboardingProgress, StepProgress, show_onboarding
from app.services.outbox import outbox_scope
from app.services.registration import Owner, PortalLogin, register_company

PATIENCE = 300  # s; one small company takes less than one minute
INTERVAL = 0.5  # s between two looks
SETTLED = 5  # s without a change in which a step that could start would have started


def onboard_newcomer(console: Console, simulator: Simulator) -> bool:
    """Registers a new company as a user does, and shows each step; returns whether all ended well.

    A step whose task this version does not have is shown, and is no fault.
    """
    newcomer = _next_newcomer(simulator)
    if newcomer is None:
        console.print("Every newcomer of the simulator is onboarded already.")
        return True
    console.print(f"[bold]Onboarding[/] of {newcomer.business_name}, from nothing:")
    company_id = _register(newcomer)
    progress = _follow(console, company_id)
    show_arrival(console, company_id)
    return all(one.state == "succeeded" or _is_missing(one) for one in progress.steps)


def _next_newcomer(simulator: Simulator) -> SeededCompany | None:
    with session_scope() as session:
        known = set(session.scalars(select(Company.rut)))
    return next((one for one in simulator.newcomers() if one.rut not in known), None)


def _register(newcomer: SeededCompany) -> UUID:
    with outbox_scope(get_session_factory(), publisher()) as (session, outbox):
        company = register_company(
            session,
            outbox,
            cipher(),
            rut=newcomer.rut,
            business_name=newcomer.business_name,
            owner=Owner(**PERSON),
            login=PortalLogin(newcomer.login_rut, newcomer.clave),
        )
    return company.id


def _follow(console: Console, company_id: UUID) -> OnboardingProgress:
    """Prints a line per change, until all is done or nothing moves any more."""
    told: dict[str, str] = {}
    begun = last_change = time.monotonic()
    while True:
        with session_scope() as session:
            progress = show_onboarding(session, company_id)
            words = {found.step.name: _words(found) for found in progress.steps}
        for name, text in words.items():
            if told.get(name) != text:
                last_change = time.monotonic()
                console.print(f"  {last_change - begun:5.1f} s  {name:<14}{text}", highlight=False)
        told = words
        now = time.monotonic()
        is_still = progress.state != "running" and not any(map(_is_under_way, progress.steps))
        if progress.state == "done" or (is_still and now > last_change + SETTLED):
            return progress
        if now > begun + PATIENCE:
            console.print(f"[red]Not done after {PATIENCE} s[/]; look at `fiscal status`.")
            return progress
        time.sleep(INTERVAL)


def _words(found: StepProgress) -> str:
    if found.run is None:
        return "waits"
    if _is_missing(found):
        return f"[yellow]{found.step.task} is not in this version[/]"
    if found.run.error_code and found.state != "succeeded":
        return f"{found.state}: {found.run.error_code}"
    progress = found.run.progress
    if found.state == "running" and progress:
        return f"running {progress['done']}/{progress['total']} {progress['detail']}"
    return f"[green]{found.state}[/]" if found.state == "succeeded" else found.state


def _is_missing(found: StepProgress) -> bool:
    return found.step.task not in TASKS


def _is_under_way(found: StepProgress) -> bool:
    return found.run is not None and found.run.finished_at is None and not _is_missing(found)
