"""Whether a file is the PDF of a certain return, and the codes that its text shows."""

import hashlib
import io
import logging
import re
from typing import TYPE_CHECKING

from app.domain.f29 import F29Pdf
from app.domain.periods import Period
from app.errors import PdfUnusable

if TYPE_CHECKING:
    from pypdf import PdfReader

MOST_BYTES = 20 * 1024 * 1024
MOST_PAGES = 50  # a compact form has one or two
_MAGIC = b"%PDF-"
_LATEST_START = 1024  # bytes; readers let that much stand before the magic

# Codes that name or date a return, or are rates: no amounts.
_NOT_AMOUNTS = {"1", "2", "3", "5", "6", "7", "8", "9", "15", "115", "314", "315", "9906"}
# `538 TOTAL DEBITOS 1.234.567`, once or twice a line.
_CODE = re.compile(
    r"(?:^|(?<=\s))\[?([0-9]{2,4})\]?[ \t]+([^\W\d_][^\n]{0,120}?)[ \t]+"
    r"(-?(?:[0-9]{1,3}(?:\.[0-9]{3}){1,5}|[0-9]{1,15}))"
    r"(?=[ \t]*$|[ \t]+\[?[0-9]{2,4}\]?[ \t]+[^\W\d_])",
    re.MULTILINE,
)

logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns of every oddity that it repairs


def check_pdf(content: bytes, *, folio: int, rut: str, period: Period) -> F29Pdf:
    """Returns the PDF, proven to open and to show this folio, RUT and period.

    Raises PdfUnusable, which says what is wrong.
    """
    if _MAGIC not in content[:_LATEST_START]:
        raise PdfUnusable("SII sent something other than a PDF.")
    if len(content) > MOST_BYTES:
        raise PdfUnusable(f"SII's PDF is larger than {MOST_BYTES} bytes.")
    pages, text = _read(content)
    _check_text(text, folio, rut, period)
    digest = hashlib.sha256(content).hexdigest()
    return F29Pdf(content, digest, pages, parse_codes(text))


def _read(content: bytes) -> tuple[int, str]:
    """Returns the number of pages and their text."""
    # Imported here: only the slow worker has it.
    from pypdf import PdfReader

    try:
        reader = PdfReader(io.BytesIO(content), strict=True)
        texts = _texts(reader)
    except PdfUnusable:
        raise
    # Whatever a broken file breaks in pypdf: its own errors are not the only ones.
    except (Exception, RecursionError):  # noqa: BLE001
        raise PdfUnusable("SII's PDF cannot be read.") from None
    if not texts:
        raise PdfUnusable("SII's PDF has no pages.")
    return len(texts), "\n".join(texts)


def _texts(reader: "PdfReader") -> list[str]:
    if len(reader.pages) > MOST_PAGES:
        raise PdfUnusable(f"SII's PDF has more than {MOST_PAGES} pages.")
    return [page.extract_text() for page in reader.pages]


def _check_text(text: str, folio: int, rut: str, period: Period) -> None:
    # Digits only count where no other digit touches them: 1234 is not in 12345.
    plain = re.sub(r"(?<=[0-9])\.(?=[0-9]{3})", "", text).upper()
    body, check_digit = rut.split("-")
    wanted = {
        "folio": str(folio),
        "RUT": rf"{body}\s*-\s*{check_digit}",
        "period": rf"{period.ptributario}|{period.month:02d}\s*[/-]\s*{period.year}",
    }
    for what, pattern in wanted.items():
        if not re.search(rf"(?<![0-9])(?:{pattern})(?![0-9])", plain):
            raise PdfUnusable(f"SII's PDF does not show this form's {what}.")


def parse_codes(text: str) -> dict[str, int]:
    """Returns the amounts and counts by code that a compact form's text shows."""
    found = {
        str(int(code)): int(amount.replace(".", "")) for code, _, amount in _CODE.findall(text)
    }
    amounts = {code: amount for code, amount in found.items() if code not in _NOT_AMOUNTS}
    return dict(sorted(amounts.items(), key=lambda item: int(item[0])))
