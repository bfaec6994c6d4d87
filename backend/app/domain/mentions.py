"""How a person or a company is named in text, and what is left of a value without them."""

from typing import Any


def spellings_of_rut(rut: str) -> tuple[str, ...]:
    """Returns a canonical RUT as people write it: `76123456-0`, `76.123.456-0`."""
    number, _, check = rut.partition("-")
    return rut, f"{int(number):,}".replace(",", ".") + f"-{check}"


def without_mentions(value: Any, names: tuple[str, ...]) -> Any:
    """Returns a JSON value without what mentions one of `names`, in any case.

    Of an object the fields that say it go, of a list whole elements: a person's name beside the
    number of the same person would be half a deletion.
    """
    if isinstance(value, dict):
        kept = {key: without_mentions(each, names) for key, each in value.items()}
        return {key: each for key, each in kept.items() if not _says(each, names)}
    if isinstance(value, list):
        return [each for each in value if not _mentions(each, names)]
    return value


def _mentions(value: Any, names: tuple[str, ...]) -> bool:
    if isinstance(value, dict):
        return any(_mentions(each, names) for each in value.values())
    if isinstance(value, list):
        return any(_mentions(each, names) for each in value)
    return _says(value, names)


def _says(value: Any, names: tuple[str, ...]) -> bool:
    return isinstance(value, str) and any(name.lower() in value.lower() for name in names)
