"""One line of the table of faults, tried: a run that meets it, and the run after it is over."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from app import errors
from app.domain.registers import Register
from app.infrastructure.celery.beat import SCHEDULE
from app.infrastructure.celery.task import BACKOFF_BASE, FiscalTask
from app.infrastructure.db.models import RegisterExport, SiiSession
from app.infrastructure.sii.portal import SiiPortal
from app.services.companies import set_credential
from app.services.f29_store import PAUSES
from app.services.register_exports import LONGEST_PAUSE, SHORTEST_PAUSE
from tests.scenarios.fault_table import Row
from tests.simulator import Simulator
from tests.unit.sii.books import Books

NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)


@dataclass
class Trial:
    """A company at the simulator, and the run that met a fault; `error` is how it ended."""

    books: Books
    portal: SiiPortal
    simulator: Simulator
    company: UUID
    known: dict[str, str]
    run: UUID
    error: errors.FiscalError | None = None
    noted: Iterable[dict[str, Any]] = ()  # what its result says of single forms

    @property
    def codes(self) -> set[str]:
        """Every error that it met, the run's or a form's."""
        return {self.error.code} if self.error else {one["code"] for one in self.noted}

    def attempt(self, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Does the work, and keeps the typed error it ends with; any other goes through."""
        try:
            return work()
        except errors.FiscalError as error:
            self.error = error
            return {}

    def mend(self) -> None:
        """Ends the fault, and what SII asked to wait; where it refused the clave, its user takes a
        new one."""
        self.simulator.heal()
        with self.books.sessions.begin() as session:
            session.execute(update(SiiSession).values(try_again_at=None))
            session.execute(update(RegisterExport).values(try_again_at=None))
        if self.books.credential(self.company).status in ("invalid", "blocked"):
            clave = self.simulator.change_clave(self.known["login_rut"])
            with self.books.sessions.begin() as session:
                login = {"login_rut": self.known["login_rut"], "clave": clave}
                set_credential(session, self.books.cipher, self.company, **login)

    @property
    def logins(self) -> list[str]:
        """How each try to log in ended."""
        tries: list[str] = self.simulator.state()["login_attempts"].get(self.known["login_rut"], [])
        return tries

    def assert_is(self, row: Row) -> None:
        """It ended as the row says."""
        assert self.codes == ({row.code} if row.code else set()), self.error
        if row.code:
            kind = type(errors.error_of(row.code, None))
            transient = issubclass(kind, errors.TransientError)
            assert row.lasting == ("transient" if transient else "permanent")
        THEN[row.then](self)


def again_soon(trial: Trial) -> None:
    assert trial.error
    assert (trial.error.retry_after, BACKOFF_BASE, FiscalTask.max_retries) == (None, 60, 3)


def again_as_asked(trial: Trial) -> None:
    assert trial.error
    assert trial.error.retry_after == 30


def again_in_an_hour(trial: Trial) -> None:
    assert trial.error
    assert trial.error.retry_after == 3600
    assert trial.books.credential(trial.company).status == "unproven"


def refused_for_good(trial: Trial) -> None:
    assert trial.books.credential(trial.company).status == "invalid"
    not_tried_again(trial)


def refused_for_an_hour(trial: Trial) -> None:
    credential = trial.books.credential(trial.company)
    assert credential.status == "blocked"
    assert credential.blocked_until
    left = credential.blocked_until - datetime.now(UTC)
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    not_tried_again(trial)


def not_tried_again(trial: Trial) -> None:
    assert trial.error
    with pytest.raises(type(trial.error)):
        trial.books.sync(trial.portal, trial.company)
    assert len(trial.logins) == 1


def somebody_has_to_look(trial: Trial) -> None:
    assert len(trial.logins) <= 1
    assert trial.books.credential(trial.company).status == "unproven"


def one_register_is_lacking(trial: Trial) -> None:
    every = {(period, one.value) for period in ("2026-10", "2026-11") for one in Register}
    assert len(every - trial.books.checkpoints(trial.run)) == 1


def looked_for_again(trial: Trial) -> None:
    one_register_is_lacking(trial)
    assert isinstance(trial.error, errors.ExportNotReady)
    assert not trial.error.is_try
    assert (timedelta(minutes=1), timedelta(minutes=15)) == (SHORTEST_PAUSE, LONGEST_PAUSE)
    assert trial.error.retry_after == 60


def nothing_more_is_asked(trial: Trial) -> None:
    [rule] = trial.simulator.state()["faults"]
    assert (rule["hits"], rule["seen"] - rule["after"]) == (1, 1)
    assert ("2026-11", "sale") not in trial.books.checkpoints(trial.run)


def the_form_is_tried_again(trial: Trial) -> None:
    assert [pause.total_seconds() / 3600 for pause in PAUSES] == [1, 4, 12, 24]
    assert trial.error is None


def no_form_is_blamed(trial: Trial) -> None:
    assert trial.error
    assert not trial.noted


def fails_at_once(trial: Trial) -> None:
    assert isinstance(trial.error, errors.PermanentError)
    assert "sii.sync_f29_all_companies" in {entry.task for entry in SCHEDULE}


def nothing(trial: Trial) -> None:
    assert trial.error is None


THEN: dict[str, Callable[[Trial], None]] = {
    "again after about 1, 2 and 4 minutes; committed periods are skipped": again_soon,
    "again after as long as it asks for; committed periods are skipped": again_as_asked,
    "again after an hour": again_in_an_hour,
    "credential `invalid`; no attempt before the user sets a new one": refused_for_good,
    "credential `blocked` for an hour": refused_for_an_hour,
    "a person has to look: the clave was sent, and a second wrong one could block it": (
        somebody_has_to_look
    ),
    "read once more; then that register stores nothing, the others go on": one_register_is_lacking,
    "that register stores nothing, the others go on": one_register_is_lacking,
    "looked for again after as long as it has taken so far, 1 to 15 minutes": looked_for_again,
    "nothing more is asked; a person has to look": nothing_more_is_asked,
    "noted at the form; again after 1, 4, 12 and 24 hours, then `unavailable`": (
        the_form_is_tried_again
    ),
    "the run is tried again; no form is blamed": no_form_is_blamed,
    "the run fails; beat asks for the next one": fails_at_once,
    "read all the same": nothing,
}
