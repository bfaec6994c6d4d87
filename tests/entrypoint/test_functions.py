"""The script's functions, sourced one by one; and what it shares with the application."""

from pathlib import Path

import pytest

from app.infrastructure.celery.topology import QUEUES
from tests.entrypoint.container import SCRIPT, Container, assert_refused


def test_sourcing_starts_nothing_and_says_nothing(slim: Container) -> None:
    outcome = slim.source("echo sourced")

    assert (outcome.code, outcome.stdout, outcome.stderr) == (0, "sourced\n", "")
    assert outcome.calls == []


def test_the_script_knows_the_queues_of_the_topology(slim: Container) -> None:
    chrome = [queue.name for queue in QUEUES.values() if queue.needs_chrome]

    said = slim.source('echo "$QUEUES"; echo "$CHROME_QUEUES"').stdout

    assert said == f"{', '.join(QUEUES)}\n{', '.join(chrome)}\n"


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("high", ["high"]),
        ("high,default,low", ["high", "default", "low"]),
        ("  high ,\n default ", ["high", "default"]),
        ("high,,low", ["high", "", "low"]),
        ("*", ["*"]),
        ("", []),
    ],
)
def test_a_list_is_split(slim: Container, written: str, parts: list[str]) -> None:
    show = r"""printf '<%s>' "${PARTS[@]}"; echo "$LIST" """
    outcome = slim.source(f"split_list LIST; {show}", LIST=written)

    shown = "".join(f"<{part}>" for part in parts) or "<>"
    assert outcome.stdout == f"{shown}{','.join(parts)}\n"


@pytest.mark.parametrize(
    ("table", "host"),
    [
        ("00000000000000000000000000000001 01 80 10 80 lo\n", "[::]"),
        ("", "0.0.0.0"),  # IPv6 built in and switched off
        (None, "0.0.0.0"),  # no IPv6 in the kernel
    ],
)
def test_the_api_binds_ipv6_only_where_there_is_some(
    slim: Container, tmp_path: Path, table: str | None, host: str
) -> None:
    file = tmp_path / "if_inet6"
    if table is not None:
        file.write_text(table)

    assert slim.source(f"listen_host {file}").stdout == f"{host}\n"


@pytest.mark.parametrize("port", ["1", "80", "8000", "9999", "10000", "60000", "65499", "65535"])
def test_every_port_is_accepted(slim: Container, port: str) -> None:
    assert slim.source("check optional PORT", PORT=port).code == 0


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical", "INFO"])
def test_every_log_level_is_accepted(slim: Container, level: str) -> None:
    assert slim.source("check optional CELERY_LOG_LEVEL", CELERY_LOG_LEVEL=level).code == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql+psycopg://u:p%40ss@[fd00::1]:5432/fiscal?sslmode=require"),
        ("DATABASE_URL", "postgresql:///fiscal?host=/run/postgresql"),
        ("REDIS_URL", "rediss://user:pass@host:6380/1?ssl_cert_reqs=required"),
        ("REDIS_URL", "redis://redis"),
        ("SECRET_KEYS", "A" * 43 + "=," + "-_9z" * 10 + "abc="),
        ("FLOWER_BASIC_AUTH", "ana:p;a$s|s,eva:other"),
        ("CELERY_WORKER_NAME", "all-2"),
    ],
)
def test_unusual_but_sound_values_are_accepted(slim: Container, name: str, value: str) -> None:
    outcome = slim.source(f"check required {name}; echo fine", **{name: value})

    assert outcome.stdout == "fine\n"


@pytest.mark.parametrize(
    ("slots", "concurrency"),
    [("high:2", ""), ("high:2,default:2", "2"), ("default:7", "7"), ("", "1")],
)
def test_slots_up_to_the_concurrency_are_accepted(
    slim: Container, slots: str, concurrency: str
) -> None:
    environment = {"CELERY_QUEUES": "high,default", "CELERY_CONCURRENCY": concurrency}

    assert slim.source("check_slots", **environment, CELERY_QUEUE_SLOTS=slots).code == 0


def test_a_refusal_ends_the_script(slim: Container) -> None:
    assert_refused(slim.source("refuse 'No, for example.'; echo still here"), "No, for example.")


def test_the_script_stays_short_enough_to_read() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= 153
