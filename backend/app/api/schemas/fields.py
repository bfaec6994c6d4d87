"""Kinds of values that several requests and answers share."""

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import AfterValidator, BaseModel, Field
from pydantic_core import PydanticCustomError

from app.domain.ruts import canonical_rut
from app.errors import InvalidInput

PERIOD_PATTERN = r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$"

WRONG_CURSOR = "This cursor is not one that the API gave."

Row = TypeVar("Row")
T = TypeVar("T")


def _canonical(text: str) -> str:
    try:
        return canonical_rut(text)
    except InvalidInput as error:
        raise PydanticCustomError("rut", "{reason}", {"reason": error.message}) from None


Rut = Annotated[
    str,
    Field(
        max_length=20,
        description="A RUT with its check digit. Dots and a missing dash are accepted;"
        " answers always say `12345678-5`.",
        examples=["77.123.456-9"],
    ),
    AfterValidator(_canonical),
]
PeriodText = Annotated[
    str, Field(pattern=PERIOD_PATTERN, description="Year and month.", examples=["2026-11"])
]
Pesos = Annotated[int, Field(description="Chilean pesos, an integer.", examples=[119000])]

Limit = Annotated[int, Query(ge=1, le=500, description="Rows on a page, at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=200, description="`next_cursor` of the page before; nothing else is valid."),
]


class Page(BaseModel, Generic[T]):
    """Part of a list."""

    items: list[T]
    next_cursor: str | None = Field(
        description="Ask with `cursor=` this for the next page; null on the last one."
    )


def page_of(view: Callable[[Row], T], found: tuple[Sequence[Row], str | None]) -> Page[T]:
    """Returns a page of rows as the API shows them."""
    rows, next_cursor = found
    return Page(items=[view(row) for row in rows], next_cursor=next_cursor)
