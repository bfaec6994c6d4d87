"""Everything that one running simulator remembers."""

from simulator.clock import Clock
from simulator.exports import Exports
from simulator.faults import Faults
from simulator.journal import Journal
from simulator.logins import Logins
from simulator.memories import Memory
from simulator.politeness import Politeness
from simulator.sessions import Sessions
from simulator.settings import Settings
from simulator.sink import Sink
from simulator.truth import Book
from simulator.webhooks import Webhooks


class Simulator:
    """The parts of a simulator; `reset` brings all but the settings back to the start."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sink = Sink()
        self.faults = Faults()
        self.webhooks = Webhooks(settings.webhook_url, settings.webhook_secret)
        self.smtp_port = settings.smtp_port
        self.reset()

    def reset(self) -> None:
        """Forget sessions, tries, messages, faults and a changed date."""
        self.faults.clear()
        self.sink.messages.clear()
        self.memories: dict[str, Memory] = {}
        self.clock = Clock(self.settings.today)
        self.book = Book(self.settings.seed, self.clock)
        self.journal = Journal()
        self.exports = Exports()
        self.politeness = Politeness(self.settings.requests_per_second)
        self.sessions = Sessions(self.settings.session_idle_seconds)
        self.logins = Logins(self.book.accounts, self.sessions, self.journal)
