"""What each role becomes, seen by the program that takes over the process."""

import os
from pathlib import Path

import pytest

from app.infrastructure.celery.topology import TOPOLOGIES, Worker
from tests.entrypoint.container import Container, Outcome

CELERY = ["celery", "-A", "app.infrastructure.celery", "--quiet"]
WAITED = ["fiscal", "wait-for-schema"]
WORKERS = [
    pytest.param(worker, id=f"{topology}-{worker.name}")
    for topology, workers in TOPOLOGIES.items()
    for worker in workers
]


def assert_became(outcome: Outcome, *calls: list[str]) -> None:
    """Asserts that exactly these programs ran and that the last one replaced the shell."""
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.calls == list(calls)
    assert outcome.kept_pid, "a child of the shell would never hear SIGTERM"


def worker_environment(worker: Worker) -> dict[str, str]:
    return {
        "CELERY_WORKER_NAME": worker.name,
        "CELERY_QUEUES": ",".join(worker.queues),
        "CELERY_CONCURRENCY": str(worker.concurrency),
        "CELERY_MAX_TASKS_PER_CHILD": str(worker.max_tasks_per_child),
        "CELERY_QUEUE_SLOTS": ",".join(f"{q}:{n}" for q, n in worker.slots.items()),
    }


def arguments(name: str, queues: str, concurrency: int, tasks: int, level: str) -> list[str]:
    return [
        *(*CELERY, "worker", "-Q", queues, "-n", f"{name}@%h"),
        *(f"--concurrency={concurrency}", f"--max-tasks-per-child={tasks}"),
        *(f"--loglevel={level}", "--without-gossip", "--without-mingle"),
    ]


@pytest.mark.parametrize("worker", WORKERS)
def test_every_declared_worker_starts(
    selenium: Container, complete: dict[str, str], worker: Worker
) -> None:
    outcome = selenium.start("worker", **complete | worker_environment(worker))

    queues = ",".join(worker.queues)
    tasks = worker.max_tasks_per_child
    expected = arguments(worker.name, queues, worker.concurrency, tasks, "info")
    assert_became(outcome, WAITED, expected)
    assert outcome.env["REMAP_SIGTERM"] == "SIGQUIT"


def test_a_worker_has_defaults(slim: Container, complete: dict[str, str]) -> None:
    outcome = slim.start("worker", **complete)

    assert_became(outcome, WAITED, arguments("fast", "high,default", 2, 50, "info"))


def test_a_worker_takes_the_log_level(slim: Container, complete: dict[str, str]) -> None:
    outcome = slim.start("worker", **complete, CELERY_LOG_LEVEL="WARNING")

    assert_became(outcome, WAITED, arguments("fast", "high,default", 2, 50, "WARNING"))


@pytest.mark.parametrize(
    "written", [" high , default ", "high default", "high,default,", "high,\tdefault\n"]
)
def test_space_around_queues_does_no_harm(
    slim: Container, complete: dict[str, str], written: str
) -> None:
    outcome = slim.start("worker", **complete | {"CELERY_QUEUES": written})

    call = outcome.calls[-1]
    assert call[call.index("-Q") + 1] == "high,default"
    assert outcome.env["CELERY_QUEUES"] == "high,default"


def test_slots_reach_the_application_without_spaces(
    slim: Container, complete: dict[str, str]
) -> None:
    outcome = slim.start("worker", **complete, CELERY_QUEUE_SLOTS=" high:2, default:1 ")

    assert outcome.env["CELERY_QUEUE_SLOTS"] == "high:2,default:1"


def test_the_api_listens_as_the_kernel_allows(slim: Container, complete: dict[str, str]) -> None:
    has_ipv6 = Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text()
    scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"

    outcome = slim.start("api", **complete, PORT="8123", WEB_CONCURRENCY="3")

    host = "[::]" if has_ipv6 else "0.0.0.0"
    served = ["gunicorn", "app.main:app", "-k", "uvicorn_worker.UvicornWorker"]
    tuned = ["--workers", "3", "--worker-tmp-dir", scratch, "--no-control-socket"]
    logged = ["--logger-class", "app.api.server_log.ServerLog"]
    assert_became(outcome, WAITED, [*served, "-b", f"{host}:8123", *tuned, *logged])


def test_the_api_has_defaults(slim: Container, complete: dict[str, str]) -> None:
    call = slim.start("api", **complete).calls[-1]

    assert call[call.index("-b") + 1].endswith(":8000")
    assert call[call.index("--workers") + 1] == "2"


def test_beat_keeps_no_pidfile(slim: Container, complete: dict[str, str]) -> None:
    outcome = slim.start("beat", **complete)

    assert_became(outcome, WAITED, [*CELERY, "beat", "--pidfile=", "--loglevel=info"])


def test_flower_gets_its_password_by_environment_only(
    slim: Container, complete: dict[str, str]
) -> None:
    outcome = slim.start("flower", **complete)

    assert_became(outcome, ["recorded-python", "-m", "app.infrastructure.celery.flower"])
    assert outcome.env["FLOWER_BASIC_AUTH"] == complete["FLOWER_BASIC_AUTH"]
    assert outcome.env["FLOWER_PORT"] == "5555"
    assert outcome.env["FLOWER_URL_PREFIX"] == "flower"
    assert outcome.env["FLOWER_READ_ONLY"] == "true"
    assert "FLOWER_ADDRESS" not in outcome.env, "left empty: both address families"


def test_flower_needs_neither_database_nor_keys(slim: Container, complete: dict[str, str]) -> None:
    needed = {name: complete[name] for name in ("REDIS_URL", "FLOWER_BASIC_AUTH")}

    assert slim.start("flower", **needed, PORT="7000").env["FLOWER_PORT"] == "7000"


def test_metrics_listen_as_the_kernel_allows_and_wait_for_no_schema(
    slim: Container, complete: dict[str, str]
) -> None:
    has_ipv6 = Path("/proc/net/if_inet6").exists() and Path("/proc/net/if_inet6").read_text()
    needed = {name: complete[name] for name in ("DATABASE_URL", "REDIS_URL", "METRICS_BASIC_AUTH")}

    for given, port in (({}, "9464"), ({"PORT": "7000"}, "7000")):
        outcome = slim.start("metrics", **needed, **given)

        host = "[::]" if has_ipv6 else "0.0.0.0"
        assert_became(outcome, ["recorded-python", "-m", "app.metrics", f"{host}:{port}"])


def test_migrate_needs_only_the_database(slim: Container, complete: dict[str, str]) -> None:
    outcome = slim.start("migrate", DATABASE_URL=complete["DATABASE_URL"])

    assert_became(outcome, ["fiscal", "migrate"])


def test_secrets_writes_to_the_named_directory(slim: Container) -> None:
    outcome = slim.start("secrets", "/run/fiscal/secrets")

    assert_became(outcome, ["fiscal", "secrets", "/run/fiscal/secrets"])


def test_the_simulator_starts_where_its_image_has_it(slim: Container) -> None:
    (slim.home / "simulator").mkdir()
    (slim.home / "simulator" / "__init__.py").touch()

    outcome = slim.start("simulator")

    address = ["--host", "0.0.0.0", "--port", "8080", "--timeout-graceful-shutdown", "3"]
    assert_became(outcome, ["uvicorn", "simulator.main:app", *address])


@pytest.mark.parametrize("role", ["api", "beat", "flower", "metrics", "migrate"])
def test_only_workers_remap_sigterm(slim: Container, complete: dict[str, str], role: str) -> None:
    assert "REMAP_SIGTERM" not in slim.start(role, **complete).env


@pytest.mark.parametrize("role", ["api", "worker", "beat"])
def test_a_missing_schema_ends_the_container(
    slim: Container, complete: dict[str, str], role: str
) -> None:
    (slim.home / "schema-is-missing").touch()

    outcome = slim.start(role, **complete)

    assert outcome.code == 75
    assert outcome.stderr == "The schema is not there.\n"
    assert outcome.calls == [WAITED]


def test_another_command_runs_as_it_is(slim: Container) -> None:
    outcome = slim.start("fiscal", "status", "two words", REDIS_URL="not even a URL")

    assert_became(outcome, ["fiscal", "status", "two words"])
    assert outcome.env["REDIS_URL"] == "not even a URL"


def test_the_exit_code_of_another_command_is_kept(slim: Container) -> None:
    assert slim.start("bash", "-c", "exit 7").code == 7
