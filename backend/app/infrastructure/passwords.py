"""Passwords of our own accounts: made by us, kept as argon2id (RFC 9106) in PHC form."""

import os
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

MEMORY = 19 * 1024  # KiB, with 2 passes in 1 lane: OWASP's advice; some 40 ms
LONGEST = 256  # characters; who sends more has not typed it


def made_password() -> str:
    """Returns a new password of 144 random bits, which nobody guesses."""
    return secrets.token_urlsafe(18)


def hash_password(password: str) -> str:
    """Returns what may be stored of a password."""
    argon2 = Argon2id(salt=os.urandom(16), length=32, iterations=2, lanes=1, memory_cost=MEMORY)
    return argon2.derive_phc_encoded(password.encode())


def is_password(given: str, stored: str | None) -> bool:
    """Returns whether `given` is the password that `stored` was made of.

    Where nothing is stored it takes just as long to say no: the time tells nobody which names
    there are.
    """
    if len(given) > LONGEST:
        return False
    try:
        Argon2id.verify_phc_encoded(given.encode(), stored or _of_nobody())
    except InvalidKey:
        return False
    return stored is not None


@lru_cache(maxsize=1)
def _of_nobody() -> str:
    return hash_password(made_password())
