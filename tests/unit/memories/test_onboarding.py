"""What is remembered when a company joins: what is known, and nothing else."""

from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from app.errors import InvalidInput, NotFound
from app.infrastructure.db.models import CompanyTaxInfo, User
from app.infrastructure.mem0.postgres import PostgresStore
from app.services.onboarding_memories import save_onboarding_memories
from tests.unit.memories.people import People

PORTAL = {
    "contribuyente": {
        "glosaActividad": "ELABORACION DE PAN",
        "fechaInicioActividades": "2015-03-01 00:00:00.0",
        "segmentoDescripcion": "Micro y Pequeña Empresa",
        "autorizadoDeclararDia20": "S",
    },
    "direcciones": [{"calle": "Av. Siempre Viva", "numero": 742, "comuna": "Ñuñoa"}],
}


def save(ana: People, store: PostgresStore, **options: Any) -> dict[str, int]:
    ids = {"user_id": str(ana.user_id), "company_id": str(ana.company_id)}
    return save_onboarding_memories(
        ana.sessions, store, attempt=options.pop("attempt", ana.attempt()), **(ids | options)
    )


def tax_info(ana: People, **columns: Any) -> str:
    with ana.sessions.begin() as session:
        info = CompanyTaxInfo(company_id=ana.company_id, **columns)
        session.add(info)
    return str(info.id)


def contents(ana: People) -> dict[str, str]:
    return {slug: row.content for slug, row in ana.rows().items()}


def test_a_company_of_which_little_is_known_gives_few_memories(
    ana: People, store: PostgresStore
) -> None:
    assert save(ana, store) == {
        "company_memories_count": 1,
        "user_memories_count": 2,
        "created": 3,
        "updated": 0,
        "unchanged": 0,
        "failed": 0,
    }
    assert contents(ana) == {
        "company_basic_info": "La empresa Panadería Las Nieves SpA tiene el RUT 77123456-9.",
        f"user_company_join_{ana.company_id}": "El usuario registró la empresa Panadería Las"
        " Nieves SpA (RUT 77123456-9) en la plataforma.",
        f"user_role_{ana.company_id}": "El rol del usuario en la empresa Panadería Las Nieves SpA"
        " (RUT 77123456-9) es dueño.",
    }


def test_every_slug_has_its_sentence_where_its_facts_are_known(
    ana: People, store: PostgresStore
) -> None:
    given = {
        "representantes": [{"nombre": "Ana Rojas", "rut": "12345678-5"}, "Luis Soto"],
        "documentosAutorizados": ["Factura electrónica", {"descripcion": "Guía de despacho"}],
    }
    info_id = tax_info(ana, regime="Pro Pyme", activity_code="107100", raw=PORTAL)
    counts = save(ana, store, company_tax_info_id=info_id, contribuyente_info=given)
    assert (counts["company_memories_count"], counts["created"]) == (7, 9)
    said = contents(ana)
    name = "Panadería Las Nieves SpA"
    assert said["company_basic_info"].endswith("Su segmento en el SII es Micro y Pequeña Empresa.")
    assert said["company_tax_regime"] == f"El régimen tributario de {name} es Pro Pyme."
    assert said["company_activity"] == (
        f"La actividad económica de {name} es ELABORACION DE PAN (código 107100)."
    )
    assert said["company_start_date"] == f"{name} inició actividades el 01-03-2015."
    assert said["company_address"] == (
        f"La dirección de {name} registrada en el SII es Av. Siempre Viva, 742, Ñuñoa."
    )
    assert said["company_legal_representatives"] == (
        f"Los representantes legales de {name} son Ana Rojas (RUT 12345678-5); Luis Soto."
    )
    assert said["company_authorized_documents"] == (
        f"El SII autoriza a {name} a emitir Factura electrónica; Guía de despacho."
    )


def test_what_the_caller_gives_wins_over_what_is_stored(ana: People, store: PostgresStore) -> None:
    tax_info(ana, started_on=date(2015, 3, 1), raw=PORTAL)
    given = {"contribuyente": {"glosaActividad": "VENTA DE PAN", "fechaInicioActividades": None}}
    save(ana, store, contribuyente_info=given)
    assert "VENTA DE PAN" in contents(ana)["company_activity"]
    assert "01-03-2015" in contents(ana)["company_start_date"]


@pytest.mark.parametrize("said", ["31/02/2020", "hace años", "", 7, None, ["x"]])
def test_a_date_that_is_none_is_left_out(ana: People, store: PostgresStore, said: Any) -> None:
    save(ana, store, contribuyente_info={"fechaInicioActividades": said})
    assert "company_start_date" not in contents(ana)


def test_again_is_unchanged_and_a_later_member_is_told_apart(
    ana: People, store: PostgresStore
) -> None:
    save(ana, store)
    assert save(ana, store)["unchanged"] == 3
    assert save(ana, store, is_new_company=False)["updated"] == 1
    joined = contents(ana)[f"user_company_join_{ana.company_id}"]
    assert joined.startswith("El usuario se unió a la empresa Panadería")


def test_who_does_not_belong_together_is_refused(ana: People, store: PostgresStore) -> None:
    with ana.sessions.begin() as session:
        stranger = User(email="otro@example.com", full_name="Otro")
        session.add(stranger)
    for wrong, message in (
        ({"user_id": str(uuid4())}, "There is no user"),
        ({"company_id": str(uuid4())}, "There is no company"),
        ({"user_id": str(stranger.id)}, "is no member of company"),
        ({"company_tax_info_id": str(uuid4())}, "has no tax info"),
    ):
        with pytest.raises(NotFound, match=message):
            save(ana, store, **wrong)
    with pytest.raises(InvalidInput):
        save(ana, store, contribuyente_info="text")
    assert ana.rows() == {}
