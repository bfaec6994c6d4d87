"""Lines of an RCV export as rows by column, whatever wrote them: BOM, line ends, quotes."""

import csv
import re
from typing import Any

from app.domain.documents import AccountingState
from app.errors import UnexpectedAnswer
from app.infrastructure.sii import values
from app.infrastructure.sii.rcv_columns import ExportColumns

Row = dict[str, str]

_BOM = ("\ufeff", "ï»¿")  # the second is the first, read as latin-1
_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


def read_rows(data: Any, columns: ExportColumns, state: AccountingState) -> list[Row]:
    """Returns the rows of an export, each by the names in `columns`; none of an empty one.

    Raises UnexpectedAnswer where the header is not one of `state`, or a row does not fit it.
    """
    header, *lines = _lines(data) or [""]
    if not header:
        return []
    names = _names(header, columns, state)
    return [dict(zip(names, _cells(line, len(names)), strict=True)) for line in lines]


def _lines(data: Any) -> list[str]:
    """Returns the lines that are not blank."""
    if isinstance(data, bytes):
        data = values.decoded(data)
    parts = [data] if isinstance(data, str) else [] if data is None else data
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise UnexpectedAnswer("The RCV's export is no list of lines.")
    text = "\n".join(parts)
    for mark in _BOM:
        text = text.removeprefix(mark)
    return [line for line in _LINE_END.split(text) if line.strip(" \t;")]


def _names(header: str, columns: ExportColumns, state: AccountingState) -> list[str]:
    """Returns the header's columns in our spelling, those that nobody knows in its own.

    One column that is not needed may be missing, and others may have been added. Both at once is
    refused: a column that only changed its name would be lost without a word.
    """
    known = {_folded(name): name for name in columns.of(state)}
    found = [_folded(cell) for cell in header.split(";")]
    while found and not found[-1]:
        found.pop()
    missing, added = known.keys() - set(found), set(found) - known.keys()
    if len(set(found)) != len(found) or len(missing) > 1 or (missing and added):
        raise UnexpectedAnswer("The RCV's export has other columns than agreed.")
    if not _needed(columns).isdisjoint(known[name] for name in missing):
        raise UnexpectedAnswer("The RCV's export lacks a column that is needed.")
    return [known.get(name, name) for name in found]


def _folded(name: str) -> str:
    return " ".join(name.strip().strip('"').split()).casefold()


def _needed(columns: ExportColumns) -> set[str | None]:
    """Returns the columns that say which document it is, and what it comes to."""
    return {
        columns.doc_type, columns.folio, columns.rut, columns.issued, columns.exempt, columns.net,
        columns.vat, columns.vat_non_recoverable, columns.total, *columns.other_tax,
    }  # fmt: skip


def _cells(line: str, width: int) -> list[str]:
    """Returns the cells of a row, its quotes honoured where they are well-formed."""
    try:
        quoted = next(csv.reader([line], delimiter=";", strict=True))
    except csv.Error:  # a name with quotes of its own, as SII writes it
        quoted = []
    for cells in (quoted, [_bare(cell) for cell in line.split(";")]):
        if len(cells) >= width and not any(cell.strip() for cell in cells[width:]):
            return [cell.strip() for cell in cells[:width]]
    raise UnexpectedAnswer(
        f"A row of the RCV's export has {line.count(';') + 1} columns, its header {width}."
    )


def _bare(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if _QUOTED.fullmatch(cell) else cell
