"""HTTP basic authentication, as Flower and the metrics are closed by it."""

import hmac
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Sequence


def is_authorised(authorization: str, accounts: Sequence[str]) -> bool:
    """Tells whether the header carries one of the `user:password` accounts; none admits nobody."""
    scheme, _, encoded = authorization.partition(" ")
    try:
        given = b64decode(encoded, validate=True)
    except (NotBase64, ValueError):
        return False
    return scheme.lower() == "basic" and any(
        hmac.compare_digest(given, account.encode()) for account in accounts
    )
