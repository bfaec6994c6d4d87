"""What the page says, in Spanish and in English."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEFAULT = "es"  # the people who run this are in Chile


@dataclass(frozen=True)
class Words:
    """One language. `failures` say of an error's code what is wrong, and what to do."""

    language: str
    texts: Mapping[str, str]
    failures: Mapping[str, Sequence[str]]

    def __getitem__(self, key: str) -> str:
        return self.texts[key]

    def of(self, kind: str, value: str) -> str:
        """Returns the text `kind_value`, else the value itself."""
        return self.texts.get(f"{kind}_{value}", value)

    def failure(self, code: str | None, kind: str | None) -> Sequence[str]:
        """Returns what is wrong and what to do, for a code that is not ours by its kind."""
        other = self.failures["transient" if kind == "transient" else "permanent"]
        return self.failures.get(code or "", other)


def _read(path: Path) -> Words:
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    return Words(path.stem, found["texts"], found["failures"])


LANGUAGES = {
    path.stem: _read(path) for path in sorted(Path(__file__).parent.glob("languages/*.toml"))
}


def choose(chosen: str | None, accepted: str) -> Words:
    """Returns the words in the language that a person chose, else that their browser likes best.

    `accepted` is the header Accept-Language.
    """
    if chosen in LANGUAGES:
        return LANGUAGES[chosen]
    wishes = [_wish(part) for part in accepted.split(",")[:20]]
    liked = [(weight, language) for weight, language in wishes if weight and language in LANGUAGES]
    # max() keeps the first of equals, as the header's order means it.
    return LANGUAGES[max(liked, key=lambda wish: wish[0])[1] if liked else DEFAULT]


def _wish(part: str) -> tuple[float, str]:
    tag, _, parameter = part.partition(";")
    language = tag.strip().lower().partition("-")[0]
    weight = parameter.strip().removeprefix("q=") or "1"
    try:
        return float(weight), language
    except ValueError:
        return 0.0, language
