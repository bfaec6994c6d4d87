"""What there is to remember of a company and its people when it joins, in Spanish sentences.

A fact that is not known gives no sentence: nothing is invented. The portal's words are those of
`DatosCntrNow` on its home page; its `representantes` and `documentosAutorizados` were never seen
there and come from callers that know them.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from app.domain.memories import Fact

ROLES = {"owner": "dueño", "admin": "administrador", "accountant": "contador", "member": "miembro"}


@dataclass(frozen=True)
class CompanyFacts:
    """What our tables know of a company.

    `portal` is the answer of SII's home page, the keys of `contribuyente` beside the others.
    """

    rut: str
    business_name: str
    regime: str | None = None
    activity_code: str | None = None
    activity_name: str | None = None
    started_on: date | None = None
    portal: Mapping[str, Any] = field(default_factory=dict)

    def said(self, key: str) -> str | None:
        """Returns what the portal says of the taxpayer, None where it says nothing."""
        return _text(self.portal.get(key))

    def listed(self, key: str) -> list[Any]:
        """Returns a list of the portal's answer."""
        value = self.portal.get(key)
        return value if isinstance(value, list) else []


def company_facts(company: CompanyFacts) -> list[Fact]:
    """Returns the facts of a company, each under its fixed slug."""
    made = [(slug, category, say(company)) for slug, category, say in _COMPANY]
    return [Fact(slug, category, text) for slug, category, text in made if text]


def user_facts(
    company_id: object, company: CompanyFacts, *, role: str, is_new_company: bool
) -> list[Fact]:
    """Returns what to remember of a person who belongs to the company now."""
    name = f"{company.business_name} (RUT {company.rut})"
    joined = (
        f"El usuario registró la empresa {name} en la plataforma."
        if is_new_company
        else f"El usuario se unió a la empresa {name}, que ya estaba en la plataforma."
    )
    role_text = f"El rol del usuario en la empresa {name} es {ROLES.get(role, role)}."
    return [
        Fact(f"user_company_join_{company_id}", "company_relationship", joined),
        Fact(f"user_role_{company_id}", "company_relationship", role_text),
    ]


def _basic_info(company: CompanyFacts) -> str:
    text = f"La empresa {company.business_name} tiene el RUT {company.rut}."
    segment = company.said("segmentoDescripcion")
    return f"{text} Su segmento en el SII es {segment}." if segment else text


def _regime(company: CompanyFacts) -> str | None:
    regime = company.said("regimenTributario") or company.regime
    return f"El régimen tributario de {company.business_name} es {regime}." if regime else None


def _activity(company: CompanyFacts) -> str | None:
    name = company.said("glosaActividad") or company.activity_name
    code = company.said("codigoActividad") or company.activity_code
    if not name:
        return None
    known = f"{name} (código {code})" if code else name
    return f"La actividad económica de {company.business_name} es {known}."


def _start_date(company: CompanyFacts) -> str | None:
    day = _day(company.said("fechaInicioActividades")) or company.started_on
    if day is None:
        return None
    return f"{company.business_name} inició actividades el {day:%d-%m-%Y}."


def _address(company: CompanyFacts) -> str | None:
    said = [_address_text(each) for each in company.listed("direcciones")]
    return _sentence(f"La dirección de {company.business_name} registrada en el SII es", said)


def _representatives(company: CompanyFacts) -> str | None:
    said = [_person(each) for each in company.listed("representantes")]
    return _sentence(f"Los representantes legales de {company.business_name} son", said)


def _documents(company: CompanyFacts) -> str | None:
    said = [_document(each) for each in company.listed("documentosAutorizados")]
    return _sentence(f"El SII autoriza a {company.business_name} a emitir", said)


_COMPANY: tuple[tuple[str, str, Callable[[CompanyFacts], str | None]], ...] = (
    ("company_basic_info", "company_info", _basic_info),
    ("company_tax_regime", "company_tax", _regime),
    ("company_activity", "company_tax", _activity),
    ("company_start_date", "company_tax", _start_date),
    ("company_address", "company_info", _address),
    ("company_legal_representatives", "company_info", _representatives),
    ("company_authorized_documents", "company_tax", _documents),
)


def _sentence(beginning: str, said: Iterable[str | None]) -> str | None:
    known = [text for text in said if text]
    return f"{beginning} {'; '.join(known)}." if known else None


def _address_text(given: Any) -> str | None:
    if not isinstance(given, Mapping):
        return _text(given)
    parts = (_text(given.get(key)) for key in ("calle", "numero", "comuna", "ciudad"))
    return ", ".join(part for part in parts if part) or None


def _person(given: Any) -> str | None:
    if not isinstance(given, Mapping):
        return _text(given)
    name, rut = _text(given.get("nombre")), _text(given.get("rut"))
    return f"{name} (RUT {rut})" if name and rut else name


def _document(given: Any) -> str | None:
    return _text(given.get("descripcion")) if isinstance(given, Mapping) else _text(given)


def _text(value: Any) -> str | None:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    return " ".join(str(value).replace("\0", "").split()) or None


def _day(text: str | None) -> date | None:
    """Reads 2023-01-31 and 31/01/2023, with or without a time of day; None for anything else."""
    found = re.match(r"(?:(\d{4})-(\d\d)-(\d\d)|(\d\d)[/-](\d\d)[/-](\d{4}))(?!\d)", text or "")
    if not found:
        return None
    year, month, day = found.group(1, 2, 3) if found[1] else found.group(6, 5, 4)
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
