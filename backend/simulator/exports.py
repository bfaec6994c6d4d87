"""Files of registers that are too large for one answer: asked for, made, and fetched later."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count as numbers
from typing import NamedTuple
from uuid import uuid4

from cl_sii.rut import Rut

from simulator.truth import Period

CREATED, IN_PROCESS, FINISHED = "CREADO", "EN PROCESO", "TERMINADO"


class Books(NamedTuple):
    """What a file is of."""

    rut: Rut
    period: Period
    operation: str  # COMPRA, VENTA
    state: str


@dataclass
class Export:
    """One file. Its lines are what the register held when it was asked for."""

    id: int
    books: Books
    lines: list[str]  # the header first
    documents: int
    blob: str = field(default_factory=lambda: uuid4().hex)
    status: str = CREATED
    asked_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    is_fetched: bool = False


class Exports:
    """Every file that was asked for since the last reset, the oldest first."""

    def __init__(self) -> None:
        self._made: dict[int, Export] = {}
        self._ids = numbers(880_001)

    def ask(self, books: Books, lines: list[str], documents: int) -> None:
        """Begin a file."""
        export = Export(next(self._ids), books, lines, documents)
        self._made[export.id] = export

    def look(self, asked: Books) -> None:
        """Who looks finds the files finished that were there already."""
        for export in self.like(asked):
            export.status = FINISHED

    def like(self, asked: Books) -> list[Export]:
        """The files of a company's month and operation, in whichever state of its documents."""
        return [one for one in self._made.values() if one.books[:3] == asked[:3]]

    def find(self, export_id: int) -> Export | None:
        """The file of a number."""
        return self._made.get(export_id)

    def unfetched(self, asked: Books) -> Iterable[Export]:
        """The files of just these books that nobody has fetched yet."""
        return [one for one in self.like(asked) if one.books == asked and not one.is_fetched]
