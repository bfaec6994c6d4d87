"""Asks SII for the files of a register that is too large for one answer, and reads them later."""

import gzip
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from app.domain.documents import AccountingState, Direction
from app.domain.exports import AskedExport, ExportMemory
from app.domain.periods import Period
from app.errors import ExportNotReady, IncompleteAnswer, UnexpectedAnswer
from app.infrastructure.sii import pages, values

LARGEST_FILE = 64 * 2**20  # bytes, unpacked: some 250 000 documents
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Control:
    """SII's word on one file."""

    number: int
    blob: str | None  # what it is fetched by; None where there is nothing to fetch
    is_finished: bool
    has_failed: bool


# Asks for the files of a state's register, or begins one; returns the `data` of the answer.
Ask = Callable[[AccountingState, bool], Any]


class LargeRegister:
    """The files of one register of a period. Raises SII's errors, and RunTakenOver."""

    def __init__(
        self, ask: Ask, exports: ExportMemory, period: Period, direction: Direction
    ) -> None:
        self._ask = ask
        self._exports = exports
        self._period = period
        self._direction = direction
        self._finished: dict[AccountingState, Control] = {}

    def look(self, states: Iterable[AccountingState]) -> None:
        """Finds the files that were asked for. Raises ExportNotReady where one is not finished."""
        for state in states:
            asked = self._exports.recall(state)
            if asked is not None:
                self._look(state, asked)

    def finished(self, state: AccountingState) -> Control | None:
        """Returns what a state's file is fetched by; None where it has to be asked for."""
        return self._finished.get(state)

    def begin(self, state: AccountingState) -> None:
        """Asks for the file of a state.

        What is newest before is noted first: an answer that is lost, or a kill, leaves enough to
        find the file by, so that it is not asked for twice.
        """
        newest = max((one.number for one in self._controls(state, begins=False)), default=0)
        asked = AskedExport(newest)
        self._exports.keep(state, asked)
        ours = _ours(self._controls(state, begins=True), asked)
        if ours is not None:
            self._exports.keep(state, replace(asked, number=ours.number))

    def _look(self, state: AccountingState, asked: AskedExport) -> None:
        ours = _ours(self._controls(state, begins=False), asked)
        if ours is None:  # SII did not hear us, or knows of it no more
            self._exports.forget(state)
            return
        if asked.number is None:
            self._exports.keep(state, replace(asked, number=ours.number))
        if ours.has_failed or (ours.is_finished and ours.blob is None):
            raise IncompleteAnswer(f"SII could not make the file of state {state}.")
        if not ours.is_finished:
            raise ExportNotReady()
        self._finished[state] = ours

    def _controls(self, state: AccountingState, *, begins: bool) -> list[Control]:
        return parse_controls(self._ask(state, begins), self._period, self._direction)


def parse_controls(data: Any, period: Period, direction: Direction) -> list[Control]:
    """Returns the files of a month's purchases or sales; none where `data` is None.

    Raises UnexpectedAnswer where a row is not what the contract says.
    """
    if not isinstance(data, list | None):
        raise UnexpectedAnswer("The RCV's list of files is no list.")
    try:
        # Public clients have met the keys in more than one spelling.
        rows = [{str(key).lower(): value for key, value in row.items()} for row in data or []]
        return [_control(row) for row in rows if _is_of(row, period, direction)]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise UnexpectedAnswer("A row of the RCV's list of files is not what was agreed.") from None


def is_packed(content: bytes) -> bool:
    """Returns whether it is a file as SII makes them, and not what came in its place."""
    return content.startswith(_GZIP)


def unpacked(content: bytes) -> bytes:
    """Returns what a file holds, packed by gzip or not. Raises UnexpectedAnswer."""
    if not is_packed(content):
        return content
    try:
        with gzip.GzipFile(fileobj=BytesIO(content)) as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, EOFError, zlib.error):
        raise UnexpectedAnswer("A file from the RCV does not unpack.") from None
    if len(data) > LARGEST_FILE:
        raise UnexpectedAnswer(f"A file from the RCV has more than {LARGEST_FILE} bytes.")
    return data


def _ours(controls: list[Control], asked: AskedExport) -> Control | None:
    """Returns the file that was asked for: by its number, else the first since we asked."""
    if asked.number is not None:
        return next((one for one in controls if one.number == asked.number), None)
    newer = [one for one in controls if one.number > asked.newest_before]
    return min(newer, key=lambda one: one.number, default=None)


def _is_of(row: dict[str, Any], period: Period, direction: Direction) -> bool:
    if values.whole(row["caperiodo"]) != int(period.ptributario):
        return False
    process = str(row.get("caproceso") or "")
    others = {mark for of, mark in pages.CONTROL_MARK.items() if of != direction}
    return not any(mark in process for mark in others)


def _control(row: dict[str, Any]) -> Control:
    blob = str(row["caidblob"] or "")
    return Control(
        number=values.whole(row["caid"]),
        blob=blob if blob not in ("", pages.NO_BLOB) else None,
        is_finished=str(row["caestado"]).strip().upper() == pages.CONTROL_FINISHED,
        has_failed=bool(row.get("cadescerror")),
    )
