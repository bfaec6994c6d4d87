"""Encryption of SII credentials at rest."""

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.errors import ConfigurationError

_HOW_TO_MAKE_ONE = "make one with `head -c 32 /dev/urandom | base64 | tr +/ -_`"


class Cipher:
    """Encrypts with the first key, decrypts with any: a new key goes in front of the old ones."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Takes Fernet keys (32 random bytes in URL-safe base64).

        Raises ConfigurationError, which names the place of a bad key and never the key.
        """
        named = [(place, key.strip()) for place, key in enumerate(keys, 1) if key.strip()]
        if not named:
            raise ConfigurationError(f"SECRET_KEYS holds no key; {_HOW_TO_MAKE_ONE}.")
        fernets = [_fernet(key, place) for place, key in named]
        self._first, self._fernet = fernets[0], MultiFernet(fernets)

    def encrypt(self, text: str) -> str:
        """Returns what may be stored."""
        return self._fernet.encrypt(text.encode()).decode()

    def decrypt(self, text: str) -> str:
        """Returns the clear text. Raises ConfigurationError where no key fits."""
        try:
            return self._fernet.decrypt(text.encode()).decode()
        except InvalidToken:
            raise ConfigurationError(
                "No key in SECRET_KEYS decrypts a stored credential; put the key that encrypted"
                " it back into the list."
            ) from None

    def renew(self, text: str) -> str:
        """Returns the same secret encrypted with the first key; `text` itself where it is already.

        Raises ConfigurationError where no key fits.
        """
        try:
            self._first.decrypt(text.encode())
        except InvalidToken:
            return self.encrypt(self.decrypt(text))
        return text


def _fernet(key: str, place: int) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        # `from None`: the original error's frames hold the key.
        raise ConfigurationError(
            f"Key {place} of SECRET_KEYS is no Fernet key; {_HOW_TO_MAKE_ONE}."
        ) from None
