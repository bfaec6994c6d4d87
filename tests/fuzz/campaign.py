"""Feeds each parser damaged inputs; what it accepts is stored in Postgres, and taken back."""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.errors import FiscalError
from app.infrastructure.db.models import Company, Run
from tests.fuzz.parser import Parser, Place
from tests.fuzz.parsers import PARSERS

_TABLES = (
    "tax_documents", "document_summaries", "daily_boletas", "received_fees", "sync_checkpoints",
    "f29_forms", "company_tax_info", "register_exports",
)  # fmt: skip
_ROWS = text("SELECT " + " + ".join(f"(SELECT count(*) FROM {table})" for table in _TABLES))
SHOWN = 5  # other exceptions of one parser


@dataclass
class Outcome:
    """What came of one parser's inputs; `stray` counts rows stored from rejected ones."""

    parser: str
    inputs: int = 0
    accepted: int = 0
    rejected: int = 0
    stray: int = 0
    others: Counter[str] = field(default_factory=Counter)

    @property
    def is_clean(self) -> bool:
        return not self.others and not self.stray


def fuzz(sessions: sessionmaker[Session], parser: Parser, count: int, seed: str) -> Outcome:
    """Returns what came of `count` inputs; the same seed makes the same ones."""
    outcome = Outcome(parser.name)
    run_id, company_id = uuid4(), uuid4()
    with sessions.begin() as session:
        session.add(Run(id=run_id, task="sii.sync_documents", state="running"))
        rut = f"{76_000_000 + PARSERS.index(parser)}-0"
        session.add(Company(id=company_id, rut=rut, business_name="Empresa Inventada SpA"))
    for number in range(count):
        given = parser.make(Random(f"{seed}/{parser.name}/{number}"))
        with sessions() as session:
            _try(outcome, parser, Place(session, run_id, company_id), given, number)
    return outcome


def _try(outcome: Outcome, parser: Parser, place: Place, given: object, number: int) -> None:
    """Reads and stores one input as a sync does, in a transaction that is never committed."""
    outcome.inputs += 1
    try:
        parser.store(place, parser.parse(given))
        place.session.flush()
        outcome.accepted += 1
    except FiscalError:
        outcome.rejected += 1
        outcome.stray += place.session.scalar(_ROWS) or 0
    except Exception as error:  # noqa: BLE001 (that is what is looked for)
        outcome.others[f"{type(error).__name__} at input {number}: {str(error)[:150]!r}"] += 1
