"""What an operator may do on the page: each asks for a confirmation, and leaves its row.

The services write the row in the transaction that acts; a viewer is refused before either.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from app.api.desk import DeskOf
from app.errors import NotFound
from app.infrastructure.celery.topology import QUEUES
from app.services.cancelling import cancel_run
from app.services.operators import LONGEST, Operator
from app.services.outbox import Outbox
from app.services.pauses import pause_queue, resume_queue
from app.services.retries import retry_run
from app.services.runs import find_run
from app.services.schedule import run_entry_now
from app.services.schedule_entries import read_schedule
from app.web.render import page
from app.web.routes import HOME, PageRoute, go
from app.web.visitor import OperatorOf, WordsOf, operator, proof_of, read_form, token_of

router = APIRouter(prefix="/ops", include_in_schema=False, route_class=PageRoute)

Action = Callable[[Session, Outbox, str, Operator], Any]


def _retry(session: Session, outbox: Outbox, target: str, by: Operator) -> None:
    retry_run(session, outbox, _run_id(target), by, datetime.now(UTC))


def _start(session: Session, outbox: Outbox, target: str, by: Operator) -> None:
    entry = next((entry for entry in read_schedule(session) if entry.name == target), None)
    if entry is None:
        raise NotFound
    run_entry_now(session, outbox, entry, by, datetime.now(UTC))


ACTIONS: Mapping[str, Action] = {
    "pause": lambda session, _, target, by: pause_queue(session, target, by, QUEUES),
    "resume": lambda session, _, target, by: resume_queue(session, target, by, QUEUES),
    "retry": _retry,
    "cancel": lambda session, _, target, by: cancel_run(session, _run_id(target), by),
    "start": _start,
}


@router.get("/confirm/{action}", dependencies=[Depends(operator)])
async def confirm(
    request: Request, action: str, target: str, words: WordsOf, desk: DeskOf
) -> Response:
    """Returns the page that asks whether this is meant."""
    _known(action)
    subject = target
    if action in ("retry", "cancel"):
        run = await desk.transact(lambda session: find_run(session, _run_id(target)))
        subject = f"{run.task} {run.id}"
    return page(
        "confirm.html",
        words,
        action=action,
        target=target,
        question=words[f"confirm_{action}"].format(target=subject),
        longest=LONGEST,
        proof=proof_of(token_of(request) or ""),
    )


@router.post("/actions/{action}")
async def act(request: Request, action: str, visitor: OperatorOf, desk: DeskOf) -> Response:
    """Does it, once it is confirmed. Raises the service's errors; then nothing was changed."""
    form = await read_form(request)
    work = _known(action)
    by = Operator(visitor.name, form.get("reason", "").strip() or None)
    target = form.get("target", "")
    await desk.start(lambda session, outbox: work(session, outbox, target, by))
    return go(f"{HOME}?done={action}")


def _known(action: str) -> Action:
    if action not in ACTIONS:
        raise NotFound
    return ACTIONS[action]


def _run_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None
