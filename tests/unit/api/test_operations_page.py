"""The operations page over real HTTP: who comes in, what is shown, and what is refused."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import redis
from sqlalchemy import delete, select, text, update
from sqlalchemy.orm import Session

from app.infrastructure.celery.beat import seed_schedule
from app.infrastructure.db.models import Account, AccountSession, SignInTry
from app.services import sign_ins
from app.web import words
from app.web.words import LANGUAGES
from tests import operations

PROOF = re.compile(r'name="proof" value="([0-9a-f]{64})"')


@pytest.fixture
def passwords(session: Session) -> dict[str, str]:
    found = operations.add_accounts(session)
    session.commit()
    return found


@pytest.fixture
def browser(url: str) -> Iterator[httpx.Client]:
    """A browser without a key of the API, which prefers English."""
    with httpx.Client(base_url=url, headers={"Accept-Language": "en"}, timeout=10) as client:
        yield client


def sign_in(browser: httpx.Client, name: str, password: str, **headers: str) -> httpx.Response:
    proof = proof_in(browser.get("/ops/sign-in"))
    form = {"proof": proof, "name": name, "password": password}
    return browser.post("/ops/sign-in", data=form, headers=headers)


def proof_in(response: httpx.Response) -> str:
    found = PROOF.search(response.text)
    assert found, response.text
    return found[1]


@pytest.fixture
def viewer(browser: httpx.Client, passwords: dict[str, str]) -> httpx.Client:
    assert sign_in(browser, "vera", passwords["vera"]).status_code == 303
    return browser


CLOSED = ["/ops", "/ops/events", "/ops/no-such-page", "/ops/static/../main.py"]


@pytest.mark.parametrize("path", CLOSED)
def test_without_a_session_nothing_is_shown(browser: httpx.Client, path: str) -> None:
    response = browser.get(path, headers={"X-API-Key": "a-key-for-tests"})
    assert response.status_code in (303, 401, 404)
    assert response.status_code != 303 or response.headers["location"] == "/ops/sign-in"


def test_who_signs_in_sees_the_page_and_who_signs_out_does_not(
    browser: httpx.Client, passwords: dict[str, str], session: Session
) -> None:
    # A link from another site brings no cookie along: the form must leave a session alone.
    assert list(browser.get("/ops/sign-in").cookies) == ["fiscal_ops_form"]
    answer = sign_in(browser, " Ana", passwords["ana"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/ops")
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/ops"))
    assert "Secure" not in cookie
    token = browser.cookies["fiscal_ops"]
    kept = session.execute(select(AccountSession.token_hash, AccountSession.account)).one()
    assert token not in kept
    shown = browser.get("/ops")
    assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert "ana" in shown.text
    assert browser.get("/ops/sign-in").status_code == 303
    left = browser.post("/ops/sign-out", data={"proof": proof_in(shown)})
    assert left.headers["location"] == "/ops/sign-in"
    browser.cookies.set("fiscal_ops", token, path="/ops")
    assert browser.get("/ops").status_code == 303


def test_over_https_the_cookie_stays_there(
    browser: httpx.Client, passwords: dict[str, str]
) -> None:
    answer = sign_in(browser, "ana", passwords["ana"], **{"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["set-cookie"]


def test_a_session_ends_with_its_time_its_account_and_its_password(
    viewer: httpx.Client, session: Session
) -> None:
    assert viewer.get("/ops").status_code == 200
    session.execute(update(AccountSession).values(expires_at=text("now()")))
    session.commit()
    assert viewer.get("/ops").status_code == 303
    session.execute(update(AccountSession).values(expires_at=text("now() + interval '1 h'")))
    session.commit()
    assert viewer.get("/ops").status_code == 200
    session.execute(delete(Account).where(Account.name == "vera"))
    session.commit()
    assert viewer.get("/ops").status_code == 303


def test_failed_sign_ins_shut_out_nobody_else(
    url: str, passwords: dict[str, str], session: Session
) -> None:
    def from_(address: str) -> httpx.Client:
        # As uvicorn takes it from a proxy on this machine.
        return httpx.Client(base_url=url, headers={"X-Forwarded-For": address}, timeout=10)

    with from_("203.0.113.9") as attacker:
        proof = proof_in(attacker.get("/ops/sign-in"))
        form = {"proof": proof, "name": "ana", "password": "guess"}
        answers = [attacker.post("/ops/sign-in", data=form) for _ in range(60)]
        statuses = [answer.status_code for answer in answers]
        assert statuses == [401] * sign_ins.MOST_TRIES + [429] * (60 - sign_ins.MOST_TRIES)
        assert 0 < int(answers[-1].headers["retry-after"]) <= 900
        right = form | {"password": passwords["ana"]}
        assert attacker.post("/ops/sign-in", data=right).status_code == 429
        assert sign_in(attacker, "vera", passwords["vera"]).status_code == 303
    with from_("198.51.100.7") as ana:
        assert sign_in(ana, "ana", passwords["ana"]).status_code == 303
    tried = session.execute(select(SignInTry.address, SignInTry.tries)).all()
    assert [tuple(row) for row in tried] == [("203.0.113.9", sign_ins.MOST_TRIES + 1)]
    session.execute(update(SignInTry).values(begun_at=text("now() - interval '16 min'")))
    session.commit()
    with from_("203.0.113.9") as attacker:
        assert sign_in(attacker, "ana", passwords["ana"]).status_code == 303


def test_a_refusal_says_nothing_of_which_names_there_are(
    browser: httpx.Client, passwords: dict[str, str]
) -> None:
    pages = [sign_in(browser, name, "wrong") for name in ("ana", "nobody")]
    assert [page.status_code for page in pages] == [401, 401]
    assert pages[0].text == pages[1].text


WRONG_FORMS: list[dict[str, str]] = [{}, {"proof": ""}, {"proof": "0" * 64}, {"proof": "ñ"}]
FORMS = ["/ops/sign-in", "/ops/sign-out"]


@pytest.mark.parametrize("path", FORMS)
def test_a_form_of_another_site_is_refused(viewer: httpx.Client, path: str) -> None:
    for form in WRONG_FORMS:
        assert viewer.post(path, data=form).status_code == 403
    with httpx.Client(base_url=viewer.base_url) as other:  # a proof of another browser's
        foreign = proof_in(other.get("/ops/sign-in"))
    assert viewer.post(path, data={"proof": foreign}).status_code == 403
    assert viewer.get("/ops").status_code == 200


def test_every_answer_carries_a_policy_and_no_page_needs_more(viewer: httpx.Client) -> None:
    for path in ("/ops", "/ops/events", "/ops/static/ops.css", "/ops/language/es"):
        with viewer.stream("GET", path) as answer:
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
    for page in (viewer.get("/ops").text, httpx.get(f"{viewer.base_url}/ops/sign-in").text):
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?! src=\"/ops/)", page)
        assert not re.search(r"(?:src|href)=\"(?!/ops|#content)", page)


def seed(session: Session, database_url: str, redis_url: str) -> None:
    seed_schedule(database_url)
    companies = operations.add_companies(session)
    operations.add_finished(session, 120)
    operations.add_flood(session, companies)
    operations.add_due(session, "sii: documents of all companies", -90)
    session.commit()
    with redis.Redis.from_url(redis_url) as client:
        operations.report_workers(client)


@pytest.fixture
def flooded(
    viewer: httpx.Client, session: Session, database_url: str, redis_url: str
) -> httpx.Client:
    seed(session, database_url, redis_url)
    return viewer


def test_the_page_shows_everything_in_both_languages(flooded: httpx.Client) -> None:
    english = flooded.get("/ops").text
    for shown in (
        *("fast", "slow", "2 of 3 busy", "1 of 1 busy"),
        *("3 of 8 · 2026-10 sales", "and 36 more"),
        *("SII refused the clave.", "Ask the owner for a new clave", "poison_run"),
        *("every 5 min", "daily at 06:00", ">late<", "runs in the last hour"),
    ):
        assert shown in english, shown
    flooded.get("/ops/language/es")
    spanish = flooded.get("/ops").text
    for shown in ("2 de 3 ocupados", "3 de 8 · 2026-10 ventas", "Pida al dueño", "atrasada"):
        assert shown in spanish, shown
    assert '<html lang="es">' in spanish


def test_high_is_fast_while_the_others_are_flooded(flooded: httpx.Client) -> None:
    page = flooded.get("/ops").text
    found = re.findall(r'aria-label="queue (\w+): ([\w ]+); p95 wait, last hour ([\w. ]+);', page)
    said = {queue: (verdict, wait) for queue, verdict, wait in found}
    assert said["high"][0] == "fast"
    assert said["high"][1].endswith(" ms")
    assert said["default"][0] == "on time"
    assert said["low"][0] == "on time"
    assert said["low"][1].split()[1] == "min"


def test_markup_in_names_and_messages_is_text(flooded: httpx.Client) -> None:
    page = flooded.get("/ops").text
    assert page.count("<script") == 1
    assert "<b>Panader" not in page
    assert "&lt;b&gt;Panadería&lt;/b&gt; &amp; " in page


def test_an_open_page_is_told_what_changes_and_the_end(
    flooded: httpx.Client, session: Session
) -> None:
    events: list[tuple[str, Any]] = []
    with flooded.stream("GET", "/ops/events", timeout=30) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            if field == "data":
                events.append((name, json.loads(value)))
                if len(events) == 1:
                    session.execute(delete(AccountSession))
                    session.commit()
    assert [name for name, _ in events][-1] == "ended"
    assert set(events[0][1]) == {
        *("picture", "waits", "running", "waiting", "failures", "schedule")
    }
    assert "2 of 3 busy" in events[0][1]["picture"]


def test_without_redis_the_rest_is_shown(
    flooded: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.settings import get_settings

    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
    get_settings.cache_clear()
    page = flooded.get("/ops").text
    assert "Redis does not answer" in page
    assert "SII refused the clave." in page


def test_both_languages_say_the_same() -> None:
    es, en = LANGUAGES["es"], LANGUAGES["en"]
    assert es.texts.keys() == en.texts.keys()
    assert es.failures.keys() == en.failures.keys()
    for key, text_ in es.texts.items():
        fields = [re.findall(r"\{(\w+)\}", words[key]) for words in (es, en)]
        assert sorted(fields[0]) == sorted(fields[1]), key
        assert text_


WISHES = {
    "none": (None, "", "es"),
    "english": (None, "en-GB,en;q=0.9", "en"),
    "spanish-liked-better": (None, "en;q=0.4, es-CL;q=0.8", "es"),
    "neither": (None, "de-DE, fr;q=0.8", "es"),
    "nonsense": (None, ";;q=x,q=,en;q=much", "es"),
    "chosen": ("en", "es", "en"),
    "unknown-choice": ("<x>", "en", "en"),
}


@pytest.mark.parametrize(("chosen", "accepted", "language"), WISHES.values(), ids=WISHES.keys())
def test_the_language_is_the_one_that_is_liked(
    chosen: str | None, accepted: str, language: str
) -> None:
    assert words.choose(chosen, accepted).language == language
