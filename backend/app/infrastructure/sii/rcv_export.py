"""Reads the RCV's export: a header line and a semicolon line per row, as SII or a tool wrote it.

Not read by cl-sii, whose version 0.79 takes two suppliers' documents of the same folio and type
for one and knows no types and no header but its own; where it can read an export, a test holds
both to the same.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from cl_sii.rut import Rut

from app.domain.documents import AccountingState, Direction, OtherTax, RegisterDocument
from app.domain.periods import Period
from app.errors import UnexpectedAnswer
from app.infrastructure.sii import values
from app.infrastructure.sii.rcv_columns import EXPORT_COLUMNS, ExportColumns
from app.infrastructure.sii.rcv_lines import Row, read_rows

T = TypeVar("T")
_Key = tuple[int, int, str]  # type, folio, RUT

_MOST_TYPE = 9999
_EMPTY = {"", "-"}


def parse_export(
    data: Any, period: Period, direction: Direction, state: AccountingState
) -> list[RegisterDocument]:
    """Returns the documents of an export: `data` is its lines, its text, its bytes, or None.

    A type that nobody knows and a day outside the period are kept as sent. Raises
    UnexpectedAnswer where the header or a row is not what the contract says.
    """
    columns = EXPORT_COLUMNS[direction]
    groups: dict[_Key, list[_Reader]] = defaultdict(list)
    for row in read_rows(data, columns, state):
        reader = _Reader(row)
        groups[_key(reader, columns, direction)].append(reader)
    return [_document(key, rows, columns, period, direction, state) for key, rows in groups.items()]


class _Reader:
    """One row; a cell that does not fit is named by its column, never by what it holds."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def has(self, column: str | None) -> bool:
        return column is not None and self._row.get(column, "") not in _EMPTY

    def read(self, column: str, parse: Callable[[str], T]) -> T:
        """Returns the cell as `parse` reads it. Raises UnexpectedAnswer where it cannot."""
        try:
            return parse(self._row.get(column, ""))
        except (ValueError, TypeError):
            raise UnexpectedAnswer(f"A row's {column} in the RCV's export does not fit.") from None

    def find(self, column: str | None, parse: Callable[[str], T]) -> T | None:
        """Returns None for a cell that is empty or not there."""
        return self.read(column, parse) if column and self.has(column) else None

    def pesos(self, column: str | None) -> int:
        return self.find(column, values.whole) or 0


def _key(row: _Reader, columns: ExportColumns, direction: Direction) -> _Key:
    rut = row.read(columns.rut, _rut) if row.has(columns.rut) else ""
    if not rut and direction == Direction.PURCHASE:
        raise UnexpectedAnswer("A purchase in the RCV's export has no supplier.")
    return row.read(columns.doc_type, _doc_type), row.read(columns.folio, _folio), rut


def _document(
    key: _Key,
    rows: list[_Reader],
    columns: ExportColumns,
    period: Period,
    direction: Direction,
    state: AccountingState,
) -> RegisterDocument:
    """Makes one document of its own line and the lines of its further taxes (`otro impuesto`)."""
    own = [row for row in rows if row.has(columns.received) or row.has(columns.total)]
    if len(own) != 1:
        raise UnexpectedAnswer("The RCV's export has a document twice, or only its further taxes.")
    (row,) = own
    return RegisterDocument(
        direction=direction,
        doc_type=key[0],
        folio=key[1],
        counterpart_rut=key[2],
        counterpart_name=row.read(columns.name, values.storable),
        issue_date=row.read(columns.issued, values.day),
        reception_at=row.find(columns.received, values.moment),
        acknowledged_at=row.find(columns.acknowledged, values.moment),
        claimed_at=row.find(columns.claimed, values.moment),
        period=str(period),
        accounting_state=state,
        exempt=row.pesos(columns.exempt),
        net=row.pesos(columns.net),
        vat=row.pesos(columns.vat),
        vat_non_recoverable=row.pesos(columns.vat_non_recoverable),
        total=row.read(columns.total, values.whole),
        other_taxes=tuple(tax for one in rows for tax in _other_taxes(one, columns)),
    )


def _other_taxes(row: _Reader, columns: ExportColumns) -> list[OtherTax]:
    code, amount, rate = columns.other_tax
    if not any(row.has(column) for column in columns.other_tax):
        return []
    number = row.find(code, values.whole)
    return [OtherTax(str(number or ""), row.pesos(amount), row.find(rate, values.rate) or "")]


def _rut(text: str) -> str:
    return str(Rut(text).canonical)  # SII's own registers hold RUTs with a wrong check digit


def _doc_type(text: str) -> int:
    number = values.whole(text)
    if not 0 < number <= _MOST_TYPE:
        raise ValueError("no type of document")
    return number


def _folio(text: str) -> int:
    number = values.whole(text)
    if number < 0:
        raise ValueError("no folio")
    return number
