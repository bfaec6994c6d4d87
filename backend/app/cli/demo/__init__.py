"""`fiscal demo`: real syncs and messages on every queue, then a comparison with the truth."""

from datetime import UTC, datetime
from uuid import UUID

from app.bootstrap import cipher, publisher
from app.cli.console import open_console
from app.cli.demo.follow import follow
from app.cli.demo.outcome import Demo, is_as_seeded, show_outcome
from app.cli.demo.seed import (
    in_turns,
    schedule_notifications,
    seed_companies,
    start_small_runs,
    start_syncs,
)
from app.cli.demo.simulator import Simulator
from app.domain.periods import current_period, months_back
from app.errors import ConfigurationError
from app.infrastructure.db.session import session_scope
from app.settings import get_settings

PATIENCE = 600  # s for a round; two months of every company take one to three minutes


def run_demo(months: int) -> bool:
    """Seeds, starts, follows and compares; returns whether everything is as seeded.

    Raises ConfigurationError in production, SiiUnavailable where the simulator does not answer,
    QueueUnavailable.
    """
    if get_settings().fiscal_environment == "production":
        raise ConfigurationError("`fiscal demo` makes companies up; it does not run in production.")
    console = open_console()
    simulator = Simulator(get_settings().sii_auth_url)
    started = datetime.now(UTC)
    seeded = simulator.companies()
    with session_scope() as session:
        companies = seed_companies(session, cipher(), seeded)
    with session_scope() as session:  # after the commit: a fast worker must find the companies
        notifications = schedule_notifications(session, companies, started)
    console.print(f"Seeded {len(companies)} companies and one message to each. Syncs start.")
    demo = Demo(started, months_back(current_period(started), months), companies, notifications)
    with session_scope() as session:
        news = start_small_runs(session, publisher())
    runs: set[UUID] = set()
    for turn in in_turns(companies):
        with session_scope() as session:
            news |= start_syncs(session, publisher(), turn, months, started)
        if not follow(console, news, demo.refused, PATIENCE):
            return False
        runs |= news.keys()
        news = {}
    show_outcome(console, demo, simulator)
    return is_as_seeded(demo, runs, simulator)
