"""The `fiscal` command: what an operator and the containers' start type.

Commands import what they need when they run: `wait-for-schema` stands before every start of a
container and may cost no more than click and psycopg.
"""

import os
from pathlib import Path
from typing import Any

import click

from app.cli.advise import advise
from app.cli.audit import audit
from app.cli.backup import backup, restore
from app.cli.completion import completion
from app.cli.deletion import delete
from app.cli.operators import operator
from app.cli.queues import queue
from app.cli.runs import run, runs
from app.cli.schedule import schedule
from app.cli.stores import typed_database_errors
from app.cli.syncs import sync
from app.cli.topology import topology
from app.errors import ConfigurationError, FiscalError, InvalidInput, NotFound, TransientError


class _Sentences(click.Group):
    """Ends with the sentence of a typed error instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise  # a group without a command shows its help
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else ctx.command_path
            click.echo(f"{error.format_message().rstrip('.')}. See `{path} --help`.", err=True)
            ctx.exit(os.EX_USAGE)
        except FiscalError as error:
            click.echo(error.message, err=True)
            ctx.exit(_exit_status(error))


def _exit_status(error: FiscalError) -> int:
    if isinstance(error, ConfigurationError | InvalidInput | NotFound):
        return os.EX_USAGE
    return os.EX_TEMPFAIL if isinstance(error, TransientError) else 1


_EXIT_CODES = """\b
Exit codes: 0 done; 1 refused, or something is not as it should be; 64 what was
typed or set has to change; 75 a store is away, the same command may succeed later."""


@click.group(
    cls=_Sentences,
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def fiscal() -> None:
    """Commands of the fiscal bundle."""


for _command in (
    *(advise, audit, backup, completion, delete, operator, queue),
    *(restore, run, runs, schedule, sync, topology),
):
    fiscal.add_command(_command)


@fiscal.command()
@click.option(
    "--wait",
    "patience",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds to wait at most for Postgres to answer; then exit 75.",
)
def migrate(patience: float) -> None:
    """Bring the database to the newest schema; add what the code brings along as rows."""
    from app.infrastructure.db import schema

    url = _database_url()
    schema.wait_for_postgres(url, patience, lambda reason: click.echo(reason, err=True))
    added: list[str] = []
    with typed_database_errors():
        # The rows under the same lock: two migrations at once would both find it empty.
        revision = schema.migrate(url, seed=lambda: added.extend(_seed(url)))
    if revision != schema.head_revision():
        click.echo(
            f"schema: at {revision}, newer than this code's {schema.head_revision()}; left alone"
        )
        return
    click.echo(f"schema: at {revision}")
    click.echo(f"schedule: added {', '.join(added)}" if added else "schedule: nothing is missing")


def _seed(url: str) -> list[str]:
    """Adds what is missing; returns the names of the schedule's new entries."""
    from app.infrastructure.celery.beat import seed_schedule
    from app.infrastructure.db.session import session_scope
    from app.services.notification_seeds import seed_notification_templates
    from app.services.obligations import seed_event_templates

    with session_scope() as session:
        seed_event_templates(session)
        seed_notification_templates(session)  # after the obligations that they remind of
    return seed_schedule(url)


@fiscal.command("wait-for-schema")
@click.option("--timeout", default=300.0, show_default=True, help="Seconds to wait at most.")
@click.option("--database-url", envvar="DATABASE_URL", hidden=True)
def wait_for_schema(timeout: float, database_url: str | None) -> None:
    """Wait until the database is as new as this code; exit 75 when it never is."""
    from app.infrastructure.db.schema import wait_for_schema as wait

    # Reading settings costs more than all the rest; DATABASE_URL_FILE and production need them.
    url = _database_url() if _is_production() or not database_url else database_url
    if not wait(url, timeout, lambda reason: click.echo(reason, err=True)):
        click.echo(
            f"The database was not ready within {timeout:g} s; look at the `migrate` role's log.",
            err=True,
        )
        raise SystemExit(os.EX_TEMPFAIL)  # the same start may succeed later


@fiscal.command()
@click.argument("directory", type=click.Path(path_type=Path))
def secrets(directory: Path) -> None:
    """Write the secrets that DIRECTORY does not hold yet; never overwrite one."""
    from app.infrastructure.secrets import refuse_demo_secrets, write_secrets

    if _is_production():
        refuse_demo_secrets(directory)  # an operator brings them; nothing is invented here
        return
    for name in write_secrets(directory):
        click.echo(f"wrote {name}")


@fiscal.command()
def reencrypt() -> None:
    """Encrypt every stored clave with the first key of SECRET_KEYS; then the others may go."""
    from app import bootstrap
    from app.infrastructure.db.session import get_session_factory
    from app.services.key_rotation import reencrypt_credentials

    _database_url()
    with typed_database_errors():
        renewed, total = reencrypt_credentials(get_session_factory(), bootstrap.cipher())
    click.echo(f"encrypted {renewed} of {total} claves again; all are under the first key now")


@fiscal.command()
@click.option("--runs", default=15, show_default=True, help="How many of the last runs to show.")
@click.option("--watch", is_flag=True, help="Show it again each 2 s, until Ctrl-C.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON; a part that is not known is null."
)
def status(runs: int, watch: bool, as_json: bool) -> None:
    """Show queues, pauses, workers and the last runs; exit 1 where something does not answer."""
    from app.cli.status import show_status, watch_status
    from app.cli.status_json import print_status

    if watch and as_json:
        raise click.UsageError("--watch is for people, --json for programs; choose one.")
    if watch:
        watch_status(runs)
    raise SystemExit(0 if (print_status if as_json else show_status)(runs) else 1)


@fiscal.command()
@click.option(
    "--timeout",
    default=120.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds to wait at most, for all queues together.",
)
@click.argument("expected", nargs=-1, metavar="QUEUE=WORKER[,WORKER...]...")
def probe(expected: tuple[str, ...], timeout: float) -> None:
    """Send a harmless run through each QUEUE; exit 1 where none of its WORKERs ran it."""
    from app.cli.probe import probe_queues

    with typed_database_errors():
        as_expected = probe_queues(expected, timeout)
    raise SystemExit(0 if as_expected else 1)


@fiscal.command("hand-over")
@click.option(
    "--timeout",
    default=30.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Seconds to wait at most.",
)
def hand_over(timeout: float) -> None:
    """Wait, in a worker's container, until other workers consume its queues."""
    from app.cli.handover import hand_over as wait

    wait(timeout)


@fiscal.command()
def seed() -> None:
    """Store the simulator's companies and their logins; a second time it changes nothing."""
    from app.cli.demo import open_simulator
    from app.cli.demo import seed as seed_companies

    with typed_database_errors():
        companies = seed_companies(open_simulator())
    click.echo(f"seeded: {len(companies)} companies of the simulator are there")


@fiscal.command()
@click.option("--months", default=2, show_default=True, type=click.IntRange(1, 12))
def demo(months: int) -> None:
    """Sync the simulator's companies for real and compare the result with its truth."""
    from app.cli.demo import run_demo

    with typed_database_errors():
        as_seeded = run_demo(months)
    raise SystemExit(0 if as_seeded else 1)


def _is_production() -> bool:
    """Fails closed: a misspelt `production` must not be taken for a demo."""
    given = os.environ.get("FISCAL_ENVIRONMENT") or "demo"
    if given not in ("demo", "production"):
        raise ConfigurationError(
            "FISCAL_ENVIRONMENT is neither demo nor production; for example"
            " FISCAL_ENVIRONMENT=production."
        )
    return given == "production"


def _database_url() -> str:
    from app.settings import get_settings

    return get_settings().require("database_url")
