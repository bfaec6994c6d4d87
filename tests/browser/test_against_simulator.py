"""The whole way - Chromium, HTTP, Postgres - against the simulator's process: what is stored is
what the portal has, and the portal is left as it was found."""

import logging
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from app import errors
from app.infrastructure.sii import portal as portal_module
from app.infrastructure.sii.portal import SiiPortal
from tests.simulator import Simulator
from tests.unit.sii.books import Books

ASKED_AT = datetime(2026, 11, 20, 15, tzinfo=UTC)
RCV = "/www4/consdcvinternetui/services/data/facadeService"


def seed(books: Books, simulator: Simulator, key: str) -> tuple[UUID, str]:
    """Returns the id and the RUT of a simulator's company, known to us with its clave."""
    known = simulator.company(key)
    company = books.company(known["rut"], login_rut=known["login_rut"], clave=known["clave"])
    return company, known["rut"]


def sync(books: Books, portal: SiiPortal, company: UUID, **options: Any) -> dict[str, Any]:
    return books.sync(portal, company, **({"run_id": books.run(ASKED_AT)} | options))


def stored(books: Books, company: UUID, period: str) -> list[dict[str, Any]]:
    return ordered(
        {
            "direction": one.direction,
            "doc_type": one.doc_type,
            "folio": one.folio,
            "counterpart_rut": one.counterpart_rut,
            "counterpart_name": one.counterpart_name,
            "issue_date": one.issue_date.isoformat(),
            "reception_at": one.reception_at and one.reception_at.isoformat(),
            "ack_at": one.acknowledged_at and one.acknowledged_at.isoformat(),
            "claim_at": one.claimed_at and one.claimed_at.isoformat(),
            "accounting_state": one.accounting_state,
            "exempt": one.exempt,
            "net": one.net,
            "vat": one.vat,
            "vat_non_rec": one.vat_non_recoverable,
            "other_taxes": sorted(one.other_taxes, key=lambda tax: tax["code"]),
            "total": one.total,
        }
        for one in books.documents(company_id=company, period=period)
    )


def stored_boletas(books: Books, company: UUID, period: str) -> list[dict[str, Any]]:
    names = ("doc_type", "day", "count", "exempt", "net", "vat", "total")
    return [
        {name: getattr(one, name) for name in names} | {"day": one.day.isoformat()}
        for one in books.boletas(company_id=company, period=period)
    ]


def true_boletas(simulator: Simulator, rut: str, period: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = simulator.truth(rut, period)["boletas"]
    return found


def stored_fees(books: Books, company: UUID, period: str) -> list[dict[str, Any]]:
    names = ("issuer_rut", "issuer_name", "folio", "status_raw", "gross", "withheld", "net")
    return [
        {name: getattr(one, name) for name in names}
        | {
            "issue_date": one.issue_date.isoformat(),
            "annulled_on": one.annulled_on and one.annulled_on.isoformat(),
        }
        for one in books.fees(company_id=company, period=period, vanished_at=None)
    ]


def true_fees(simulator: Simulator, rut: str, period: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = simulator.truth(rut, period)["fees"]
    return sorted(found, key=lambda one: (one["issue_date"], one["folio"], one["issuer_rut"]))


def ordered(documents: Any) -> list[dict[str, Any]]:
    def identity(one: dict[str, Any]) -> tuple[Any, ...]:
        return (one["direction"], one["doc_type"], one["counterpart_rut"], one["folio"])

    return sorted(documents, key=identity)


def true(simulator: Simulator, rut: str, period: str) -> list[dict[str, Any]]:
    documents = simulator.truth(rut, period)["documents"]
    for one in documents:
        one["other_taxes"].sort(key=lambda tax: tax["code"])
    return ordered(documents)


@pytest.mark.parametrize("key", ["A", "B", "C", "D", "E", "F1", "F2"])
def test_what_is_stored_is_what_the_portal_has(
    books: Books, portal: SiiPortal, simulator: Simulator, key: str
) -> None:
    company, rut = seed(books, simulator, key)
    periods = ["2026-08", "2026-09", "2026-10", "2026-11"]
    result = sync(books, portal, company, months=4)
    expected = {period: true(simulator, rut, period) for period in periods}
    for period in periods:
        assert stored(books, company, period) == expected[period]
        boletas = stored_boletas(books, company, period)
        assert boletas == true_boletas(simulator, rut, period)
        assert bool(boletas) == (key in ("A", "E"))
        fees = stored_fees(books, company, period)
        assert fees == true_fees(simulator, rut, period)
    assert result["boletas"]["nuevos"] == len(books.boletas())
    assert result["honorarios"]["nuevos"] == len(books.fees())
    assert len(books.documents()) == sum(map(len, expected.values()))
    assert result["compras"]["nuevos"] + result["ventas"]["nuevos"] == len(books.documents())
    assert bool(books.documents()) == bool(books.fees()) == (key != "C")

    summary = [
        (
            one["direction"],
            period,
            one["accounting_state"],
            one["doc_type"],
            one["count"],
            one["total"],
        )
        for period in periods
        for one in simulator.truth(rut, period)["summary"]
    ]
    assert sorted(summary) == sorted(
        (one.direction, one.period, one.accounting_state, one.doc_type, one.count, one.total)
        for one in books.summaries()
    )
    state = simulator.state()
    assert state["open_sessions"] == {}
    assert (state["writes_attempted"], state["violations"]) == (0, [])
    assert list(state["login_attempts"].values()) == [["ok"]]


def test_a_year_across_the_turn_of_it_is_read_in_one_login(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, rut = seed(books, simulator, "D")
    sync(books, portal, company, months=12, month_offset=5)
    for period in ("2025-07", "2025-12", "2026-01", "2026-02", "2026-06"):
        assert stored(books, company, period) == true(simulator, rut, period)
    twice = [
        one for one in books.documents(direction="purchase", doc_type=33, period="2025-12")
        if one.folio == 10_000 + 25 * 12 + 11
    ]  # fmt: skip
    assert len({one.counterpart_rut for one in twice}) == 2
    assert sum(map(len, simulator.state()["login_attempts"].values())) == 1


def test_a_wrong_clave_is_tried_exactly_once_however_often_a_sync_is_asked_for(
    books: Books,
    portal: SiiPortal,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    company, rut = seed(books, simulator, "G")
    for _ in range(3):
        with pytest.raises(errors.InvalidCredentials) as refusal:
            sync(books, portal, company)
    state = simulator.state()
    assert state["login_attempts"] == {rut: ["wrong_password"]}
    assert (state["open_sessions"], state["violations"]) == ({}, [])
    assert books.credential(company).status == "invalid"
    assert books.documents() == []
    assert simulator.company("G")["clave"] not in caplog.text + str(refusal.value)


def test_no_secret_of_a_session_is_logged(
    books: Books,
    portal: SiiPortal,
    simulator: Simulator,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    tokens: list[str] = []
    log_in = portal_module.log_in

    def watched(*known: Any) -> Any:
        cookies = log_in(*known)
        tokens.extend(one["value"] for one in cookies if one["name"] == "TOKEN")
        return cookies

    monkeypatch.setattr(portal_module, "log_in", watched)
    company, _ = seed(books, simulator, "E")
    sync(books, portal, company)
    assert len(tokens) == 1
    assert tokens[0] not in caplog.text
    assert simulator.company("E")["clave"] not in caplog.text


def test_an_outage_midway_is_resumed_after_the_last_checkpoint_and_logged_out(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, rut = seed(books, simulator, "A")
    run = books.run(ASKED_AT)
    simulator.fail(f"{RCV}/getDetalleVentaExport", "http_503")
    with pytest.raises(errors.SiiUnavailable):
        sync(books, portal, company, run_id=run, months=2)
    assert books.checkpoints(run) == {("2026-10", "purchase")}
    assert simulator.state()["open_sessions"] == {}

    simulator.heal()
    before = simulator.state()["requests"][f"POST {RCV}/getResumen"]
    sync(books, portal, company, run_id=run, months=2)
    after = simulator.state()["requests"][f"POST {RCV}/getResumen"]
    assert after - before == 6  # October's sales, November's sales and four states of purchases
    for period in ("2026-10", "2026-11"):
        assert stored(books, company, period) == true(simulator, rut, period)


def test_maintenance_before_the_login_sends_no_clave(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, _ = seed(books, simulator, "A")
    simulator.fail("/misiir", "maintenance")
    with pytest.raises(errors.SiiUnavailable):
        sync(books, portal, company)
    assert simulator.state()["login_attempts"] == {}
    assert books.credential(company).status == "unproven"


def test_a_session_that_ends_midway_stores_nothing_of_its_register(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, rut = seed(books, simulator, "A")
    run = books.run(ASKED_AT)
    with portal.open_session(rut, simulator.company("A")["clave"]) as session:
        simulator.reset()  # the portal has forgotten the session
        with pytest.raises(errors.SessionExpired):
            books.sync(_Opened(session), company, run_id=run)
    assert books.documents() == []


class _Opened:
    """Hands out a session that is open already."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def open_session(self, *_: str) -> Any:
        return nullcontext(self._session)


def test_the_eleventh_session_is_refused_and_says_nothing_about_the_clave(
    books: Books, portal: SiiPortal, simulator: Simulator
) -> None:
    company, rut = seed(books, simulator, "E")
    open_sessions(simulator, rut, 10)
    with pytest.raises(errors.TooManySessions) as refusal:
        sync(books, portal, company)
    assert refusal.value.retry_after == 3600
    assert books.credential(company).status == "unproven"


def open_sessions(simulator: Simulator, rut: str, count: int) -> None:
    """Logs in without logging out, as somebody else's browsers would."""
    body, check_digit = rut.split("-")
    form = {
        "rut": body, "dv": check_digit, "rutcntr": rut, "411": "1",
        "clave": simulator.company("E")["clave"], "referencia": "",
    }  # fmt: skip
    for _ in range(count):
        answer = httpx.post(f"{simulator.url}/zeusr/cgi_AUT2000/CAutInicio.cgi", data=form)
        assert answer.status_code == 302
