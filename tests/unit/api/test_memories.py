from uuid import uuid4

import httpx
import pytest
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Memory, User
from tests.unit.api.conftest import Published, new_company, refused


@pytest.fixture
def user_id(session: Session) -> str:
    user = User(email="ana@example.com", full_name="Ana Rojas")
    session.add(user)
    session.commit()
    return str(user.id)


def remember(session: Session, owner_type: str, owner_id: str, *slugs: str) -> None:
    session.add_all(
        Memory(
            owner_type=owner_type,
            owner_id=owner_id,
            slug=slug,
            category="taste",
            content=f"Sobre {slug}.",
            content_hash="x",
            store="postgres",
            state="stored",
            mem0_id=str(uuid4()),
        )
        for slug in slugs
    )
    session.commit()


def test_an_owner_sees_their_own_memories_page_by_page(
    api: httpx.Client, session: Session, user_id: str
) -> None:
    remember(session, "user", user_id, "b", "a", "c")
    remember(session, "user", str(uuid4()), "other")
    first = api.get(f"/v1/users/{user_id}/memories", params={"limit": 2}).json()
    assert [each["slug"] for each in first["items"]] == ["a", "b"]
    assert first["items"][0]["content"] == "Sobre a."
    assert "mem0_id" not in first["items"][0]
    cursor = first["next_cursor"]
    rest = api.get(f"/v1/users/{user_id}/memories", params={"limit": 2, "cursor": cursor}).json()
    assert ([each["slug"] for each in rest["items"]], rest["next_cursor"]) == (["c"], None)


def test_what_is_deleted_is_empty_at_once_and_a_run_takes_it_out_of_mem0(
    api: httpx.Client, session: Session, outbox: Published
) -> None:
    company_id = new_company(api)
    remember(session, "company", company_id, "a", "b")
    answer = api.delete(f"/v1/companies/{company_id}/memories/a")
    assert answer.status_code == 202
    run = answer.json()
    assert answer.headers["location"] == f"/v1/runs/{run['id']}"
    assert (run["task"], run["company_id"]) == ("system.forget_memories", company_id)
    owner = {"owner_type": "company", "owner_id": company_id}
    assert outbox.published == [(run["id"], owner)]
    left = api.get(f"/v1/companies/{company_id}/memories").json()["items"]
    assert [each["slug"] for each in left] == ["b"]
    contents = {row.slug: row.content for row in session.query(Memory)}
    assert contents == {"a": "", "b": "Sobre b."}


def test_everything_of_an_owner_is_deleted_and_again_is_the_same(
    api: httpx.Client, session: Session, user_id: str
) -> None:
    remember(session, "user", user_id, "a", "b")
    for _ in range(2):
        assert api.delete(f"/v1/users/{user_id}/memories").status_code == 202
    assert api.get(f"/v1/users/{user_id}/memories").json()["items"] == []


def test_unknown_owners_and_slugs_are_named(api: httpx.Client, user_id: str) -> None:
    nobody = uuid4()
    for method in ("GET", "DELETE"):
        for what in ("users", "companies"):
            answer = api.request(method, f"/v1/{what}/{nobody}/memories")
            refused(answer, 404, "not_found")
            assert str(nobody) in answer.json()["detail"]
    answer = api.delete(f"/v1/users/{user_id}/memories/coffee")
    refused(answer, 404, "not_found")
    assert answer.json()["detail"] == f"There is no memory coffee of user {user_id}."
    refused(api.delete(f"/v1/users/{user_id}/memories/Bad%00"), 422, "invalid_input", "slug")


@pytest.mark.parametrize("cursor", ["WyIAIl0", "x", "WyJBIl0", "W10"])
def test_a_made_up_cursor_is_refused(api: httpx.Client, user_id: str, cursor: str) -> None:
    answer = api.get(f"/v1/users/{user_id}/memories", params={"cursor": cursor})
    refused(answer, 422, "invalid_input", "cursor")
