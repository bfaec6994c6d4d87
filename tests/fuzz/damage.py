"""What happens to a file on its way: oddities that real portals and tools have, and worse ones."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

NAMES = (
    "Comercial Inventada SpA", 'Ferretería "El Roble" Ltda.', '"Uno; Dos" y Cía.', '"Abierta',
    "Ñuñoa & Hijos; Sucesión", "O'Higgins\tE.I.R.L.", "", "-", "<b>Sur</b>", "Año\x00Nuevo",
    "\ud800Mitad", "Línea\u2028Dos", "x" * 3000,
)  # fmt: skip
NUMBERS = (
    "0", "-1", "-1190", "999999999999", "1" + "0" * 17, "9" * 19, "1" + "0" * 30, "9" * 5000,
    "1.190", "1,5", "1e400", "NaN", "Infinity", "²", "٣", "1_000", " 7 ", "", "-", "$ 5", "0x1F",
)  # fmt: skip
DAYS = (
    "05/11/2026", "31/12/1999", "01/01/2031", "29/02/2024", "29/02/2023", "31/12/9999 23:59:59",
    "01/01/0001 00:00:00", "5-1-2026", "2026-11-05", "00/00/0000", "06/11/2026 24:00:00",
    "04/04/2026 23:30:00", "06/09/2026 00:30:00", "06/11/2026  1:02", "", "hoy", "٠٥/١١/٢٠٢٦",
)  # fmt: skip
RUTS = (
    "77100200-5", "78.300.400-3", "77100200-6", "55555555-5", "0-0", "1-9", "nadie", "",
    "999999999999-9", "77100200-k", "٧٧١٠٠٢٠٠-5", "-", "76000001–9",
)  # fmt: skip
TYPES = ("33", "34", "61", "914", "999", "0", "-33", "40000", "9999", "RESUMEN", "")
_LETTERS = ';";\n\r\0\t "\'{}[]:,.-$%áñ\u2028\ufeff\ud800²٣0123456789abcXYZ'
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**18, 10**30, 1e308, float("inf"), float("nan"), "", "12",
    "x\0y", "\ud800", "\\u0000", [], {}, [[]], {"a": 1},
)  # fmt: skip


def nasty_cell(rng: Random) -> str:
    return rng.choice(rng.choice((NAMES, NUMBERS, DAYS, RUTS, TYPES)))


def damaged_text(rng: Random, text: str) -> str:
    """Cuts, doubles, swaps or writes over a piece."""
    at = rng.randint(0, len(text))
    end = min(len(text), at + rng.choice((1, 1, 2, 8, 40)))
    noise = "".join(rng.choices(_LETTERS, k=rng.randint(0, 6)))
    piece = text[at:end]
    kinds = (
        text[:at] + text[end:], text[:at] + noise + text[at:], text[:at] + noise + text[end:],
        text[:at] + piece + text[at:], text[:at], text[at:],
    )  # fmt: skip
    return rng.choice(kinds)


def damaged_bytes(rng: Random, content: bytes) -> bytes:
    """The same for bytes."""
    at = rng.randint(0, len(content))
    end = min(len(content), at + rng.choice((1, 4, 64, 512)))
    noise = rng.randbytes(rng.randint(0, 12))
    kinds = (
        content[:at] + content[end:], content[:at] + noise + content[end:], content[:at],
        content[:at] + noise + content[at:], content[at:],
    )  # fmt: skip
    return rng.choice(kinds)


def damaged_rows(rng: Random, rows: list[list[str]]) -> list[list[str]]:
    """Changes cells, columns or rows of a table whose first row may be a header."""
    changed = [list(row) for row in rows]
    row = rng.choice(changed) if changed else []
    column = rng.randrange(max(len(row), 1))
    kind = rng.randrange(8)
    if kind <= 2 and row:
        row[column] = nasty_cell(rng)
    elif kind == 3:
        for one in changed:
            del one[column : column + 1]
    elif kind == 4:
        for number, one in enumerate(changed):
            one.insert(column, nasty_cell(rng) if number else "Columna Nueva")
    elif kind == 5 and changed:
        changed.insert(rng.randint(0, len(changed)), list(row))
    elif kind == 6 and changed:
        changed.remove(row)
    elif row:
        del row[column:]
    return changed


def written(rng: Random, rows: list[list[str]]) -> Any:
    """Writes a table as some portal or tool does: lines, one text, or bytes of some encoding."""
    end = rng.choice(("", "", "", ";", ";;"))
    quoted = rng.random() < 0.15
    lines = [";".join(_quoted(cell) if quoted else cell for cell in row) + end for row in rows]
    if rng.random() < 0.1:
        lines.insert(rng.randint(0, len(lines)), rng.choice(("", " ", ";;;")))
    mark, newline = rng.choice(("", "", "\ufeff")), rng.choice(("\n", "\r\n", "\r"))
    if rng.random() < 0.4:
        return [mark + line if not at else line for at, line in enumerate(lines)]
    text = mark + newline.join(lines) + rng.choice(("", newline))
    if rng.random() < 0.5:
        return text
    encoding = rng.choice(("utf-8", "utf-8", "latin-1", "cp1252", "utf-16"))
    return text.encode(encoding, errors="replace")


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"'


def damaged_json(rng: Random, value: Any) -> Any:
    """Replaces, drops or adds a part somewhere in a JSON value."""
    if isinstance(value, dict) and value and rng.random() < 0.8:
        changed, name = dict(value), rng.choice(list(value))
        if rng.random() < 0.2:
            del changed[name]
        else:
            changed[name] = damaged_json(rng, changed[name])
        return changed
    if isinstance(value, list) and value and rng.random() < 0.8:
        at = rng.randrange(len(value))
        return [*value[:at], damaged_json(rng, value[at]), *value[at + 1 :]]
    return rng.choice((*VALUES, nasty_cell(rng), nested(rng.choice((5, 19, 25, 400)))))


def nested(depth: int) -> Any:
    """Returns lists in one another."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def as_json(value: Any) -> str:
    """Returns JSON as careless tools write it, Infinity and halves of characters included."""
    return json.dumps(value)


def times(rng: Random, change: Callable[[Random, Any], Any], value: Any) -> Any:
    """Applies `change` not at all, once, or a few times."""
    for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 4))):
        value = change(rng, value)
    return value
