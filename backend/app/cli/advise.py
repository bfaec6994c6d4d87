"""`fiscal advise`: what was asked for, checked. `advice_report.py` does the work.

Imports no more than click: `fiscal wait-for-schema` loads this file too.
"""

from datetime import UTC, datetime, timedelta

import click

from app.cli.stores import typed_database_errors
from app.domain.periods import CHILE
from app.errors import InvalidInput

DAYS = 7.0
LONGEST = 3650.0  # days; the ledger keeps 90
MOST_GROWTH = 100.0
_EXAMPLE = "for example --since 2026-11-22T06:00 --until 2026-11-23"


@click.command()
@click.option("--days", type=float, help=f"How long a window, up to --until.  [default: {DAYS:g}]")
@click.option("--since", help="Where the window begins, instead of --days.")
@click.option("--until", help="Where it ends; a time without an offset is Chile's.  [default: now]")
@click.option(
    "--growth", default=1.0, show_default=True, help="How many times as many runs arrive."
)
@click.option("--seed", default=1, show_default=True, help="Draws which runs --growth repeats.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def advise(
    days: float | None,
    since: str | None,
    until: str | None,
    growth: float,
    seed: int,
    as_json: bool,
) -> None:
    """Replay recorded runs in each topology: how long would they wait, and which one to take."""
    begin, end = window(days, since, until, datetime.now(UTC))
    if not 0 < growth <= MOST_GROWTH:
        raise InvalidInput(
            f"--growth {growth:g} is no factor between 0 and {MOST_GROWTH:g}; 2 is twice as many"
            " runs."
        )
    from app.cli import _database_url
    from app.cli.advice_report import find_advice, print_json, print_tables

    _database_url()
    with typed_database_errors():
        advice = find_advice(begin, end, growth, seed)
    (print_json if as_json else print_tables)(advice)


def window(
    days: float | None, since: str | None, until: str | None, now: datetime
) -> tuple[datetime, datetime]:
    """Returns the window that the options name, aware, with its end at `now` at the latest.

    Raises InvalidInput.
    """
    if days is not None and since is not None:
        raise InvalidInput("--days and --since both say where the window begins; give one of them.")
    if days is not None and not 0 < days <= LONGEST:
        raise InvalidInput(f"--days {days:g} is no number of days between 0 and {LONGEST:g}.")
    end = min(_moment("--until", until), now) if until is not None else now
    begin = _moment("--since", since) if since is not None else end - timedelta(days=days or DAYS)
    if begin >= end:
        raise InvalidInput(
            f"The window ends ({end.astimezone(CHILE):%Y-%m-%d %H:%M}) before it begins"
            f" ({begin.astimezone(CHILE):%Y-%m-%d %H:%M}); {_EXAMPLE}."
        )
    return begin, end


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=CHILE)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(f"{option} {text!r} is no date or time; {_EXAMPLE}.") from None
