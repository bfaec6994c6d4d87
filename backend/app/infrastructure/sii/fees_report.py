"""Reads the monthly report of received boletas de honorarios: a page whose script holds the rows.

The script assigns `xml_values['total_boletas'] = "2";`, one value a line, and for row n
`arr_informe_mensual['totalhonorarios_n'] = formatMiles("25000",'.');` or a plain text in quotes.
"""

import html
import re
from dataclasses import dataclass
from datetime import date

from app.domain.fees import Fee
from app.domain.ruts import canonical_rut
from app.errors import InvalidInput, SessionExpired, UnexpectedAnswer
from app.infrastructure.sii import pages, values

LARGEST = 4 * 1024 * 1024  # characters; a page of a hundred rows has about 100 000
# Behind the quotes a name may hold `;` and `'`: the end of the line ends a value, not the `;`.
_VALUE = r"""['"](?P<name>\w+)['"]\s*\]\s*=\s*(?:formatMiles\s*\()?\s*"(?P<value>[^"\r\n]*)\""""
_HEAD = re.compile(rf"xml_values\s*\[\s*{_VALUE}")
_ROW = re.compile(rf"arr_informe_mensual\s*\[\s*{_VALUE}")
_NUMBERED = re.compile(r"([a-z_]+)_([0-9]{1,6})")
_THOUSANDS = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{3})+")


@dataclass(frozen=True)
class FeesPage:
    """One page of a month's report; `count` is of the whole month."""

    count: int
    fees: tuple[Fee, ...]


def parse_fees_page(content: str | bytes, company_rut: str) -> FeesPage:
    """Returns the rows of one page in its order.

    Raises SessionExpired for the login page that SII may send in its place, and UnexpectedAnswer
    where it is no report, another taxpayer's, or has a row that is not what was agreed.
    """
    text = values.decoded(content) if isinstance(content, bytes) else content
    if len(text) > LARGEST:
        raise UnexpectedAnswer("SII's report of honorarios is larger than is plausible.")
    head = {found["name"]: found["value"] for found in _HEAD.finditer(text)}
    if pages.FEES_COUNT not in head:
        if any(mark in text for mark in pages.LOGIN_PAGE):
            raise SessionExpired()
        raise UnexpectedAnswer("SII sent something other than its report of honorarios.")
    try:
        count = _pesos(head[pages.FEES_COUNT])
        owner = canonical_rut("-".join(head[name] for name in pages.FEES_OWNER))
        fees = tuple(_fee(row) for row in _rows(text))
    except (KeyError, ValueError, InvalidInput):
        raise UnexpectedAnswer("SII's report of honorarios is not what was agreed.") from None
    if owner != company_rut:
        # A representative has boletas too: they must not end up in a company's books.
        raise UnexpectedAnswer("SII's report of honorarios is another taxpayer's.")
    if count < len(fees):
        raise UnexpectedAnswer("SII's report of honorarios has more rows than it counts.")
    return FeesPage(count, fees)


def _rows(text: str) -> list[dict[str, str]]:
    """Returns the fields of each row by name, rows by their number."""
    rows: dict[int, dict[str, str]] = {}
    for found in _ROW.finditer(text):
        numbered = _NUMBERED.fullmatch(found["name"])
        if numbered is None:
            continue  # what belongs to the report as a whole
        name, number = numbered[1], int(numbered[2])
        if rows.setdefault(number, {}).setdefault(name, found["value"]) != found["value"]:
            raise ValueError("one field, two values")
    in_order = (rows[number] for number in sorted(rows))
    return [row for row in in_order if any(value.strip() for value in row.values())]


def _fee(row: dict[str, str]) -> Fee:
    folio = _pesos(row["nroboleta"])
    if folio <= 0:
        raise ValueError("no folio")
    return Fee(
        issuer_rut=canonical_rut(f"{row['rutemisor'].strip()}-{row['dvemisor'].strip()}"),
        issuer_name=" ".join(values.storable(html.unescape(row["nombre_emisor"])).split()),
        folio=folio,
        issue_date=values.day(row["fecha_boleta"]),
        status_raw=values.storable(row["estado"]).strip(),
        annulled_on=_day_or_none(row.get("fechaanulacion", "")),
        gross=_pesos(row["totalhonorarios"]),
        withheld=_pesos(row["retencion_receptor"]),
        net=_pesos(row["honorariosliquidos"]),
    )


def _day_or_none(text: str) -> date | None:
    return values.day(text) if text.strip() else None


def _pesos(text: str) -> int:
    """Reads `25000` and, where something has formatted it already, `25.000`."""
    found = text.strip()
    return values.whole(found.replace(".", "") if _THOUSANDS.fullmatch(found) else found)
