"""The sync against the simulator's strict portal, over HTTP: what is stored equals its truth."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest

from app import errors
from app.domain.document_totals import Totals
from app.infrastructure.sii import pages
from app.infrastructure.sii.rcv import RcvSession
from app.services.document_totals import document_totals
from app.services.fees import fee_totals
from simulator.settings import Settings
from tests.unit.sii.books import Books
from tests.unit.simulator.portal_client import PortalClient
from tests.unit.simulator.server import Admin, running

TODAY = datetime(2026, 11, 15, 12, tzinfo=UTC)
IDENTITY = ("direction", "doc_type", "counterpart_rut", "folio")
DAY = ("doc_type", "count", "exempt", "net", "vat", "total")
FEE = ("issuer_rut", "folio", "issuer_name", "status_raw", "gross", "withheld", "net")
FIELDS = (*IDENTITY, "accounting_state", "exempt", "net", "vat", "total")


class HttpPortal:
    """Logs in as the login page's form does, without a browser."""

    def __init__(self, address: str) -> None:
        self.address = address

    @contextmanager
    def open_session(self, login_rut: str, clave: str) -> Iterator[RcvSession]:
        hosts = [f"{self.address}/{name}" for name in ("zeusr", "misiir", "www4", "loa")]
        with PortalClient(self.address) as client:
            assert client.log_in(login_rut, clave).status_code == 302
            client.http.follow_redirects = True
            try:
                yield RcvSession(
                    client.http,
                    pages.Addresses(*hosts),
                    login_rut=login_rut,
                    token=client.http.cookies["TOKEN"],
                    recaptcha_token="t-o-k-e-n-web",
                    export_limit=393,
                    min_interval=0,
                )
            finally:
                client.http.get(f"{hosts[0]}/cgi_AUT2000/autTermino.cgi")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running(Settings(today=TODAY.date(), smtp_host="127.0.0.1", smtp_port=0)) as found:
        yield found


@pytest.fixture
def admin(address: str) -> Iterator[Admin]:
    with Admin(address) as admin:
        admin.http.post("reset").raise_for_status()
        yield admin
        assert admin.state["violations"] == []
        assert admin.state["open_sessions"] == {}


class Desk:
    """One company of the simulator in a database of its own."""

    def __init__(self, books: Books, admin: Admin, address: str, kind: str) -> None:
        self.books, self.admin, self.portal = books, admin, HttpPortal(address)
        self.company = admin.company(kind)
        self.id = books.company(
            self.company["rut"], self.company["login_rut"], self.company["clave"]
        )

    def sync(self, **options: Any) -> dict[str, Any]:
        run = self.books.run(TODAY)
        return self.books.sync(self.portal, self.id, run_id=run, **options)

    def truth(self, period: str) -> dict[str, Any]:
        return self.admin.get(f"truth/{self.company['rut']}", period=period.replace("-", ""))

    def assert_equal(self, period: str) -> None:
        stored = self.books.documents(period=period, vanished_at=None)
        assert sorted(tuple(getattr(one, name) for name in FIELDS) for one in stored) == sorted(
            tuple(one[name] for name in FIELDS) for one in self.truth(period)["documents"]
        )
        assert [
            {name: getattr(one, name) for name in DAY} | {"day": one.day.isoformat()}
            for one in self.books.boletas(period=period)
        ] == self.truth(period)["boletas"]
        fees = [
            (*(getattr(one, name) for name in FEE), one.issue_date.isoformat())
            for one in self.books.fees(period=period, vanished_at=None)
        ]
        assert sorted(fees) == sorted(
            (*(one[name] for name in FEE), one["issue_date"]) for one in self.truth(period)["fees"]
        )


@pytest.fixture
def normal(books: Books, admin: Admin, address: str) -> Desk:
    return Desk(books, admin, address, "A")


def test_a_document_that_the_portal_loses_is_kept_and_marked_until_it_shows_again(
    normal: Desk,
) -> None:
    normal.sync(months=2)
    for period in ("2026-10", "2026-11"):
        normal.assert_equal(period)
    lost = normal.truth("2026-10")["documents"][0]
    hidden = {"rut": normal.company["rut"]} | {name: lost[name] for name in IDENTITY}
    normal.admin.http.post("hidden", json=hidden).raise_for_status()

    normal.sync(months=2)
    normal.assert_equal("2026-10")
    (marked,) = [one for one in normal.books.documents() if one.vanished_at]
    assert {name: getattr(marked, name) for name in IDENTITY} == {
        name: lost[name] for name in IDENTITY
    }

    normal.admin.http.delete("hidden").raise_for_status()
    result = normal.sync(months=2)
    counts = [result[name]["actualizados"] for name in ("compras", "ventas")]
    assert sorted(counts) == [0, 1]
    normal.assert_equal("2026-10")


@pytest.mark.parametrize("kind", ["A", "C", "D", "E"])
def test_our_totals_do_not_differ_from_the_portals_summary(
    books: Books, admin: Admin, address: str, kind: str
) -> None:
    desk = Desk(books, admin, address, kind)
    result = desk.sync(months=2)
    desk.assert_equal("2026-10")
    assert result["boletas"]["nuevos"] == len(books.boletas())
    assert result["honorarios"]["nuevos"] == len(books.fees())
    assert bool(books.boletas()) == (kind in "AE")
    with books.sessions() as session:
        registers = document_totals(session, desk.id, "2026-10")
    assert [one.sum.difference for one in registers] == [Totals()] * 5
    assert {
        (one.direction, one.accounting_state, row.doc_type): asdict(row.documents)
        for one in registers
        for row in one.types
    } == {
        (one["direction"], one["accounting_state"], one["doc_type"]): {
            name: one[name] for name in ("count", "exempt", "net", "vat", "total")
        }
        for one in desk.truth("2026-10")["summary"]
    }


def test_boletas_that_fail_midway_are_resumed_and_nothing_committed_is_asked_for_again(
    normal: Desk,
) -> None:
    run = normal.books.run(TODAY)
    path = "/www4/complementoscvui"
    rule = {"path": path, "kind": "http_503", "after": 3}  # November's second type
    normal.admin.http.post("faults", json=rule).raise_for_status()
    with pytest.raises(errors.SiiUnavailable):
        normal.books.sync(normal.portal, normal.id, run_id=run, months=2)
    assert {one.period for one in normal.books.boletas()} == {"2026-10"}
    assert ("2026-11", "sale") in normal.books.checkpoints(run)
    before = normal.admin.state["readings"]

    normal.admin.http.delete("faults").raise_for_status()
    result = normal.books.sync(normal.portal, normal.id, run_id=run, months=2)
    after = normal.admin.state["readings"]
    again = {key for key, count in after.items() if count > before.get(key, 0)}
    rut = normal.company["rut"]
    assert again == {
        *(f"obtieneListaBoletasMes {rut} 202611 BOLETA {code}" for code in (39, 48)),
        f"InformeMensualBheRec {rut} 202611 HONORARIO 1",
    }
    assert result["boletas"]["nuevos"] == len(normal.books.boletas())
    for period in ("2026-10", "2026-11"):
        normal.assert_equal(period)


def test_a_list_that_lacks_a_day_stores_none_of_them(normal: Desk) -> None:
    rule = {"path": "/www4/complementoscvui", "kind": "boletas_mismatch"}
    normal.admin.http.post("faults", json=rule).raise_for_status()
    with pytest.raises(errors.PeriodsIncomplete, match=r"2026-11 boletas \(incomplete_answer\)"):
        normal.sync()
    assert normal.books.boletas() == []
    normal.admin.http.delete("faults").raise_for_status()
    normal.sync()
    normal.assert_equal("2026-11")


def test_honorarios_of_several_pages_and_of_both_companies_of_a_person_are_their_own(
    books: Books, admin: Admin, address: str
) -> None:
    large = Desk(books, admin, address, "B")
    large.sync(month_offset=1)
    assert len(books.fees()) > 100
    large.assert_equal("2026-10")

    both = [one for one in admin.get("companies") if one["kind"] == "F"]
    for one in both:
        company = books.company(one["rut"], one["login_rut"], one["clave"])
        run = books.run(TODAY)
        books.sync(HttpPortal(address), company, run_id=run, month_offset=1)
        stored = {(fee.issuer_rut, fee.folio) for fee in books.fees(company_id=company)}
        truth = admin.get(f"truth/{one['rut']}", period="202610")["fees"]
        assert stored == {(fee["issuer_rut"], fee["folio"]) for fee in truth}
        assert stored


def test_a_report_that_lacks_a_row_stores_none_of_them(normal: Desk) -> None:
    rule = {"path": "/loa", "kind": "fees_mismatch"}
    normal.admin.http.post("faults", json=rule).raise_for_status()
    with pytest.raises(errors.PeriodsIncomplete, match=r"2026-11 fees \(incomplete_answer\)"):
        normal.sync()
    assert normal.books.fees() == []
    normal.admin.http.delete("faults").raise_for_status()
    normal.sync()
    normal.assert_equal("2026-11")


def test_what_is_withheld_in_a_period_is_code_151_of_its_return(normal: Desk) -> None:
    normal.sync(month_offset=2)
    with normal.books.sessions() as session:
        totals = fee_totals(session, normal.id, "2026-09")
    returns = normal.admin.get(f"truth/{normal.company['rut']}/f29", year="2026")
    (september,) = [one for one in returns if one["month"] == 9]
    assert totals.withheld == september["codes"]["151"] > 0
