"""Deletes all that is known of a company or of a person, on request (docs/operations.md).

One transaction: all of it goes or nothing. Only the memories in Mem0 follow afterwards, by runs;
in our own table they are empty at once (memory_deletion.py).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    delete,
    func,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session, sessionmaker

from app.domain.mentions import without_mentions
from app.errors import RunsUnfinished
from app.infrastructure.db.models import (
    AgentMessage,
    AgentSession,
    Base,
    Company,
    CompanyTaxInfo,
    F29Form,
    F29PdfFile,
    OperatorAction,
    PausedQueue,
    Run,
    ScheduledNotification,
    SiiCredential,
    SiiSession,
    SyncCheckpoint,
    User,
)
from app.infrastructure.db.session import rows_changed
from app.services.belonging import Rows, mentions, references, search, with_children
from app.services.deletion_memories import forget_all
from app.services.deletion_subjects import Subject, find_company_subject, find_person_subject
from app.services.outbox import Outbox, Publisher
from app.services.pdf_storage import POSTGRES, PdfStores

log = logging.getLogger(__name__)


@dataclass
class Deleted:
    """What went, or would go."""

    subject: Subject
    rows: dict[str, int] = field(default_factory=dict)  # by table
    pdfs: int = 0  # outside of Postgres
    ended: int = 0  # runs that waited
    forgetting: list[UUID] = field(default_factory=list)  # the runs that clear Mem0
    left: dict[str, int] = field(default_factory=dict)  # rows that still mention it, by column


def delete_company(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    pdfs: PdfStores,
    given: str,
    *,
    dry_run: bool,
) -> Deleted:
    """Deletes all data of the company with this RUT or id; its members stay.

    A dry run does the same and takes it back, so that its counts are true. Raises InvalidInput,
    NotFound, RunsUnfinished, PdfElsewhere, PdfStoreUnavailable, PdfStoreRefused: then nothing is
    deleted except, perhaps, some of its PDFs, and the same call goes on.
    """
    return _delete_all(
        sessions, publisher, pdfs, lambda session: find_company_subject(session, given), dry_run
    )


def delete_person(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    pdfs: PdfStores,
    given: str,
    *,
    dry_run: bool,
) -> Deleted:
    """Deletes all data of the person with this e-mail address or id; their companies stay.

    As `delete_company`.
    """
    return _delete_all(
        sessions, publisher, pdfs, lambda session: find_person_subject(session, given), dry_run
    )


def _delete_all(
    sessions: sessionmaker[Session],
    publisher: Publisher,
    pdfs: PdfStores,
    find: Callable[[Session], Subject],
    dry_run: bool,
) -> Deleted:
    outbox = Outbox(publisher)
    with sessions() as session:
        subject = find(session)
        done = Deleted(subject, ended=_end_waiting(session, subject))
        _refuse_running(session, subject)
        done.forgetting = forget_all(session, outbox, subject)
        stores = _count_outside(session, subject)
        done.rows = _delete_rows(session, with_children(_roots(subject)), subject)
        for table, number in _take_out(session, subject).items():
            done.rows[table] = done.rows.get(table, 0) + number
        done.left = search(session, subject.spoken)
        done.pdfs = sum(stores.values())
        if dry_run:
            session.rollback()
            return done
        # Last: what is gone outside does not come back with a transaction.
        if subject.owner.type == "company":
            done.pdfs = pdfs.delete_company(subject.owner.id, stores)
        session.commit()
    outbox.flush()
    log.info("deleted the data of %s %s", subject.owner.type, subject.owner.id)
    return done


def _runs_of(subject: Subject) -> ColumnElement[bool]:
    """A run tells of it by its company, or in what it was given and left."""
    texts = (Run.kwargs, Run.result, Run.progress, Run.error_message, Run.dedupe_key)
    marks = (*subject.marks, str(subject.owner.id))
    told = or_(*(mentions(each, marks) for each in texts))
    of_person = subject.owner.type == "user"
    relatives = [str(each) for each in subject.relatives]
    near = Run.company_id.in_(subject.relatives) if of_person else (
        Run.kwargs["user_id"].astext.in_(relatives)
    )  # fmt: skip
    named = and_(near, or_(*(mentions(each, subject.name) for each in texts)))
    return or_(Run.company_id == subject.owner.id, told, named)


def _end_waiting(session: Session, subject: Subject) -> int:
    """Ends the runs that no worker has; their messages find an ended run and do nothing."""
    ended = session.scalars(
        update(Run)
        .where(_runs_of(subject), Run.finished_at.is_(None), Run.state != "running")
        .values(state="revoked", finished_at=func.clock_timestamp())
        .returning(Run.id)
    )
    return len(ended.all())


def _refuse_running(session: Session, subject: Subject) -> None:
    # After the others were ended: one that has begun in between is seen here.
    running = session.execute(
        select(Run.id, Run.task).where(_runs_of(subject), Run.finished_at.is_(None)).limit(1)
    ).first()
    if running is not None:
        raise RunsUnfinished(
            f"The run {running.id} ({running.task}) is at work for this"
            f" {'person' if subject.owner.type == 'user' else 'company'}; nothing was deleted, type"
            " the same again when it has ended (half an hour at most)."
        )


def _count_outside(session: Session, subject: Subject) -> dict[str, int]:
    """Returns how many of a company's PDFs lie in each store that is not Postgres."""
    query = (
        select(F29PdfFile.store, func.count().label("number"))
        .join(F29Form, F29Form.id == F29PdfFile.form_id)
        .where(F29Form.company_id == subject.owner.id, F29PdfFile.store != POSTGRES)
        .group_by(F29PdfFile.store)
    )
    return {row.store: row.number for row in session.execute(query)}


def _roots(subject: Subject) -> Rows:
    """What does not hang on its row by a foreign key, and its row itself."""
    kind = User if subject.owner.type == "user" else Company
    talks = select(AgentMessage.session_id).where(
        mentions(AgentMessage.message_data, subject.spoken)
    )
    roots = {
        kind.__tablename__: kind.id == subject.owner.id,
        SiiSession.__tablename__: SiiSession.login_rut.in_(subject.login_ruts),
        SyncCheckpoint.__tablename__: SyncCheckpoint.run_id.in_(
            select(Run.id).where(_runs_of(subject))
        ),
        AgentSession.__tablename__: or_(
            AgentSession.session_id.in_(talks), mentions(AgentSession.session_id, subject.marks)
        ),
    }
    if subject.owner.type == "user":  # a company's login may be its owner's own
        roots[SiiCredential.__tablename__] = SiiCredential.login_rut.in_(subject.login_ruts)
    return roots


def _delete_rows(session: Session, rows: Rows, subject: Subject) -> dict[str, int]:
    kind = User if subject.owner.type == "user" else Company
    for column in references(kind.__tablename__):
        rows_changed(
            session,
            update(column.table).where(column == subject.owner.id).values({column.name: None}),
        )
    tables = Base.metadata.tables
    counts = {name: rows_changed(session, delete(tables[name]).where(rows[name]))
              for name in reversed(rows)}  # fmt: skip  # children first
    return {name: counts[name] for name in rows if counts[name]}


def _take_out(session: Session, subject: Subject) -> dict[str, int]:
    """Takes it out of rows that stay for another reason; returns how many, by table.

    A run's row stays empty until clean-up: a late copy of its message would otherwise make it anew,
    with its arguments. So does a reminder, which would otherwise be sent twice.
    """
    empty = {"kwargs": {}, "result": null(), "progress": null(), "dedupe_key": None,
             "error_message": None, "company_id": None}  # fmt: skip
    told_runs = update(Run).where(_runs_of(subject), Run.finished_at.is_not(None))
    counts = {"runs": rows_changed(session, told_runs.values(empty))}
    # What an operator did stays; of whom, or by whom, does not.
    marks = (*subject.spoken, str(subject.owner.id))
    for table, silent in (
        (OperatorAction, {"operator": "", "target": "", "reason": None}),
        (PausedQueue, {"paused_by": "", "reason": None}),
    ):
        told = or_(*(mentions(getattr(table, column), marks) for column in silent))
        counts[table.__tablename__] = rows_changed(
            session, update(table).where(told).values(silent)
        )
    if subject.owner.type == "user":
        told = mentions(ScheduledNotification.context, subject.marks)
        open_one = ScheduledNotification.status == "pending"
        changed = update(ScheduledNotification).where(told)
        rows_changed(session, changed.where(open_one).values(status="cancelled"))
        counts["scheduled_notifications"] = rows_changed(session, changed.values(context={}))
        raw = mentions(CompanyTaxInfo.raw, subject.spoken)
        for info in session.scalars(select(CompanyTaxInfo).where(raw)):
            info.raw = without_mentions(info.raw, subject.spoken)
            counts["company_tax_info"] = counts.get("company_tax_info", 0) + 1
        session.flush()
    return {name: number for name, number in counts.items() if number}
