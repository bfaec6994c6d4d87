"""Work that flows while things break, asked for as our own code asks: row first, then message."""

import subprocess
from contextlib import AbstractContextManager
from types import TracebackType

from tests.bundle import Bundle
from tests.scenarios.load import end_source
from tests.scenarios.notifications import schedule_notifications

# Runs in a container of a part of the bundle until its standard input ends. Where Postgres is away
# nothing was asked for; whatever has a row counts.
_WORK = """
import itertools, random, select, sys
from datetime import UTC, datetime
from sqlalchemy import exc, text
from app.bootstrap import publisher
from app.infrastructure.db.session import get_session_factory
from app.services.document_fan_out import enqueue_sync
from app.services.outbox import outbox_scope
from app.services.runs import enqueue

label, companies, first, pause = sys.argv[1:]
companies, first, pause = companies.split(","), int(first), float(pause)
chance = random.Random(label)
queues = itertools.cycle(("high", "default", "low"))
NOTIFY = text(
    "INSERT INTO scheduled_notifications"
    " (id, dedupe_key, company_id, template_code, context, scheduled_for)"
    " SELECT gen_random_uuid(), :key, id, 'numbered', jsonb_build_object("
    " 'label', cast(:label AS text), 'number', cast(:number AS int)), now()"
    " FROM companies WHERE rut = '76000000-0'"
)
WAITING = text(
    "SELECT count(*) FROM runs WHERE task = 'sii.sync_documents' AND finished_at IS NULL"
)
print("working", flush=True)
for number in itertools.count(first):
    try:
        with outbox_scope(get_session_factory(), publisher()) as (session, outbox):
            enqueue(session, outbox, task="system.probe", kwargs={}, queue=next(queues))
            if number % 3 == 0:
                values = {"key": f"{label}:{number}", "label": label, "number": number}
                session.execute(NOTIFY, values)
                enqueue(session, outbox, task="notifications.process_pending", kwargs={})
            # No more than a few at once: a machine that cannot keep up would pile them up for ever.
            if number % 40 == 0 and (session.scalar(WAITING) or 0) < 4:
                enqueue_sync(
                    session, outbox, chance.choice(companies),
                    months=chance.randint(1, 3), now=datetime.now(UTC),
                )
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError):
        pass
    if select.select([sys.stdin], [], [], pause)[0]:
        break
"""


class NotBegun(AssertionError):
    """The container died between the question whether it is there and the answer."""


class Work(AbstractContextManager["Work"]):
    """A probe each `pause` seconds, through all queues in turn, messages to people, and syncs.

    `part` asks for it: api or beat. Several at once under one label count from different numbers.
    """

    def __init__(
        self, bundle: Bundle, label: str, part: str = "api", first: int = 1, pause: float = 0.25
    ) -> None:
        self.bundle = bundle
        self.label = label
        self.part = part
        self.arguments = (str(first), str(pause))

    def __enter__(self) -> "Work":
        companies = self.bundle.seed_companies().values()
        usable = [company["id"] for company in companies if company["kind"] in "AC"]
        schedule_notifications(self.bundle, self.label, 0)  # the template and its reader
        command = ("python", "-c", _WORK, self.label, ",".join(usable), *self.arguments)
        self.process: subprocess.Popen[str] = self.bundle.begin(self.part, *command)
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != "working":
            end_source(self.process, timeout=5)
            raise NotBegun(f"the source of work in {self.part} ended at once")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end_source(self.process, timeout=90)
        assert error or self.process.returncode == 0, "the source of work did not live through it"
