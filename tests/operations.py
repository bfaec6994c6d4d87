"""An hour of a busy bundle, as rows and reports: what the operations page has to show."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import redis
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.infrastructure.celery.recovery import say_alive
from app.infrastructure.celery.vitals import Usage, Vitals, say_vitals
from app.infrastructure.db.models import Company, DueEntry, Run
from app.services.accounts import add_account

MARKUP = "<b>Panadería</b> & \"Hijos\" <script>document.title='broken'</script>"
NAMES = ("Ferretería Los Aromos SpA", "Viña Quebrada Honda Ltda.", MARKUP)


def add_companies(session: Session, names: Sequence[str] = NAMES) -> list[UUID]:
    """Adds companies; returns their ids."""
    companies = [
        Company(rut=f"7600{number:04}-{number}", business_name=name)
        for number, name in enumerate(names)
    ]
    session.add_all(companies)
    session.flush()
    return [company.id for company in companies]


def run_row(queue: str, ago: float, waited: float | None, **columns: Any) -> dict[str, Any]:
    """Returns the row of a run that was asked for `ago` s ago and began `waited` s later."""
    asked = datetime.now(UTC) - timedelta(seconds=ago)
    began = None if waited is None else asked + timedelta(seconds=waited)
    empty = dict.fromkeys(
        ("worker", "company_id", "progress", "error_code", "error_kind", "error_message")
    )
    row = {
        "id": uuid4(),
        "task": "calendar.sync_company",
        "queue": queue,
        "state": "succeeded" if began else "queued",
        "queued_at": asked,
        "started_at": began,
        "first_started_at": began,
        "finished_at": began + timedelta(milliseconds=40) if began else None,
    }
    return empty | row | columns


def add_finished(session: Session, number: int) -> None:
    """Adds runs that have ended, evenly over the last hour: two of three in `high`."""
    rows = []
    for index in range(number):
        ago = 3600 * (1 - index / number)
        queue, waited = [("high", 0.006), ("high", 0.011), ("default", 1.8)][index % 3]
        task = "notifications.process_pending" if queue == "high" else "calendar.sync_company"
        rows.append(run_row(queue, ago, waited * (1 + index % 7 / 4), task=task))
    if rows:
        session.execute(insert(Run), rows)


def add_flood(session: Session, companies: Sequence[UUID]) -> None:
    """Adds what happens right now: syncs that run and wait, and runs that have failed."""
    session.execute(
        insert(Run),
        [
            *(_scrape(ago, 900 + ago / 4, companies[0]) for ago in range(600, 3500, 120)),
            *_running(companies),
            *(
                run_row("low", 40 * n, None, task="sii.sync_documents", company_id=companies[n % 2])
                for n in range(1, 31)
            ),
            *(run_row("default", 2 + n / 10, None) for n in range(18)),
            _failure(400, companies[1], "invalid_credentials", "SII refused the clave."),
            _failure(2000, companies[2], "sii_unavailable", "SII answered 503."),
            _failure(9000, companies[0], "poison_run", MARKUP),
        ],
    )


def _scrape(ago: float, waited: float, company: UUID) -> dict[str, Any]:
    return run_row("low", ago, min(waited, ago - 1), task="sii.sync_documents", company_id=company)


def _running(companies: Sequence[UUID]) -> list[dict[str, Any]]:
    going = {"state": "running", "finished_at": None}
    progress = {"done": 3, "total": 8, "detail": "2026-10 sale"}
    return [
        run_row(
            "low", 1500, 1100, **going, task="sii.sync_documents", worker="slow@3f2a9c1b7d5e",
            company_id=companies[2], progress=progress,
        ),
        run_row("default", 3, 1.9, **going, worker="fast@a81c04de92b7", company_id=companies[0]),
        run_row("high", 0.5, 0.008, **going, task="notifications.process_pending",
                worker="fast@a81c04de92b7"),
    ]  # fmt: skip


def _failure(ago: float, company: UUID, code: str, message: str) -> dict[str, Any]:
    return run_row(
        "low", ago, 5, task="sii.sync_f29", state="failed", company_id=company, error_code=code,
        error_kind="permanent" if code != "sii_unavailable" else "transient", error_message=message,
    )  # fmt: skip


def add_accounts(session: Session) -> dict[str, str]:
    """Adds an operator, `ana`, and a viewer, `vera`; returns their passwords."""
    roles = {"ana": "operator", "vera": "viewer"}
    return {name: add_account(session, name, role) for name, role in roles.items()}


def add_due(session: Session, entry: str, seconds: float) -> None:
    """Says that an entry of the schedule is due in so many seconds."""
    session.add(DueEntry(entry=entry, due_at=datetime.now(UTC) + timedelta(seconds=seconds)))


def report_workers(client: "redis.Redis") -> None:
    """Lets topology two report: `fast` with two of three slots taken, `slow` with its only one.

    `default` and `low` have as many messages as `add_flood` has runs that wait.
    """
    mib = 2**20
    light = Usage({}, {"main": 96 * mib, "children": 118 * mib, "browsers": 0}, 0)
    heavy = Usage({}, {"main": 98 * mib, "children": 84 * mib, "browsers": 410 * mib}, 1)
    slots = {"high": 3, "default": 2}
    taken = {"high": 1, "default": 1}
    for vitals in (
        Vitals("fast@a81c04de92b7", ["high", "default"], 3, slots, taken, light),
        Vitals("slow@3f2a9c1b7d5e", ["low"], 1, {}, {"low": 1}, heavy),
    ):
        say_alive(client, vitals.node)
        say_vitals(client, vitals)
        for number, queue in enumerate(queue for queue, n in vitals.taken.items() if n):
            client.hset(f"unacked:{vitals.node}", str(number), json.dumps([{}, queue, queue]))
    client.rpush("default", *["{}"] * 18)
    client.rpush("low", *["{}"] * 30)
