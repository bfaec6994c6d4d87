"""Runs as a terminal shows them."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rich.markup import escape
from rich.table import Table

from app.api.schemas.runs import RunView
from app.cli.console import open_console
from app.cli.status import STYLES, duration
from app.domain.periods import CHILE
from app.infrastructure.db.models import Run

_MORE = ("retries", "deaths", "first_started_at", "expires_at", "cancel_asked_at")


def draw_runs(runs: Sequence[Run], now: datetime) -> None:
    """Draws a page of runs."""
    table = Table(title="Runs", title_justify="left", title_style="bold")
    for column in ("run", "task", "queue", "state", "worker", "asked for", "took", "error"):
        table.add_column(column, no_wrap=True)
    for run in runs:
        took = (run.finished_at or now) - run.started_at if run.started_at else None
        table.add_row(
            str(run.id),
            run.task,
            run.queue,
            f"[{STYLES.get(run.state, 'default')}]{run.state}[/]",
            run.worker,
            in_chile(run.queued_at),
            duration(took),
            run.error_code,
        )
    open_console().print(table)


def whole(run: Run) -> dict[str, Any]:
    """Returns all of a run: what the API shows, its arguments, and what became of its attempts."""
    more = {name: getattr(run, name) for name in _MORE}
    moments = {name: v.isoformat() if isinstance(v, datetime) else v for name, v in more.items()}
    return RunView.of(run).model_dump(mode="json") | {"kwargs": run.kwargs} | moments


def draw_run(run: Run) -> None:
    """Draws one run, a line per fact; times are those of Chile."""
    facts: list[tuple[str, object]] = [
        ("run", run.id),
        ("task", run.task),
        ("arguments", json.dumps(run.kwargs, ensure_ascii=False)),
        ("caused by", run.root_id if run.root_id != run.id else None),
        ("company", run.company_id),
        ("queue", run.queue),
        ("state", _state(run)),
        ("worker", run.worker),
        ("attempts", _attempts(run)),
        ("progress", _progress(run)),
        ("asked for", in_chile(run.queued_at)),
        ("first start", in_chile(run.first_started_at)),
        ("last start", in_chile(run.started_at)),
        ("end", in_chile(run.finished_at)),
        ("expires", in_chile(run.expires_at)),
        ("result", json.dumps(run.result, ensure_ascii=False) if run.result else None),
        ("error", f"{run.error_code} ({run.error_kind})" if run.error_code else None),
        ("", run.error_message),
    ]
    console = open_console()
    for name, value in facts:
        if value not in (None, ""):
            console.print(f"[bold]{name:12}[/]{escape(str(value))}", highlight=False)


def in_chile(moment: datetime | None) -> str:
    """Returns a moment by the clock of Chile, '' for none."""
    return f"{moment.astimezone(CHILE):%Y-%m-%d %H:%M:%S}" if moment else ""


def _state(run: Run) -> str:
    is_asked = run.cancel_asked_at is not None and run.finished_at is None
    return f"{run.state}, stops at its next checkpoint" if is_asked else run.state


def _attempts(run: Run) -> str:
    return f"{run.attempts} ({run.retries} retries, {run.deaths} deaths of its worker)"


def _progress(run: Run) -> str | None:
    progress = run.progress
    return f"{progress['done']} of {progress['total']}, {progress['detail']}" if progress else None
