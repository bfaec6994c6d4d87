"""The table of faults in docs/sii.md, line by line, wherever no browser is needed to try it."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from app import errors
from app.domain.f29 import F29Listed
from app.domain.periods import Period
from app.domain.registers import Register
from app.infrastructure.sii.portal import SiiPortal
from app.services.f29_store import store_listed
from simulator.faults import KINDS
from tests.browser.test_against_simulator import (
    seed,
    stored,
    stored_boletas,
    stored_fees,
    true,
    true_boletas,
    true_fees,
)
from tests.scenarios.fault_table import PATHS, Row, rows
from tests.scenarios.fault_trial import NOW, THEN, Trial
from tests.scenarios.http_login import portal_without_browser
from tests.simulator import Simulator, running_simulator
from tests.unit.sii.books import Books
from tests.unit.sii.forms import fetch, files

PERIODS = ("2026-10", "2026-11")
# They name a word or a pause of the test's own, and are no fault that a run could meet.
NO_FAULTS = {"hold", "pending", "unknown_status"}
METHODS = {"csv_bad_header": "/getDetalle", "recaptcha_required": "/getDetalle"}
# Questions of one kind about October: four states of purchases and one of sales, two types, a page.
BEFORE = {"RCV": 5, "boletas": 2, "honorarios": 1}
# What does not add up is read twice: four states of purchases, two types of boletas, a page
# and the one behind it.
READS = {
    "resumen_mismatch": 8, "boletas_mismatch": 4, "fees_mismatch": 4, "recaptcha_required": None,
}  # fmt: skip
OPERATIONS = {"purchase": "COMPRA", "sale": "VENTA", "boletas": "BOLETA", "fees": "HONORARIO"}


@pytest.fixture(scope="module")
def _simulator() -> Iterator[Simulator]:
    with running_simulator(SIMULATOR_TODAY="2026-11-20") as simulator:
        yield simulator


@pytest.fixture
def simulator(_simulator: Simulator) -> Simulator:
    _simulator.reset()
    return _simulator


@pytest.fixture
def portal(simulator: Simulator) -> Iterator[SiiPortal]:
    with portal_without_browser(simulator.url) as portal:
        yield portal


@pytest.fixture
def trial(books: Books, portal: SiiPortal, simulator: Simulator) -> Trial:
    """Company A, whose purchases stand in all four states; no run has met anything yet."""
    company, _ = seed(books, simulator, "A")
    return Trial(books, portal, simulator, company, simulator.company("A"), books.run(NOW))


def test_the_table_knows_every_fault_and_no_other() -> None:
    table = rows()
    assert {row.kind for row in table} == set(KINDS) - NO_FAULTS
    assert {row.at for row in table} == set(PATHS)
    assert {row.then for row in table} == set(THEN)
    assert len({(row.kind, row.at) for row in table}) == len(table)
    for row in table:
        assert not row.code or type(errors.error_of(row.code, None)) is not Exception


@pytest.mark.parametrize("row", rows("login page", "login", *BEFORE), ids=str)
def test_a_sync_of_documents_meets_a_fault(trial: Trial, row: Row) -> None:
    months = 2 if row.at in BEFORE else 1
    _fail(trial, row)
    trial.attempt(lambda: sync(trial, months))
    left = trial.simulator.state()
    before = dict(left["readings"])
    trial.assert_is(row)
    committed = trial.books.checkpoints(trial.run)
    if row.at in BEFORE:
        assert committed >= {("2026-10", one.value) for one in Register}
        assert stored(trial.books, trial.company, "2026-10") == truth(trial, "2026-10")
    # A login whose answer was lost has given us nothing to log out with.
    lost = (row.kind, row.at) == ("lost_answer", "login")
    assert left["open_sessions"] == ({trial.known["login_rut"]: 1} if lost else {})

    trial.mend()
    sync(trial, months)
    for period in PERIODS[-months:]:
        assert stored(trial.books, trial.company, period) == truth(trial, period)
        days = stored_boletas(trial.books, trial.company, period)
        assert days == true_boletas(trial.simulator, trial.known["rut"], period)
        fees = stored_fees(trial.books, trial.company, period)
        assert fees == true_fees(trial.simulator, trial.known["rut"], period)
    after = trial.simulator.state()
    assert after["violations"] == []
    again = {key for key, count in after["readings"].items() if count > before.get(key, 0) > 0}
    done = {(period.replace("-", ""), OPERATIONS[register]) for period, register in committed}
    assert not [key for key in again if tuple(key.split()[2:4]) in done]


def sync(trial: Trial, months: int) -> dict[str, Any]:
    return trial.books.sync(trial.portal, trial.company, run_id=trial.run, months=months)


def truth(trial: Trial, period: str) -> list[dict[str, Any]]:
    return true(trial.simulator, trial.known["rut"], period)


def _fail(trial: Trial, row: Row) -> None:
    """Puts the fault in force: at the first such register of November, after a login."""
    rule: dict[str, Any] = {"ms": 5}
    if row.at in BEFORE and row.code:
        rule |= {"after": BEFORE[row.at], "count": READS.get(row.kind, 1)}
    is_method = row.at == "RCV" and "after" in rule
    path = METHODS.get(row.kind, "/getResumen") if is_method else ""
    trial.simulator.fail(row.path + path, row.kind, **rule)


@pytest.mark.parametrize("row", rows("large export", "large file"), ids=str)
def test_a_large_register_meets_a_fault(
    books: Books, portal: SiiPortal, simulator: Simulator, row: Row
) -> None:
    company, rut = seed(books, simulator, "B")
    trial = Trial(books, portal, simulator, company, simulator.company("B"), books.run(NOW))
    begins = {"after": 1, "count": 1}  # it is looked around first
    once = {"large export": begins, "large file": {"count": 1}}
    simulator.fail(row.path, row.kind, **({} if row.kind == "export_pending" else once[row.at]))
    trial.attempt(lambda: sync(trial, 2))
    trial.assert_is(row)
    assert ("2026-10", "purchase") not in books.checkpoints(trial.run)
    assert books.documents(direction="purchase", period="2026-10") == []
    assert simulator.state()["open_sessions"] == {}

    trial.mend()
    sync(trial, 2)
    for period in PERIODS:
        assert stored(books, company, period) == truth(trial, period)
    after = simulator.state()
    assert after["violations"] == []
    is_malformed = (row.at, row.lasting) == ("large file", "permanent")
    begun = after["readings"][f"getCtrlAsync {rut} 202610 COMPRA REGISTRO"]
    assert begun == (2 if is_malformed else 1)


@pytest.mark.parametrize("row", rows("F29 PDF"), ids=str)
def test_pdfs_meet_a_fault(trial: Trial, row: Row) -> None:
    listed = trial.simulator.f29(trial.known["rut"], 2026)[-3:]
    with trial.books.sessions.begin() as session:
        for one in listed:
            store_listed(session, trial.company, _listed(one, trial.known["rut"]))
    trial.simulator.fail(row.path, row.kind, after=1, count=1)

    result = trial.attempt(lambda: _fetch(trial.books, trial.portal, trial.company))
    trial.noted = result.get("errors", ())
    trial.assert_is(row)
    assert len(files(trial.books)) == (2 if trial.noted else 1)
    trial.mend()
    _fetch(trial.books, trial.portal, trial.company, now=NOW + timedelta(hours=2))
    digests = {file.form_id for file in files(trial.books)}
    assert len(digests) == 3
    state = trial.simulator.state()
    assert (state["open_sessions"], state["violations"]) == ({}, [])


def _fetch(books: Books, portal: Any, company: UUID, **options: Any) -> dict[str, Any]:
    return fetch(books, portal, company, **({"now": NOW} | options))


def _listed(one: dict[str, Any], rut: str) -> F29Listed:
    return F29Listed(
        folio=one["folio"],
        period=Period(one["year"], one["month"]),
        rut=rut,
        submitted_on=date.fromisoformat(one["submitted_on"]),
        status_raw=one["status"],
        cod_int=one["cod_int"],
    )
