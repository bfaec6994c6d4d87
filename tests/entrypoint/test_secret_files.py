"""Each secret may come from the file that `<NAME>_FILE` names, like in the official images."""

from pathlib import Path

import pytest

from tests.entrypoint.conftest import SECRET
from tests.entrypoint.container import Container, assert_refused

NAMES = [
    *("DATABASE_URL", "REDIS_URL", "SECRET_KEYS", "API_KEYS", "FLOWER_BASIC_AUTH"),
    "METRICS_BASIC_AUTH",
    *("WHATSAPP_ACCESS_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"),
    *("WHATSAPP_SESSIONS_URL", "SMTP_URL", "MEM0_API_KEY", "MEM0_EMBEDDER_API_KEY"),
    *("PDF_STORE_S3_ACCESS_KEY_ID", "PDF_STORE_S3_SECRET_ACCESS_KEY"),
    "OTEL_EXPORTER_OTLP_HEADERS",
]


def role_of(name: str) -> str:
    closed = {"FLOWER_BASIC_AUTH": "flower", "METRICS_BASIC_AUTH": "metrics"}
    return closed.get(name, "api")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_stands_in_for_the_variable(
    slim: Container, complete: dict[str, str], tmp_path: Path, name: str
) -> None:
    file = tmp_path / "secret"
    value = complete.pop(name, f"token-{SECRET}")
    file.write_text(f"{value}\n")

    outcome = slim.start(role_of(name), **complete, **{f"{name}_FILE": str(file)})

    assert outcome.code == 0, outcome.stderr
    assert outcome.env[name] == value
    assert f"{name}_FILE" not in outcome.env, "the application would find two sources"


def test_the_schema_is_awaited_with_the_secret_of_the_file(
    slim: Container, complete: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "database_url"
    file.write_text(complete.pop("DATABASE_URL"))
    (tmp_path / "schema-is-missing").touch()

    outcome = slim.start("beat", **complete, DATABASE_URL_FILE=str(file))

    assert outcome.calls == [["fiscal", "wait-for-schema"]]
    assert SECRET in outcome.env["DATABASE_URL"]


@pytest.mark.parametrize("name", NAMES)
def test_variable_and_file_together_are_refused(
    slim: Container, complete: dict[str, str], tmp_path: Path, name: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET)
    both = {name: complete.get(name, SECRET), f"{name}_FILE": str(file)}

    outcome = slim.start(role_of(name), **complete | both)

    assert_refused(outcome, f"{name} and {name}_FILE are both set")
    assert SECRET not in outcome.stderr


def test_an_empty_variable_beside_the_file_is_no_second_source(
    slim: Container, complete: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(complete["REDIS_URL"])

    outcome = slim.start("beat", **complete | {"REDIS_URL": "", "REDIS_URL_FILE": str(file)})

    assert outcome.env["REDIS_URL"] == complete["REDIS_URL"]


@pytest.mark.parametrize("content", ["", "\n", "  \n\t\n"])
def test_an_empty_file_is_refused(
    slim: Container, complete: dict[str, str], tmp_path: Path, content: str
) -> None:
    file = tmp_path / "secret"
    file.write_text(content)
    del complete["REDIS_URL"]

    outcome = slim.start("worker", **complete, REDIS_URL_FILE=str(file))

    assert_refused(outcome, f"REDIS_URL_FILE is '{file}', which is empty")


@pytest.mark.parametrize("path", ["/no/such/file", "/", "-"])
def test_a_path_that_is_no_file_is_refused(
    slim: Container, complete: dict[str, str], path: str
) -> None:
    del complete["REDIS_URL"]

    outcome = slim.start("worker", **complete, REDIS_URL_FILE=path)

    assert_refused(outcome, f"REDIS_URL_FILE is '{path}'", "cannot read")


def test_a_malformed_secret_in_a_file_is_refused_without_showing_it(
    slim: Container, complete: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(f"redis://:{SECRET}@redis:6379/0\r\nredis://:{SECRET}@other\n")
    del complete["REDIS_URL"]

    outcome = slim.start("worker", **complete, REDIS_URL_FILE=str(file))

    assert_refused(outcome, "REDIS_URL is malformed")
    assert SECRET not in outcome.stderr


def test_a_missing_secret_names_both_ways_to_give_it(slim: Container) -> None:
    assert_refused(slim.start("migrate"), "set DATABASE_URL or DATABASE_URL_FILE")


def test_other_commands_and_the_writer_of_secrets_read_no_files(slim: Container) -> None:
    for words in (("fiscal", "status"), ("secrets", "/run/fiscal/secrets")):
        outcome = slim.start(*words, REDIS_URL_FILE="/not/written/yet")

        assert outcome.code == 0
        assert outcome.env["REDIS_URL_FILE"] == "/not/written/yet"
