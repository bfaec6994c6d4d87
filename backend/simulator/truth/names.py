"""Invented RUTs and names of companies. Every RUT has a body of at least 70 000 000."""

from random import Random

from cl_sii.rut import Rut

# The portal writes this RUT for receivers abroad.
FOREIGN_RUT = Rut("55555555-5")
FOREIGN_BUYERS = (
    ("Andes Trading GmbH", "DE811990034", "563"),
    ("Pacific Fruits Ltd.", "GB440029118", "510"),
    ("Comercial do Sul Ltda", "BR20330044000", "220"),
)
_TRADES = (
    "Comercial",
    "Transportes",
    "Ferretería",
    "Agrícola",
    "Servicios",
    "Distribuidora",
    "Constructora",
    "Imprenta",
)
_PROPER = (
    "Ñuble",
    "Los Álamos",
    '"El Roble"',
    "Quillay & Hijos",
    "Araucanía",
    "Tres Puentes",
    "O'Brien",
    "Peñón Sur",
    "Río Claro",
    "Copihue",
)
_GIVEN = ("ROSA INVENTADA", "JUAN SIMULADO", "JOSÉ MIGUEL", "ANA MARÍA", "ÍTALO", "BEGOÑA")
_FAMILY = ("MUÑOZ", "D'ALESSANDRI", "PEÑA Y LILLO", "SOTO", "ÑANCO", "GARCÍA & HIJA", "ZÚÑIGA")
_FORMS = ("SpA", "Ltda.", "S.A.", "E.I.R.L.")


def invented_rut(rng: Random, lowest: int = 70_000_000, highest: int = 99_999_999) -> Rut:
    """A RUT with a valid check digit and a body between both bounds."""
    body = str(rng.randint(lowest, highest))
    return Rut(f"{body}-{Rut.calc_dv(body)}")


def invented_name(rng: Random) -> str:
    """A company's name with the accents, quotes and signs that real ones have."""
    return f"{rng.choice(_TRADES)} {rng.choice(_PROPER)} {rng.choice(_FORMS)}"


def invented_person(rng: Random) -> str:
    """A person's name in capitals, as the report of honorarios writes them."""
    return f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)} {rng.choice(_FAMILY)}"


def counterparts(seed: int, owner: Rut, how_many: int) -> list[tuple[Rut, str]]:
    """The suppliers and customers of `owner`: always the same for a seed."""
    rng = Random(f"{seed}:{owner.canonical}:counterparts")
    return [(invented_rut(rng), invented_name(rng)) for _ in range(how_many)]
