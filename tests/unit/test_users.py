"""People and memberships: one row each, however often and however many at once ask for it."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import Company, Membership, User
from app.infrastructure.db.session import get_session_factory
from app.services.users import add_member, find_or_create_user, list_members

ANA: dict[str, Any] = {
    "email": " Ana@Pyme.example ",
    "full_name": "Ana  Pérez",
    "phone": "9 8765 4321",
    "rut": "77.123.456-9",
    "time_zone": "Pacific/Easter",
}


@pytest.fixture
def sessions(database_url: str) -> sessionmaker[Session]:
    return get_session_factory()


def test_a_person_is_stored_in_one_spelling_and_found_again(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        made = find_or_create_user(session, **ANA)
        again = find_or_create_user(session, email="ana@pyme.example", full_name="Another")
        assert again.id == made.id
        assert (again.email, again.full_name, again.phone, again.rut, again.time_zone) == (
            "ana@pyme.example", "Ana Pérez", "+56987654321", "77123456-9", "Pacific/Easter",
        )  # fmt: skip


def test_eight_at_once_make_one_person_and_one_membership(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        company = Company(rut="77123456-9", business_name="Panadería")
        session.add(company)
        session.flush()
        company_id = company.id

    def join(_: int) -> Any:
        with sessions.begin() as session:
            user = find_or_create_user(session, **ANA)
            add_member(session, user.id, company_id, "accountant")
            return user.id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(join, range(8)))) == 1
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(User)) == 1
        ((user, member),) = list_members(session, company_id)
        assert (user.full_name, member.role) == ("Ana Pérez", "accountant")
        assert session.scalar(select(func.count()).select_from(Membership)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "ana"),
        ("email", "ana@pyme"),
        ("full_name", " "),
        ("full_name", "a\x00b"),
        ("phone", "123"),
        ("phone", "+56912345678901"),
        ("time_zone", "Mars/Olympus"),
    ],
)
def test_what_is_no_person_is_refused_by_its_field(
    sessions: sessionmaker[Session], field: str, value: str
) -> None:
    with sessions() as session, pytest.raises(InvalidInput) as caught:
        find_or_create_user(session, **(ANA | {field: value}))
    assert caught.value.field == field


def test_membership_needs_a_person_a_company_and_a_known_role(
    sessions: sessionmaker[Session],
) -> None:
    with sessions() as session:
        user = find_or_create_user(session, **ANA)
        with pytest.raises(NotFound, match="no user"):
            add_member(session, uuid4(), uuid4())
        with pytest.raises(NotFound, match="no company"):
            add_member(session, user.id, uuid4())
        with pytest.raises(InvalidInput, match="no role king"):
            add_member(session, user.id, uuid4(), "king")
