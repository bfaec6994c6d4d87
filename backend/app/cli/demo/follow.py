"""Shows how far runs are until all have ended: bars on a terminal, lines elsewhere."""

import time
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn
from sqlalchemy import select

from app.infrastructure.db.models import Run
from app.infrastructure.db.session import session_scope

INTERVAL = 0.5  # s between two looks at the table


def follow(
    console: Console, runs: Mapping[UUID, str], refused: Collection[UUID], patience: float
) -> bool:
    """Returns True once all `runs` (id -> title) have ended, False after `patience` seconds.

    `refused` are the companies whose login must fail.
    """
    deadline = time.monotonic() + patience
    view = _Bars(console, runs) if console.is_terminal else _Lines(console, runs)
    with view:
        while True:
            rows = _read(runs)
            for run in rows:
                view.show(run, _words(run, refused))
            if len(rows) == len(runs) and all(run.finished_at for run in rows):
                return True
            if time.monotonic() > deadline:
                break
            time.sleep(INTERVAL)
    waiting = ", ".join(runs[run.id] for run in rows if run.finished_at is None)
    console.print(f"[red]Not done after {patience:g} s[/]: {waiting}; look at `fiscal status`.")
    return False


def _read(runs: Mapping[UUID, str]) -> Sequence[Run]:
    with session_scope() as session:
        return session.scalars(select(Run).where(Run.id.in_(runs))).all()


def _words(run: Run, refused: Collection[UUID]) -> str:
    if run.state == "failed" and run.company_id in refused:
        return "refused by the portal, as seeded"
    if run.state in ("failed", "retrying"):
        return f"{run.state}: {run.error_code}"
    detail = (run.progress or {}).get("detail", "")
    return detail if run.state == "running" and detail else run.state


class _Bars:
    """One bar per run."""

    def __init__(self, console: Console, runs: Mapping[UUID, str]) -> None:
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            console=console,
        )
        self.bars: dict[UUID, TaskID] = {
            run_id: self.progress.add_task(title, total=None, words="queued")
            for run_id, title in runs.items()
        }

    def __enter__(self) -> "_Bars":
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, run: Run, words: str) -> None:
        """Moves the bar of a run."""
        progress = run.progress or {"done": 0, "total": 1}
        done = progress["total"] if run.state == "succeeded" else progress["done"]
        # Without a total the bar pulses, which is what a bar of a waiting run should not do.
        self.progress.update(
            self.bars[run.id], completed=done, total=progress["total"], words=words
        )


class _Lines:
    """One line per change."""

    def __init__(self, console: Console, runs: Mapping[UUID, str]) -> None:
        self.console, self.runs = console, runs
        self.told: dict[UUID, str] = {}

    def __enter__(self) -> "_Lines":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, run: Run, words: str) -> None:
        """Says what is new of a run."""
        if self.told.get(run.id) == words:
            return
        self.told[run.id] = words
        done = f" {run.progress['done']}/{run.progress['total']}" if run.progress else ""
        self.console.print(f"{self.runs[run.id]}{done}: {words}", markup=False, highlight=False)
