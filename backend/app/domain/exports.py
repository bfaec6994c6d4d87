"""Files of registers that are too large for one answer: SII makes them when asked, for later."""

from dataclasses import dataclass
from typing import Protocol

from app.domain.documents import AccountingState


@dataclass(frozen=True)
class AskedExport:
    """A file that SII was asked for."""

    newest_before: int  # SII's number of the last file before ours; 0 where there was none
    number: int | None = None  # of ours; None as long as SII has not told it


class ExportMemory(Protocol):
    """What was asked for one register of a period and is not stored yet, by accounting state."""

    def recall(self, state: AccountingState) -> AskedExport | None:
        """Returns the file that was asked for, None where none was."""

    def keep(self, state: AccountingState, asked: AskedExport) -> None:
        """Remembers it, whatever happens next. Raises RunTakenOver."""

    def forget(self, state: AccountingState) -> None:
        """Has it asked for again. Raises RunTakenOver."""
