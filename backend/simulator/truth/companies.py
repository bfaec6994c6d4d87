"""The seeded companies A to G and the people or companies that log in for them."""

from dataclasses import dataclass
from random import Random

from cl_sii.rut import Rut

from simulator.truth.names import invented_rut


@dataclass(frozen=True)
class Profile:
    """What a company's books look like: documents per month, from and to."""

    purchases: tuple[int, int]
    sales: tuple[int, int]
    counterparts: int = 12
    all_states: bool = False  # purchases in each of the four accounting states, every month
    exports: bool = False
    same_folio_twice: bool = False  # one type and folio from two suppliers, every month
    other_taxes: bool = False
    boletas: tuple[int, ...] = ()  # the types that it sells with, each day but Sundays
    fees: tuple[int, int] = (1, 4)  # boletas de honorarios a month, from and to


NORMAL = Profile(
    (18, 30), (10, 20), all_states=True, other_taxes=True, boletas=(39, 48), fees=(4, 9)
)
HIGH_VOLUME = Profile((440, 470), (120, 150), counterparts=60, fees=(130, 160))
NO_MOVEMENT = Profile((0, 0), (0, 0), fees=(0, 0))
EXPORTER = Profile((12, 18), (8, 14), exports=True, same_folio_twice=True)
SMALL = Profile((5, 9), (4, 8))
SHOP = Profile((5, 9), (4, 8), boletas=(39,))
NEWCOMERS = 100

# kind, case, name, profile
_SEEDED = (
    ("A", "normal", "Panadería La Espiga Simulada SpA", NORMAL),
    ("B", "high_volume", "Distribuidora Gran Volumen Simulada S.A.", HIGH_VOLUME),
    ("C", "no_movement", "Inversiones Quietas Simuladas Ltda.", NO_MOVEMENT),
    ("D", "exporter", "Exportadora Viñedos Simulados SpA", EXPORTER),
    ("E", "day_12", "Ferretería Día Doce Simulada Ltda.", SHOP),
    ("F", "represented", "Primera Representada Simulada SpA", SMALL),
    ("F", "represented", "Segunda Representada Simulada SpA", SMALL),
    ("G", "bad_credential", "Clave Olvidada Simulada SpA", SMALL),
)


@dataclass(frozen=True)
class Company:
    """One company of the portal: its kind's letter and the case it stands for.

    `clave` is what its user typed into the product.
    """

    kind: str  # A to G
    case: str
    rut: Rut
    business_name: str
    login_rut: Rut
    clave: str
    profile: Profile


@dataclass(frozen=True)
class Account:
    """Who logs in. `clave` is what the portal accepts, which G's user does not know."""

    login_rut: Rut
    clave: str
    name: str
    companies: tuple[Company, ...]
    is_person: bool
    declares_on_20: bool
    wrong_tries_allowed: int


def seeded_companies(seed: int) -> tuple[Company, ...]:
    """The companies of a seed: A to G, where F is a person who represents two."""
    person = invented_rut(Random(f"{seed}:person"), 70_000_000, 74_999_999)
    return tuple(_company(seed, person, *described) for described in _SEEDED)


def seeded_accounts(seed: int) -> dict[Rut, Account]:
    """The accounts that may log in, by their RUT."""
    by_login: dict[Rut, list[Company]] = {}
    for company in seeded_companies(seed):
        by_login.setdefault(company.login_rut, []).append(company)
    return {rut: _account(seed, rut, companies) for rut, companies in by_login.items()}


def newcomers(seed: int) -> tuple[Company, ...]:
    """Small companies that the portal knows and the product does not: for demos of onboarding."""
    return tuple(
        Company("N", "newcomer", rut, f"Recién Llegada Simulada {number} SpA", rut,
                _clave(seed, rut), SMALL)
        for number in range(1, NEWCOMERS + 1)
        for rut in (invented_rut(Random(f"{seed}:newcomer:{number}"), 75_000_000, 79_999_999),)
    )  # fmt: skip


def newcomers_accounts(seed: int) -> dict[Rut, Account]:
    """The accounts of the newcomers, by their RUT."""
    return {one.rut: _account(seed, one.rut, [one]) for one in newcomers(seed)}


def _company(seed: int, person: Rut, kind: str, case: str, name: str, profile: Profile) -> Company:
    rut = invented_rut(Random(f"{seed}:company:{name}"), 75_000_000, 79_999_999)
    login_rut = person if case == "represented" else rut
    return Company(kind, case, rut, name, login_rut, _clave(seed, login_rut), profile)


def _account(seed: int, login_rut: Rut, companies: list[Company]) -> Account:
    first = companies[0]
    is_person = first.rut != login_rut
    forgotten = first.case == "bad_credential"
    return Account(
        login_rut=login_rut,
        clave=_clave(seed, login_rut, "changed") if forgotten else first.clave,
        name="Ana Simulada Pérez" if is_person else first.business_name,
        companies=tuple(companies),
        is_person=is_person,
        declares_on_20=first.case != "day_12",
        # G is blocked from the second try on, so a test sees that there was only one.
        wrong_tries_allowed=1 if forgotten else 3,
    )


def _clave(seed: int, login_rut: Rut, version: str = "first") -> str:
    return f"Sim{Random(f'{seed}:{login_rut.canonical}:{version}').randint(10_000, 99_999)}"
