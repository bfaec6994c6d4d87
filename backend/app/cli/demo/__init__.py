"""`fiscal demo`: real syncs and messages on every queue, then a comparison with the truth."""

from datetime import UTC, datetime
from uuid import UUID

from app.bootstrap import cipher, publisher
from app.cli.console import open_console
from app.cli.demo.follow import follow
from app.cli.demo.onboarding import onboard_newcomer
from app.cli.demo.outcome import Demo, is_as_seeded, show_outcome
from app.cli.demo.seed import (
    DemoCompany,
    in_turns,
    schedule_notifications,
    seed_companies,
    start_small_runs,
    start_syncs,
)
from app.cli.demo.simulator import Simulator
from app.domain.periods import current_period, months_back
from app.errors import ConfigurationError
from app.infrastructure.db.session import get_session_factory, session_scope
from app.services.outbox import outbox_scope
from app.settings import get_settings

PATIENCE = 600  # s for a round; two months of every company take one to three minutes


def open_simulator() -> Simulator:
    """Returns the simulator. Raises ConfigurationError in production and for the real portal."""
    if get_settings().fiscal_environment == "production":
        raise ConfigurationError("The demo makes companies up; it does not run in production.")
    return Simulator(get_settings().sii_auth_url)


def seed(simulator: Simulator) -> list[DemoCompany]:
    """Stores the simulator's companies with their claves; a second time it changes nothing.

    Raises ConfigurationError without SECRET_KEYS, SiiUnavailable where the simulator is away.
    """
    keys = cipher()
    seeded = simulator.companies()
    with session_scope() as session:
        return seed_companies(session, keys, seeded)


def run_demo(months: int) -> bool:
    """Seeds, starts, follows and compares; returns whether everything is as seeded.

    Raises ConfigurationError in production, SiiUnavailable where the simulator does not answer.
    """
    console = open_console()
    simulator = open_simulator()
    started = datetime.now(UTC)
    companies = seed(simulator)
    with session_scope() as session:  # after the commit: a fast worker must find the companies
        notifications = schedule_notifications(session, companies, started)
    console.print(f"Seeded {len(companies)} companies and one message to each. Syncs start.")
    demo = Demo(started, months_back(current_period(started), months), companies, notifications)
    with outbox_scope(get_session_factory(), publisher()) as (session, outbox):
        news = start_small_runs(session, outbox)
    runs: set[UUID] = set()
    for turn in in_turns(companies):
        with outbox_scope(get_session_factory(), publisher()) as (session, outbox):
            news |= start_syncs(session, outbox, turn, months, started)
        if not follow(console, news, demo.refused, PATIENCE):
            return False
        runs |= news.keys()
        news = {}
    show_outcome(console, demo, simulator)
    is_onboarded = onboard_newcomer(console, simulator)
    return is_as_seeded(demo, runs, simulator) and is_onboarded
