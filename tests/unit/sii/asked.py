"""The memory of asked files as a dict, for what reads a session without a database."""

from app.domain.documents import AccountingState
from app.domain.exports import AskedExport


class Asked(dict[AccountingState, AskedExport]):
    """Stands in for the stored one; `kept` has every file that it was told to remember."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[AskedExport] = []

    def recall(self, state: AccountingState) -> AskedExport | None:
        return self.get(state)

    def keep(self, state: AccountingState, asked: AskedExport) -> None:
        self.kept.append(asked)
        self[state] = asked

    def forget(self, state: AccountingState) -> None:
        self.pop(state, None)
