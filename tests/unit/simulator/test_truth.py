"""The truth: deterministic, stable over time, and with the cases that hurt."""

from collections import Counter
from datetime import date

import pytest
from cl_sii.rut import Rut

from simulator.clock import SANTIAGO, Clock
from simulator.truth import Book, Company, Period, documents_of, seeded_accounts, seeded_companies
from simulator.truth.book import summaries

SEED = 7
OCTOBER = Period(2026, 10)


def company(kind: str) -> Company:
    return next(one for one in seeded_companies(SEED) if one.kind == kind)


def book_at(*day: int) -> Book:
    return Book(SEED, Clock(date(*day)))


def months(count: int, last: Period = OCTOBER) -> list[Period]:
    found = [last]
    while len(found) < count:
        found.append(found[-1].previous())
    return found


def test_the_same_seed_makes_the_same_documents() -> None:
    first = documents_of.__wrapped__(SEED, company("A"), OCTOBER)
    assert first == documents_of.__wrapped__(SEED, company("A"), OCTOBER)
    assert seeded_companies(SEED) == seeded_companies(SEED)


def test_another_seed_makes_other_companies() -> None:
    ruts = {one.rut for one in seeded_companies(SEED)}
    assert ruts.isdisjoint(one.rut for one in seeded_companies(SEED + 1))


def test_a_closed_period_is_the_same_months_later() -> None:
    rut = company("A").rut
    assert book_at(2026, 11, 2).documents(rut, OCTOBER) == book_at(2027, 6, 1).documents(
        rut, OCTOBER
    )


def test_the_current_period_shows_what_came_before_today_and_only_grows() -> None:
    rut = company("A").rut
    early = book_at(2026, 10, 10).documents(rut, OCTOBER)
    late = book_at(2026, 10, 20).documents(rut, OCTOBER)
    assert early
    assert set(early) < set(late)
    assert all(one.reception_at.astimezone(SANTIAGO).date() < date(2026, 10, 10) for one in early)


def test_company_a_has_all_accounting_states_in_each_of_24_months() -> None:
    for period in months(24):
        documents = documents_of(SEED, company("A"), period)
        states = {one.accounting_state for one in documents if one.direction == "purchase"}
        assert states == {"REGISTRO", "PENDIENTE", "NO_INCLUIR", "RECLAMADO"}
        assert max(len(one.other_taxes) for one in documents) == 2


def test_company_b_has_more_than_393_purchases_in_one_state_each_month() -> None:
    for period in months(6):
        found = Counter(
            one.accounting_state
            for one in documents_of(SEED, company("B"), period)
            if one.direction == "purchase"
        )
        assert found["REGISTRO"] > 393


def test_company_c_never_has_a_document() -> None:
    assert not any(documents_of(SEED, company("C"), period) for period in months(24))


def test_company_d_exports_and_gets_one_folio_from_two_suppliers() -> None:
    for period in months(12):
        documents = documents_of(SEED, company("D"), period)
        assert {61, 110, 112} <= {one.doc_type for one in documents if one.direction == "sale"}
        assert 61 in {one.doc_type for one in documents if one.direction == "purchase"}
        twins = Counter(
            (one.doc_type, one.folio) for one in documents if one.direction == "purchase"
        )
        assert twins.most_common(1)[0][1] == 2


def test_one_person_logs_in_for_both_companies_f_and_only_e_declares_on_day_12() -> None:
    accounts = seeded_accounts(SEED).values()
    (person,) = [one for one in accounts if one.is_person]
    assert [one.kind for one in person.companies] == ["F", "F"]
    early = [one for one in accounts if not one.declares_on_20]
    assert [one.companies[0].kind for one in early] == ["E"]


def test_no_document_comes_twice_in_two_years() -> None:
    for one in seeded_companies(SEED):
        keys = Counter(
            (document.direction, document.doc_type, document.counterpart_rut, document.folio)
            for period in months(24)
            for document in documents_of(SEED, one, period)
        )
        assert not keys or max(keys.values()) == 1


@pytest.mark.parametrize("seed", [1, SEED, 99])
def test_every_rut_is_invented_and_valid(seed: int) -> None:
    ruts = {str(one.rut) for one in seeded_companies(seed)}
    ruts |= {str(one) for one in seeded_accounts(seed)}
    ruts |= {
        document.counterpart_rut
        for one in seeded_companies(seed)
        for document in documents_of(seed, one, OCTOBER)
    }
    foreign = "55555555-5"  # the portal's own placeholder for buyers abroad
    for rut in ruts - {foreign}:
        assert int(Rut(rut, validate_dv=True).digits) >= 70_000_000


def test_amounts_add_up_and_summaries_reconcile() -> None:
    documents = documents_of(SEED, company("A"), OCTOBER)
    for amounts in (one.amounts for one in documents):
        taxes = sum(tax.amount for tax in amounts.other_taxes)
        parts = amounts.exempt + amounts.net + amounts.vat + amounts.vat_non_rec + taxes
        assert amounts.total == parts
    totals = summaries(documents)
    assert sum(one.count for one in totals) == len(documents)
    assert sum(one.total for one in totals) == sum(one.amounts.total for one in documents)


@pytest.mark.parametrize("text", ["2026", "202613", "202600", "2026-1", "999901", ""])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no period"):
        Period.parse(text)
