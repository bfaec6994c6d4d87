"""RUTs, the tax numbers of Chile: one spelling inside, several accepted at the door."""

import re

from cl_sii.rut import Rut

from app.errors import InvalidInput

LONGEST = 9  # digits, the check digit included
_SHAPE = re.compile(r"[0-9]{1,3}(\.?[0-9]{3}){0,2}-?[0-9Kk]")


def canonical_rut(text: str) -> str:
    """Returns a RUT as '12345678-5'. Dots, spaces around it and a missing dash are accepted.

    Raises InvalidInput where the text is no RUT or its check digit (modulus 11) is wrong.
    """
    compact = text.strip()
    digits = compact.replace(".", "").replace("-", "")
    if not _SHAPE.fullmatch(compact) or len(digits) > LONGEST:
        raise InvalidInput("This is no RUT; write it like 12345678-5.", "rut")
    try:
        return str(Rut(f"{digits[:-1]}-{digits[-1]}", validate_dv=True).canonical)
    except ValueError:
        raise InvalidInput("The check digit of this RUT is wrong.", "rut") from None
