import pytest
from cryptography.fernet import Fernet

from app.errors import ConfigurationError
from app.infrastructure.cipher import Cipher

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_what_was_encrypted_comes_back() -> None:
    encrypted = Cipher([NEW]).encrypt("clave ñandú")
    assert "clave" not in encrypted
    assert Cipher([NEW]).decrypt(encrypted) == "clave ñandú"


def test_the_first_key_encrypts_and_every_key_decrypts() -> None:
    both = Cipher([NEW, OLD])
    assert both.decrypt(Cipher([OLD]).encrypt("x")) == "x"
    assert Cipher([NEW]).decrypt(both.encrypt("y")) == "y"


def test_spaces_and_empty_places_in_the_list_do_not_matter() -> None:
    assert Cipher([f" {NEW}\n", ""]).decrypt(Cipher([NEW]).encrypt("x")) == "x"


@pytest.mark.parametrize(
    "bad",
    ["no-fernet-key", "ñ" * 44, NEW[:-2], "demo-" + "x" * 38],
    ids=["text", "no ASCII", "cut off", "marked"],
)
def test_a_bad_key_is_refused_by_its_place_and_never_shown(bad: str) -> None:
    with pytest.raises(ConfigurationError, match="Key 2 of SECRET_KEYS") as refusal:
        Cipher([NEW, bad])
    assert bad not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="holds no key"):
        Cipher(["", " "])


def test_a_text_that_no_key_fits_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="No key in SECRET_KEYS"):
        Cipher([NEW]).decrypt(Cipher([OLD]).encrypt("x"))
