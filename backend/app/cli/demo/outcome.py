"""What came of the demo, compared with what the simulator knows."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, literal, select

from app.cli.demo.seed import DemoCompany
from app.cli.demo.simulator import Books, Simulator
from app.domain.periods import Period
from app.infrastructure.db.models import (
    DailyBoletas,
    NotificationDelivery,
    ReceivedFee,
    Run,
    TaxDocument,
)
from app.infrastructure.db.session import session_scope

_REFUSALS = ("invalid_credentials", "credentials_blocked")


@dataclass(frozen=True)
class Demo:
    """What was started: when, for which periods and companies, with which messages."""

    started: datetime
    periods: Sequence[Period]
    companies: Sequence[DemoCompany]
    notifications: Sequence[UUID]

    @property
    def refused(self) -> set[UUID]:
        """The companies that the portal must not let in."""
        return {company.id for company in self.companies if company.is_refused}


def show_outcome(console: Console, demo: Demo, simulator: Simulator) -> None:
    """Draws documents per company and period, messages per channel, runs per worker."""
    console.print(_documents_table(demo, simulator), _messages_table(demo, simulator))
    console.print(_workers_table(demo))


def is_as_seeded(demo: Demo, runs: Collection[UUID], simulator: Simulator) -> bool:
    """Returns whether runs, documents and messages are all as the simulator was seeded."""
    return (
        _runs_ended_well(demo, runs)
        and all(
            _expected(company, period, simulator) == stored_books(company.id, period)
            for company in demo.companies
            for period in demo.periods
        )
        and _messages_arrived(demo, simulator)
    )


def _runs_ended_well(demo: Demo, runs: Collection[UUID]) -> bool:
    with session_scope() as session:
        return all(
            run.error_code in _REFUSALS
            if run.company_id in demo.refused
            else run.state == "succeeded"
            for run in session.scalars(select(Run).where(Run.id.in_(runs)))
        )


def _expected(company: DemoCompany, period: Period, simulator: Simulator) -> Books:
    return Counter() if company.is_refused else simulator.books(company.rut, period)


def stored_books(company_id: UUID, period: Period) -> Books:
    """Returns what is in our database of a company's period."""
    row = TaxDocument
    statement = select(
        row.direction, row.doc_type, row.folio, row.counterpart_rut, row.issue_date,
        row.accounting_state, row.exempt, row.net, row.vat, row.vat_non_recoverable, row.total,
    ).where(
        row.company_id == company_id, row.period == str(period), row.vanished_at.is_(None)
    )  # fmt: skip
    of_day = DailyBoletas
    days = select(
        literal("boletas"), of_day.doc_type, of_day.day, of_day.count,
        of_day.exempt, of_day.net, of_day.vat, of_day.total,
    ).where(of_day.company_id == company_id, of_day.period == str(period))  # fmt: skip
    fee = ReceivedFee
    fees = select(
        literal("fees"), fee.issuer_rut, fee.folio, fee.issue_date, fee.status_raw,
        fee.gross, fee.withheld, fee.net,
    ).where(
        fee.company_id == company_id, fee.period == str(period), fee.vanished_at.is_(None)
    )  # fmt: skip
    with session_scope() as session:
        found = (*session.execute(statement), *session.execute(days), *session.execute(fees))
        return Counter(one._tuple() for one in found)


def _documents_table(demo: Demo, simulator: Simulator) -> Table:
    table = Table("company", "period", title="Documents", title_justify="left", title_style="bold")
    for column in ("purchases", "sales", "days with boletas", "honorarios"):
        table.add_column(column, justify="right")
    table.add_column("compared with the portal")
    for company in demo.companies:
        for period in demo.periods:
            stored = stored_books(company.id, period)
            registers = Counter(fact[0] for fact in stored.elements())
            counts = [str(registers[name]) for name in ("purchase", "sale", "boletas", "fees")]
            verdict = _verdict(company, stored, _expected(company, period, simulator))
            table.add_row(company.name, str(period), *counts, verdict)
    return table


def _verdict(company: DemoCompany, stored: Books, expected: Books) -> str:
    if stored != expected:
        missing, other = (expected - stored).total(), (stored - expected).total()
        return f"[red]different[/]: {missing} missing, {other} that the portal has not"
    return "[yellow]login refused, as seeded[/]" if company.is_refused else "[green]equal[/]"


def _deliveries(demo: Demo) -> list[NotificationDelivery]:
    chosen = NotificationDelivery.notification_id.in_(demo.notifications)
    with session_scope() as session:
        return list(session.scalars(select(NotificationDelivery).where(chosen)))


def _messages_table(demo: Demo, simulator: Simulator) -> Table:
    table = Table("channel", title="Notifications", title_justify="left", title_style="bold")
    for column in ("sent", "of", "arrived at the simulator"):
        table.add_column(column, justify="right")
    arrived = simulator.message_ids()
    deliveries = _deliveries(demo)
    for channel in sorted({one.channel for one in deliveries}):
        mine = [one for one in deliveries if one.channel == channel]
        sent = [one for one in mine if one.status == "sent"]
        seen = sum(one.provider_id in arrived for one in mine)
        table.add_row(channel, str(len(sent)), str(len(demo.companies)), str(seen))
    return table


def _messages_arrived(demo: Demo, simulator: Simulator) -> bool:
    arrived = simulator.message_ids()
    deliveries = _deliveries(demo)
    told = {one.notification_id for one in deliveries}
    return told == set(demo.notifications) and all(
        one.status == "sent" and one.provider_id in arrived for one in deliveries
    )


def _workers_table(demo: Demo) -> Table:
    table = Table("worker", "task", title="Who did it", title_justify="left", title_style="bold")
    for column in ("runs", "seconds"):
        table.add_column(column, justify="right")
    took = func.sum(func.extract("epoch", Run.finished_at - Run.started_at))
    statement = (
        select(Run.worker, Run.task, func.count(), func.coalesce(took, 0))
        .where(Run.queued_at >= demo.started)
        .group_by(Run.worker, Run.task)
        .order_by(Run.worker, Run.task)
    )
    with session_scope() as session:
        for worker, task, count, seconds in session.execute(statement):
            table.add_row(worker or "(none yet)", task, str(count), f"{float(seconds):.1f}")
    return table
