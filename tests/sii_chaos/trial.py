"""One schedule lived through: runs and their retries while the portal fails, one more run after."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domain.f29 import F29Listed
from app.domain.periods import Period
from app.errors import FiscalError, TransientError
from app.infrastructure.celery.task import FiscalTask
from app.infrastructure.sii import f29_list, login
from app.infrastructure.sii.portal import SiiPortal
from app.services.f29_store import store_listed
from tests.scenarios.fault_trial import Trial
from tests.sii_chaos.schedule import LOGIN, Schedule
from tests.sii_chaos.truth import differences
from tests.simulator import Simulator
from tests.unit.sii.books import Books
from tests.unit.sii.forms import fetch
from tests.unit.sii.forms import sync as sync_list

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
YEAR = 2026
LAST = Period(2026, 11)
TRIES = 1 + FiscalTask.max_retries
# While the portal fails nobody waits for it as long as for the real one; after that they do.
HURRIED = {
    (login, "FORM_TIMEOUT"): 4,
    (login, "ANSWER_TIMEOUT"): 4,
    (f29_list, "PAGE_TIMEOUT"): 5,
    (f29_list, "CLICK_TIMEOUT"): 5,
    (f29_list, "CLICK_AGAIN"): 1,
}


@dataclass
class Lived:
    """What came of a schedule. `wrong` has a sentence for everything that must not be."""

    ended: dict[str, list[str]] = field(default_factory=dict)  # by work, how each try ended
    wrong: list[str] = field(default_factory=list)


def live_through(
    schedule: Schedule, books: Books, portal: SiiPortal, simulator: Simulator, *, browser: bool
) -> Lived:
    """Lives through a schedule in an empty database and at a simulator just reset."""
    known = simulator.company(schedule.company)
    company = books.company(known["rut"], login_rut=known["login_rut"], clave=known["clave"])
    trial = Trial(books, portal, simulator, company, known, books.run(NOW))
    lived = Lived()
    for rule in schedule.rules:
        simulator.fail(**rule)
    with _hurried():
        works = _works(trial, schedule, trial.run, hours=2, browser=browser)
        for name, work in works.items():
            lived.ended[name] = list(_tries(work, lived))
    _look(trial, lived)
    trial.mend()
    for name, work in _works(trial, schedule, books.run(NOW), hours=72, browser=browser).items():
        [ended] = _tries(work, lived, at_most=1)
        if ended != "ok":
            lived.wrong.append(f"after the faults {name} ended with {ended}")
    periods = [str(LAST.shift(-back)) for back in range(schedule.months)]
    lived.wrong += differences(books, simulator, company, known, periods, YEAR)
    lived.wrong += [f"violation: {one}" for one in simulator.state()["violations"]]
    return lived


Work = Callable[[int], Any]  # takes the number of tries before


def _works(
    trial: Trial, schedule: Schedule, run: UUID, *, hours: int, browser: bool
) -> dict[str, Work]:
    """Returns what is to be done, in this order; the n-th try of PDFs is n times `hours` later."""

    def documents(_: int) -> None:
        trial.books.sync(trial.portal, trial.company, run_id=run, months=schedule.months)

    def listing(_: int) -> None:
        if browser:
            sync_list(trial.books, trial.portal, trial.company, year=YEAR)
        else:
            _list_without_browser(trial)

    def pdfs(tries: int) -> None:
        now = NOW + timedelta(hours=hours * (tries + 1))
        fetch(trial.books, trial.portal, trial.company, max_per_company=100, now=now)

    return {"documents": documents, "list": listing, "pdfs": pdfs}


def _list_without_browser(trial: Trial) -> None:
    with trial.books.sessions.begin() as session:
        for one in trial.simulator.f29(trial.known["rut"], YEAR):
            listed = F29Listed(
                folio=one["folio"],
                period=Period(one["year"], one["month"]),
                rut=trial.known["rut"],
                submitted_on=date.fromisoformat(one["submitted_on"]),
                status_raw=one["status"],
                cod_int=one["cod_int"],
            )
            store_listed(session, trial.company, listed)


def _tries(work: Work, lived: Lived, at_most: int = TRIES) -> Iterator[str]:
    """Yields how each try ended: ok, or an error's code. A transient one is followed by another."""
    for number in range(at_most):
        try:
            work(number)
        except FiscalError as error:
            yield error.code
            if not isinstance(error, TransientError):
                return
        except Exception as error:  # noqa: BLE001 (what has no type of ours is the finding)
            lived.wrong.append(f"an error without a type: {error!r}")
            yield type(error).__name__
            return
        else:
            yield "ok"
            return


def _look(trial: Trial, lived: Lived) -> None:
    """Notes what must not be while the portal still fails: open sessions, a broken commit."""
    state = trial.simulator.state()
    # A login whose answer was lost has given us nothing to log out with.
    lost = sum(
        rule["hits"]
        for rule in state["faults"]
        if (rule["kind"], rule["path"]) == ("lost_answer", LOGIN)
    )
    if sum(state["open_sessions"].values()) > lost:
        lived.wrong.append(f"sessions left open: {state['open_sessions']}")
    for period, direction in trial.books.checkpoints(trial.run):
        committed = {"period": period, "direction": direction, "company_id": trial.company}
        truth = trial.simulator.truth(trial.known["rut"], period)["documents"]
        expected = sum(one["direction"] == direction for one in truth)
        if len(trial.books.documents(**committed)) != expected:
            lived.wrong.append(f"{period} {direction} is committed and not whole")


@contextmanager
def _hurried() -> Iterator[None]:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for (module, name), seconds in HURRIED.items():
            patch.setattr(module, name, seconds)
        yield
