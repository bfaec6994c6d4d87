"""What an operator types, and the exact sentences that come back."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
import redis
from click.testing import CliRunner, Result

from app.cli import fiscal
from app.infrastructure.celery.beat import seed_schedule
from app.infrastructure.celery.queues import RedisQueues
from app.infrastructure.celery.topology import TOPOLOGIES
from app.infrastructure.celery.vitals import Usage, Vitals, say_vitals
from app.infrastructure.db.models import Company, Run, SiiCredential
from app.infrastructure.db.session import session_scope
from tests.conftest import ROOT, forget_engine
from tests.unit.celery.worker_process import publishing_app
from tests.unit.test_cli import NOBODY

Type = Callable[..., Result]


def type_as_ana(*words: str) -> Result:
    environment = {"FISCAL_OPERATOR": "ana", "COLUMNS": "250"}
    return CliRunner().invoke(fiscal, words, prog_name="fiscal", env=environment)


@pytest.fixture
def command(database_url: str, redis_url: str) -> Type:
    """Runs `fiscal` with these words, as somebody named ana."""
    publishing_app(redis_url)
    return type_as_ana


def add_run(**values: object) -> UUID:
    described = {"task": "system.probe", "queue": "default", "kwargs": {}, "state": "failed"}
    run = Run(id=uuid4(), **described | values)
    run.root_id = run.id
    with session_scope() as session:
        session.add(run)
    return run.id


def add_company() -> UUID:
    company = Company(rut="76543210-3", business_name="Panadería Inventada SpA")
    company.credential = SiiCredential(login_rut="76543210-3", secret="x")
    with session_scope() as session:
        session.add(company)
    return company.id


def test_a_queue_is_paused_shown_and_resumed(command: Type) -> None:
    done = command("queue", "pause", "low", "--reason", "SII asks [quiet]")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "queue low is paused: workers stop taking its runs within 5 s\n"
    again = command("queue", "pause", "low")
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr == "Queue low is paused already; nothing was changed.\n"

    shown = command("status")
    assert shown.exit_code == 0
    assert "Queue low is paused since" in shown.stdout
    assert "by ana: SII asks [quiet]; its runs wait." in shown.stdout
    (pause,) = json.loads(command("status", "--json").stdout)["pauses"]
    assert (pause["queue"], pause["by"], pause["reason"]) == ("low", "ana", "SII asks [quiet]")

    assert command("queue", "resume", "low").stdout == "queue low flows again within 5 s\n"
    audit = command("audit").stdout
    assert "queue.pause" in audit
    assert "queue.resume" in audit


def test_a_watch_shows_it_again_until_ctrl_c(database_url: str, redis_url: str) -> None:
    command = [sys.executable, "-m", "app.cli", "status", "--watch"]
    process = subprocess.Popen(
        command, cwd=ROOT / "backend", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    seen = ""
    while seen.count("Last runs") < 2:
        seen += process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_a_failed_run_is_found_shown_retried_and_cancelled(
    command: Type, client: redis.Redis
) -> None:
    failed = add_run(
        error_code="sii_unavailable", error_kind="transient", error_message="No answer.", attempts=4
    )
    add_run(state="succeeded")
    page = json.loads(command("runs", "--state", "failed", "--queue", "default", "--json").stdout)
    assert [run["id"] for run in page["items"]] == [str(failed)]
    assert str(failed) in command("runs", "--task", "system.probe").stdout
    shown = command("run", "show", str(failed)).stdout
    for fact in ("4 (0 retries, 0 deaths", "sii_unavailable (transient)", "No answer."):
        assert fact in shown
    assert json.loads(command("run", "show", str(failed), "--json").stdout)["attempts"] == 4

    done = command("run", "retry", str(failed))
    again = done.stdout.split(" ")[1]
    assert (done.stdout, done.exit_code) == (f"run {again} is queued in default\n", 0)
    assert RedisQueues(client).run_ids() == {UUID(again)}
    twice = command("run", "retry", str(failed))
    assert (twice.exit_code, twice.stdout) == (1, "")
    assert twice.stderr == f"Run {again} stands for it already; it is queued.\n"

    assert command("run", "cancel", again).stdout == f"run {again} is cancelled\n"
    twice = command("run", "cancel", again)
    assert (twice.exit_code, twice.stdout) == (1, "")
    assert twice.stderr == f"Run {again} has ended already; it is revoked.\n"
    syncing = str(add_run(state="running", task="sii.sync_documents"))
    stops = f"run {syncing} stops at its next checkpoint\n"
    assert command("run", "cancel", syncing).stdout == stops
    assert "running, stops at its next checkpoint" in command("run", "show", syncing).stdout


def test_an_entry_of_the_schedule_runs_now(command: Type, database_url: str) -> None:
    seed_schedule(database_url)
    listed = command("schedule")
    for shown in ("every 0:05:00", " 30 7 13-28 * * "):
        assert shown in listed.stdout
    entries = json.loads(command("schedule", "list", "--json").stdout)
    assert len(entries) == 11
    done = command("schedule", "run", "old sessions")
    run_id = done.stdout.split(" ")[1]
    said = f"run {run_id} of 'whatsapp: old sessions' is queued in default\n"
    assert (done.exit_code, done.stdout) == (0, said)
    twice = command("schedule", "run", "whatsapp.cleanup_old_sessions")
    assert twice.exit_code == 1
    assert twice.stderr == f"Run {run_id} of this entry has not ended; it is queued.\n"
    fits = command("schedule", "run", "sii.sync_f29_all_companies")
    assert fits.exit_code == 64
    assert fits.stderr.startswith("'sii.sync_f29_all_companies' fits 2 entries: sii: F29 of all")


@pytest.mark.parametrize("by", ["id", "rut"])
def test_a_company_is_synced_by_its_id_or_its_rut(command: Type, by: str) -> None:
    company = add_company()
    named = str(company) if by == "id" else "76.543.210-3"
    done = command("sync", named, "--months", "2")
    run_id = done.stdout.split(" ")[1]
    assert (done.exit_code, done.stdout) == (0, f"run {run_id} is queued\n")
    again = command("sync", named, "--months", "2")
    assert again.stdout == f"run {run_id} is queued: it was asked for before\n"
    audit = command("audit").stdout
    assert audit.count("sync.start") == 1
    assert "76543210" not in audit


@pytest.mark.parametrize(
    ("alive", "status", "sentence"),
    [
        (["fast", "slow"], 0, "Topology two is whole."),
        (["fast"], 1, "No topology is whole; some of its workers are missing."),
        (["all", "fast", "slow"], 1, "  to be left with topology two: stop all"),
    ],
    ids=["whole", "part", "mixed"],
)
def test_the_living_layout_is_named(
    command: Type, client: redis.Redis, alive: list[str], status: int, sentence: str
) -> None:
    known = {worker.name: worker for members in TOPOLOGIES.values() for worker in members}
    for name in alive:
        worker, node = known[name], f"{name}@test"
        client.sadd("nodes", node)
        usage = Usage({}, {}, 0)
        say_vitals(client, Vitals(node, worker.queues, worker.concurrency, worker.slots, {}, usage))
    done = command("topology")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (status, sentence)
    plain = json.loads(command("topology", "--json").stdout)
    assert [each["node"] for each in plain["workers"]] == sorted(f"{name}@test" for name in alive)


def test_a_store_that_is_away_is_75(command: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.settings import get_settings

    monkeypatch.setenv("REDIS_URL", f"redis://{NOBODY}/0")
    monkeypatch.setenv("DATABASE_URL", f"postgresql+psycopg://fiscal:hush@{NOBODY}/fiscal")
    get_settings.cache_clear()
    forget_engine()
    for words in ("queue pause low", "runs", "schedule", "topology"):
        done = command(*words.split())
        assert (done.exit_code, done.stdout) == (75, ""), done.output
        assert len(done.stderr.splitlines()) == 1
        assert "does not answer" in done.stderr
        assert "hush" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands(command: Type, shell: str) -> None:
    done = command("completion", shell)
    assert done.exit_code == 0
    assert "_FISCAL_COMPLETE" in done.stdout


def test_the_help_says_what_the_exit_codes_mean(command: Type) -> None:
    text = command("--help").stdout
    for code in ("64 what was", "75 a store is away"):
        assert code in text
