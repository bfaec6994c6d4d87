"""Boletas per day and honorarios, damaged, and how what is read of them is stored."""

from random import Random
from typing import Any

from app.domain.boletas import BoletasReading
from app.domain.fees import FeesReading
from app.infrastructure.sii.boletas import parse_boletas
from app.infrastructure.sii.fees_report import FeesPage, parse_fees_page
from app.services.boletas_store import store_boletas
from app.services.fees_store import store_fees
from tests.fuzz import damage
from tests.fuzz.parser import PERIOD, Parser, Place


def _boletas(rng: Random) -> tuple[int, Any]:
    rows: list[Any] = [
        {
            "dia": rng.choice((day, str(day), f"{day:02d}", f"{day:02d}/11/2026")),
            "montoNeto": rng.choice((400_000, "400000", 1e6, 10**17)),
            "montoIva": rng.choice((76_000, None, 0, -5)),
            "montoExento": 0,
            "montoTotal": rng.randint(0, 10**12),
            "totalDocumentos": rng.choice((0, 84, "84", 1.0)),
        }
        for day in rng.sample(range(1, 31), rng.randint(0, 5))
    ]
    rows += rng.choices((None, "", "sin datos"), k=rng.choice((0, 0, 1)))
    data = rng.choice(({"boletas": rows, "montoTotal": 1}, {"boletas": rows}, None))
    return rng.choice((39, 48)), damage.times(rng, damage.damaged_json, data)


def _read_boletas(given: tuple[int, Any]) -> Any:
    doc_type, data = given
    return parse_boletas(data, PERIOD, doc_type)


def _store_boletas(place: Place, days: Any) -> None:
    reading = BoletasReading(PERIOD, tuple(days), ())
    store_boletas(place.session, place.run_id, place.company_id, reading)


def _fees(rng: Random) -> str | bytes:
    size = rng.randint(0, 3)
    head = {
        "total_boletas": _mostly(rng, str(size), "7", *damage.NUMBERS[:4]),
        "rut_arrastre": "76000001",
        "dv_arrastre": _mostly(rng, "9", "K"),
    }
    lines = [f"xml_values['{name}'] = \"{value}\";" for name, value in head.items()]
    for number in range(1, size + 1):
        row = {
            "nroboleta": _mostly(rng, str(100 + number), "101", *damage.NUMBERS),
            "rutemisor": "77100200", "dvemisor": _mostly(rng, "5", "K", " "),
            "nombre_emisor": rng.choice((*damage.NAMES, "PE&Ntilde;A &amp; HIJA")),
            "fecha_boleta": _mostly(rng, "05/11/2026", "05-11-2026", *damage.DAYS),
            "estado": rng.choice(("N", "S", "?", "\ud800")),
            "fechaanulacion": rng.choice((" ", "", "06/11/2026")), "codigobarras": "7710020051MUL",
        }  # fmt: skip
        lines += [
            f"arr_informe_mensual['{name}_{number}'] = \"{value}\";" for name, value in row.items()
        ]
        for name in ("totalhonorarios", "retencion_receptor", "honorariosliquidos"):
            amount = _mostly(rng, rng.choice(("25000", "25.000")), *damage.NUMBERS)
            lines.append(
                f"arr_informe_mensual['{name}_{number}']   =  formatMiles(\"{amount}\",'.');"
            )
    if rng.random() < 0.1:
        lines.remove(rng.choice(lines))
    page = rng.choice(("\n", "\r\n")).join(["<html><script>", *lines, "</script>", ""])
    if rng.random() < 0.4:
        page = damage.times(rng, damage.damaged_text, page)
    encoding = rng.choice((None, "utf-8", "latin-1", "latin-1"))
    return page.encode(encoding, errors="replace") if encoding else page


def _mostly(rng: Random, good: str, *odd: str) -> str:
    return good if rng.random() < 0.95 else rng.choice(odd)


def _store_fees(place: Place, page: FeesPage) -> None:
    store_fees(place.session, place.run_id, place.company_id, _whole(page))


def _read_fees(page: str | bytes) -> FeesPage:
    found = parse_fees_page(page, "76000001-9")
    _whole(found).check_complete()  # as a sync does before it stores anything
    return found


def _whole(page: FeesPage) -> FeesReading:
    return FeesReading(PERIOD, page.count, page.fees)


RECEIPTS = (
    Parser("boletas", _boletas, _read_boletas, _store_boletas),
    Parser("fees_report", _fees, _read_fees, _store_fees),
)
