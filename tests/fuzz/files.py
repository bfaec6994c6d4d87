"""The list of files that SII makes of large registers, and the files, damaged."""

import gzip
from datetime import UTC, datetime
from random import Random
from typing import Any

from app.domain.documents import AccountingState, Direction
from app.infrastructure.db.models import RegisterExport
from app.infrastructure.sii.large_exports import Control, parse_controls, unpacked
from app.infrastructure.sii.rcv_export import parse_export
from tests.fuzz import damage
from tests.fuzz.parser import PERIOD, Parser, Place
from tests.unit.sii import exports

SALES = exports.header(Direction.SALE, AccountingState.REGISTRO)


def _controls(rng: Random) -> Any:
    rows = [
        {
            "caId": rng.choice((number, str(number), 1e6, *damage.NUMBERS[:8])),
            rng.choice(("caPeriodo", "caperiodo")): rng.choice((202611, "202611", 202610)),
            "caProceso": rng.choice(("RCV_V_DET", "RCV_C_DET", None)),
            "caEstado": rng.choice(("TERMINADO", "CREADO", " terminado ", None)),
            rng.choice(("caIdBLOB", "caIdBlob")): rng.choice(("SIN-BLOB", "a/b", None, "\ud800")),
            "caDescError": rng.choice((None, "", "No se pudo")),
        }
        for number in rng.sample(range(1, 999), rng.randint(0, 4))
    ]
    return damage.times(rng, damage.damaged_json, rng.choice((rows, rows, rows, None)))


def _store_controls(place: Place, controls: list[Control]) -> None:
    """Remembers each file as a sync does the one that it asked for."""
    for at, one in enumerate(controls):
        row = RegisterExport(
            company_id=place.company_id,
            direction=Direction.SALE,
            period=f"2026-{at + 1:02d}",
            accounting_state=AccountingState.REGISTRO,
            newest_before=one.number,
            number=one.number,
            asked_at=datetime.now(UTC),
        )
        place.session.add(row)


def _file(rng: Random) -> bytes:
    rows = [SALES, *(exports.sale(Folio=str(folio)) for folio in range(rng.randint(0, 4)))]
    content = "\n".join(rows).encode(rng.choice(("utf-8", "latin-1")))
    if rng.random() < 0.8:
        content = gzip.compress(content, compresslevel=1)
    changed: bytes = damage.times(rng, damage.damaged_bytes, content)
    return changed


def _read_file(content: bytes) -> object:
    return parse_export(unpacked(content), PERIOD, Direction.SALE, AccountingState.REGISTRO)


FILES = (
    Parser(
        "export_controls",
        _controls,
        lambda data: parse_controls(data, PERIOD, Direction.SALE),
        _store_controls,
    ),
    Parser("export_file", _file, _read_file, lambda place, documents: None),
)
