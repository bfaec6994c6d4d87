"""Options that several commands share."""

import getpass
from collections.abc import Callable
from typing import Any, TypeVar

import click

from app.infrastructure.celery.topology import QUEUES, SYSTEM_TASKS, TASKS

Command = TypeVar("Command", bound=Callable[..., Any])

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def acted_by(command: Command) -> Command:
    """Adds --by and --reason, which the audit row keeps."""
    by = click.option(
        "--by",
        envvar="FISCAL_OPERATOR",
        show_envvar=True,
        default=_user,
        help="Who does this; the user's name on this machine where nothing is said.",
    )
    reason = click.option("--reason", help="Why; kept with the action.")
    return by(reason(command))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""  # a container's user without a name; `Operator` asks for one


def complete_queue(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Returns the queues that begin with what is typed."""
    return [name for name in QUEUES if name.startswith(typed)]


def complete_task(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[str]:
    """Returns the tasks that begin with what is typed."""
    return [name for name in TASKS | SYSTEM_TASKS if name.startswith(typed)]
