"""Rows in every table that name somebody in every text, made from the tables' own declaration.

A table or a column that is added later is planted by itself.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Column, String, Table, insert
from sqlalchemy.orm import Session

from app.infrastructure.db.models import Base
from app.services.belonging import with_children

# Nobody's: what holds for all companies alike. Whoever adds a table here has to be sure.
SHARED = {
    "event_templates",
    "notification_templates",
    "channel_limits",
    "extra_holidays",
    "run_totals",
    "run_time_totals",
    "due_entries",
    "portal_answers",
    # Of our own team: `fiscal operator remove` deletes an account, time the others.
    "accounts",
    "account_sessions",
    "sign_in_tries",
}
TABLES = {table.name: table for table in Base.metadata.sorted_tables if table.name not in SHARED}
_VALUES: dict[type, Any] = {
    bool: True, date: date(2026, 11, 1), time: time(9), bytes: b"%PDF-", float: 1.0,
    datetime: datetime(2026, 11, 2, tzinfo=UTC),
}  # fmt: skip


@dataclass
class Planted:
    """A company and a person, each with a row in whatever table can hold one."""

    number: int
    rut: str
    company_name: str
    person_rut: str
    person_name: str
    email: str
    phone: str
    company_id: UUID = field(default_factory=uuid4)
    user_id: UUID = field(default_factory=uuid4)
    run_id: UUID = field(default_factory=uuid4)

    @property
    def of_company(self) -> tuple[str, ...]:
        return self.rut, self.company_name

    @property
    def of_person(self) -> tuple[str, ...]:
        return self.person_rut, self.person_name, self.email, self.phone[1:]

    def given(self) -> dict[str, Any]:
        """What a column must hold, by `table.column`; null included."""
        return {
            "users.id": self.user_id, "users.email": self.email, "users.rut": self.person_rut,
            "users.full_name": self.person_name, "users.phone": self.phone,
            "companies.id": self.company_id, "companies.rut": self.rut,
            "companies.business_name": self.company_name,
            "runs.id": self.run_id, "runs.state": "succeeded", "runs.company_id": self.company_id,
            "memories.owner_type": "company", "memories.owner_id": self.company_id,
            "memories.state": "stored", "memories.store": "postgres",
            "memories.mem0_id": str(uuid4()), "f29_pdf_files.content": None,
            # our own words
            "runs.task": "sii.sync_f29", "runs.queue": "low", "runs.worker": "slow@host",
            "runs.error_code": "out_of_time",
            "f29_pdf_files.store": "directory",
            "operator_actions.action": "run.cancel",
            "paused_queues.queue": ("high", "default", "low")[self.number],
        }  # fmt: skip


ANA = Planted(1, "76123456-0", "Panadería Las Nieves SpA", "12345678-5", "Ana Rojas Soto",
              "ana@nieves.example", "+56987654321")  # fmt: skip
LUZ = Planted(2, "77123456-9", "Ferretería El Perno Ltda", "11111111-1", "Luz Pérez Mora",
              "luz@perno.example", "+56911112222")  # fmt: skip


def companys_own() -> set[str]:
    """Returns the tables whose rows cannot be without a company."""
    return set(with_children({"companies": Base.metadata.tables["companies"].c.id.is_not(None)}))


def plant(session: Session, who: Planted, text: dict[str, tuple[str, ...]]) -> set[str]:
    """Adds a row to every table; in each text of a table stands what `text` says for it.

    Returns the columns that name somebody, as `table.column`.
    """
    keys: dict[str, Any] = {
        "event_templates.code": "f29", "notification_templates.code": "monthly_summary",
    }  # fmt: skip
    named = set()
    for table in TABLES.values():
        own = [column for column in table.c if column.identity is None]
        row = {c.name: _value(who, c, text[table.name], keys) for c in own}
        session.execute(insert(table).values(row))
        keys |= {f"{table.name}.{name}": value for name, value in row.items()}
        named |= {
            f"{table.name}.{name}"
            for name, value in row.items()
            if any(mark in str(value) for mark in text[table.name])
        }
    return named


def _value(who: Planted, column: Column[Any], marks: tuple[str, ...], keys: dict[str, Any]) -> Any:
    table: Table = column.table
    given = who.given()
    if f"{table.name}.{column.name}" in given:
        return given[f"{table.name}.{column.name}"]
    for key in column.foreign_keys:
        return keys[f"{key.column.table.name}.{key.column.name}"]
    sentence = ", ".join(marks)
    kind = column.type.python_type
    if isinstance(column.type, String):
        length = column.type.length
        return sentence if length is None or len(sentence) <= length else marks[0][:length]
    if kind in (dict, list, object):
        return {"said": [sentence]}
    if kind is int:
        return who.number + 1000  # far from what the sequences give
    return uuid4() if kind is UUID else _VALUES[kind]
