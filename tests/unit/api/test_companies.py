import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import StringIO
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.infrastructure.cipher import Cipher
from app.infrastructure.db.models import Company, SiiCredential
from tests.unit.api.conftest import new_company, refused
from tests.waiting import wait_until

CLAVE = "MuySecreta-7319"
JSON = {"Content-Type": "application/json"}


def test_a_company_is_created_and_found(api: httpx.Client) -> None:
    body = {"rut": "77.123.456-9", "business_name": "  Panadería Las Nieves SpA "}
    created = api.post("/companies", json=body)
    assert created.status_code == 201
    company = created.json()
    assert created.headers["location"] == f"/v1/companies/{company['id']}"
    assert company["rut"] == "77123456-9"
    assert company["business_name"] == "Panadería Las Nieves SpA"
    assert company["is_active"] is True
    assert company["credential"] is None
    assert company["created_at"].endswith("Z")
    assert api.get(created.headers["location"]).json() == company


def test_a_second_company_with_the_same_rut_is_a_conflict(api: httpx.Client) -> None:
    for rut, status in (("77123456-9", 201), ("77.123.456-9", 409), ("771234569", 409)):
        response = api.post("/companies", json={"rut": rut, "business_name": "x"})
        assert response.status_code == status
    refused(response, 409, "already_exists")


def test_of_requests_at_once_exactly_one_creates(api: httpx.Client, session: Session) -> None:
    body = {"rut": "77123456-9", "business_name": "x"}
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda _: api.post("/companies", json=body).status_code, range(8))
    assert sorted(answers) == [201] + 7 * [409]
    assert len(session.scalars(select(Company)).all()) == 1


BAD_COMPANIES: list[tuple[str, object]] = [
    ("rut", "77.123.456-8"),
    ("rut", "no rut"),
    ("rut", ""),
    ("rut", None),
    ("rut", 77123456),
    ("rut", "\ud800"),
    ("business_name", ""),
    ("business_name", "   "),
    ("business_name", "a\x00b"),
    ("business_name", "x" * 201),
    ("is_active", True),
]


def test_a_bad_value_is_refused_and_its_field_named(api: httpx.Client, session: Session) -> None:
    for field, value in BAD_COMPANIES:
        body = {"rut": "77123456-9", "business_name": "x", field: value}
        response = api.post("/companies", content=json.dumps(body), headers=JSON)
        refused(response, 422, "invalid_input", field)
        assert session.scalars(select(Company)).all() == []


def test_a_body_that_is_no_text_is_refused_like_one_that_is_no_json(api: httpx.Client) -> None:
    for content in (b'{"rut": "\xff"}', b"\x80", b"{"):
        response = api.post("/v1/companies", content=content, headers=JSON)
        refused(response, 422, "invalid_input", "body")


def test_companies_come_in_pages_by_rut(api: httpx.Client) -> None:
    ruts = ["70000000-1", "77123456-9", "99999999-9"]
    for rut in reversed(ruts):
        new_company(api, rut)
    first = api.get("/companies", params={"limit": 2}).json()
    assert [company["rut"] for company in first["items"]] == ruts[:2]
    rest = api.get("/companies", params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [company["rut"] for company in rest["items"]] == ruts[2:]
    assert rest["next_cursor"] is None


LIMITS = ["0", "501", "x"]


def test_an_impossible_limit_is_refused(api: httpx.Client) -> None:
    for limit in LIMITS:
        refused(api.get("/companies", params={"limit": limit}), 422, "invalid_input", "limit")


def test_an_unknown_company_is_not_found(api: httpx.Client) -> None:
    refused(api.get(f"/companies/{uuid4()}"), 404, "not_found")
    credential = {"login_rut": "77123456-9", "clave": CLAVE}
    refused(api.put(f"/companies/{uuid4()}/credential", json=credential), 404, "not_found")
    refused(api.get("/companies/seven"), 422, "invalid_input", "company_id")


def test_a_clave_is_kept_encrypted_and_never_shown(
    api: httpx.Client, session: Session, cipher: Cipher
) -> None:
    company_id = new_company(api)
    path = f"/companies/{company_id}/credential"
    answer = api.put(path, json={"login_rut": "70.000.000-2", "clave": CLAVE})
    refused(answer, 422, "invalid_input", "login_rut")
    answer = api.put(path, json={"login_rut": "70.000.000-1", "clave": CLAVE})
    assert answer.json() == {
        "login_rut": "70000000-1",
        "status": "unproven",
        "blocked_until": None,
        "last_ok_at": None,
    }
    shown = api.get(f"/companies/{company_id}").json()["credential"]
    assert shown == answer.json()
    stored = session.scalars(select(SiiCredential)).one()
    assert CLAVE not in stored.secret
    assert cipher.decrypt(stored.secret) == CLAVE


def test_a_new_clave_is_unproven_again(api: httpx.Client, session: Session) -> None:
    company_id = new_company(api)
    last_ok = datetime(2026, 11, 1, 12, tzinfo=UTC)
    blocked = {"status": "blocked", "blocked_until": last_ok, "last_ok_at": last_ok}
    session.execute(update(SiiCredential).values(blocked))
    session.commit()
    shown = api.get(f"/companies/{company_id}").json()["credential"]
    assert shown["status"] == "blocked"
    assert shown["last_ok_at"] == "2026-11-01T12:00:00Z"
    answer = api.put(
        f"/companies/{company_id}/credential", json={"login_rut": "77123456-9", "clave": "otra"}
    ).json()
    assert answer["status"] == "unproven"
    assert answer["blocked_until"] is None
    assert session.scalars(select(SiiCredential.status)).one() == "unproven"


BODIES: list[object] = [
    {"login_rut": "77123456-8", "clave": CLAVE},
    {"login_rut": "77123456-9", "clave": CLAVE * 20},
    {"login_rut": "77123456-9", "clave": [CLAVE]},
    {"login_rut": "77123456-9", "password": CLAVE},
    {"login_rut": CLAVE, "clave": ""},
    [CLAVE],
    CLAVE,
]


def test_no_refusal_and_no_log_repeats_the_clave(api: httpx.Client, log: StringIO) -> None:
    company_id = new_company(api)
    for body in BODIES:
        response = api.put(f"/companies/{company_id}/credential", json=body)
        assert response.status_code == 422
        assert CLAVE not in response.text
        broken = json.dumps(body) + "}"
        response = api.put(f"/companies/{company_id}/credential", content=broken, headers=JSON)
        assert response.status_code == 422
        assert CLAVE not in response.text
    wait_until(lambda: log.getvalue().count("/credential 422") == 2 * len(BODIES))
    assert CLAVE not in log.getvalue()


def test_a_defect_while_a_clave_is_stored_does_not_show_it(
    api: httpx.Client,
    log: StringIO,
    cipher: Cipher,
    monkeypatch: pytest.MonkeyPatch,
    session: Session,
) -> None:
    path = f"/companies/{new_company(api)}/credential"
    body = {"login_rut": "77123456-9", "clave": CLAVE}
    session.execute(
        text("ALTER TABLE sii_credentials ADD CONSTRAINT never CHECK (secret = '') NOT VALID")
    )
    session.commit()
    refused(api.put(path, json=body), 500, "internal_error")
    monkeypatch.setattr(cipher, "encrypt", lambda _: 1 / 0)
    refused(api.put(path, json=body), 500, "internal_error")
    assert "CheckViolation" in log.getvalue()
    assert "ZeroDivisionError" in log.getvalue()
    assert "Failing row" not in log.getvalue(), "Postgres quotes the row, the ciphertext in it"
    assert CLAVE not in log.getvalue()
