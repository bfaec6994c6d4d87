"""What a memory is: one fact about one owner under one slug."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal
from uuid import UUID

from app.errors import InvalidInput

OwnerType = Literal["user", "company"]

LONGEST_CATEGORY, LONGEST_CONTENT = 60, 4000
MOST_AT_ONCE = 200  # one run's time limit is 180 s
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,119}")


@dataclass(frozen=True)
class Owner:
    """Whom a memory is about."""

    type: OwnerType
    id: UUID

    @property
    def mem0_id(self) -> str:
        """Mem0 knows one kind of owner: a company is a user named `company_{uuid}` there."""
        return f"company_{self.id}" if self.type == "company" else str(self.id)


@dataclass(frozen=True)
class Fact:
    """One thing to remember. A later fact with the same slug takes its place."""

    slug: str
    category: str
    content: str

    @property
    def content_hash(self) -> str:
        """Tells a changed fact from one that is stored."""
        return sha256(f"{self.category}\0{self.content}".encode()).hexdigest()


def read_facts(given: Sequence[Any]) -> list[Fact]:
    """Returns the facts of a task's `memories`: objects with slug, category and content.

    Raises InvalidInput that names the place, before anything is stored.
    """
    if not isinstance(given, list) or len(given) > MOST_AT_ONCE:
        raise InvalidInput(f"memories must be a list of at most {MOST_AT_ONCE}.", "memories")
    facts = [_read(number, one) for number, one in enumerate(given)]
    twice = [slug for slug, times in Counter(fact.slug for fact in facts).items() if times > 1]
    if twice:
        raise InvalidInput(f"memories names the slug {twice[0]} twice; write it once.", "memories")
    return facts


def _read(number: int, given: Any) -> Fact:
    place = f"memories[{number}]"
    if not isinstance(given, dict) or set(given) != {"slug", "category", "content"}:
        raise InvalidInput(f"{place} must have slug, category and content, nothing else.", place)
    for name, longest in (("category", LONGEST_CATEGORY), ("content", LONGEST_CONTENT)):
        value = given[name]
        if not isinstance(value, str) or not 0 < len(value.strip()) <= longest or "\0" in value:
            reason = f"{place}.{name} must be text of 1 to {longest} characters."
            raise InvalidInput(reason, f"{place}.{name}")
    return Fact(check_slug(given["slug"], place), given["category"].strip(), given["content"])


def check_slug(slug: Any, place: str) -> str:
    """Returns the slug. Raises InvalidInput where it is none."""
    if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
        reason = f"{place}.slug must be lower-case letters, digits, _ or -, at most 120."
        raise InvalidInput(reason, f"{place}.slug")
    return slug
