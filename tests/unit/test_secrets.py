"""The one-shot `secrets` service: makes what is missing, never writes over what is there."""

import os
import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet, MultiFernet

from app.errors import ConfigurationError
from app.infrastructure import secrets
from app.infrastructure.secrets import refuse_demo_secrets, write_secrets

READERS = {
    "redis": {"redis_password", "redis_url"},
    "postgres": {"postgres_password", "database_url"},
    "keys": {"secret_keys"},
    "api": {"api_keys"},
    "flower": {"flower_basic_auth"},
    "metrics": {"metrics_basic_auth"},
    "channels": {"whatsapp_access_token"},
    "webhooks": {"whatsapp_app_secret", "whatsapp_verify_token"},
}


def contents(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_the_first_call_writes_every_secret_into_the_directory_of_its_readers(
    tmp_path: Path,
) -> None:
    written = write_secrets(tmp_path)

    assert {
        group.name: {path.name for path in group.iterdir()} for group in tmp_path.iterdir()
    } == READERS
    assert set(written) == set(contents(tmp_path))


def test_the_second_call_writes_nothing_and_changes_nothing(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    before = contents(tmp_path)

    assert write_secrets(tmp_path) == []
    assert contents(tmp_path) == before


def test_two_machines_never_share_a_secret(tmp_path: Path) -> None:
    write_secrets(tmp_path / "a")
    write_secrets(tmp_path / "b")

    first, second = contents(tmp_path / "a"), contents(tmp_path / "b")
    assert [name for name in first if first[name] == second[name]] == []


def test_the_urls_carry_the_passwords_that_the_servers_read(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    made = {name: value.strip() for name, value in contents(tmp_path).items()}

    assert made["redis/redis_url"] == f"redis://:{made['redis/redis_password']}@redis:6379/0"
    assert made["postgres/database_url"] == (
        f"postgresql://fiscal:{made['postgres/postgres_password']}@postgres:5432/fiscal"
    )


def test_a_url_that_is_missing_is_made_of_the_password_that_is_there(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    password = (tmp_path / "postgres/postgres_password").read_text()
    (tmp_path / "postgres/database_url").unlink()

    assert write_secrets(tmp_path) == ["postgres/database_url"]
    assert (tmp_path / "postgres/postgres_password").read_text() == password
    assert f":{password.strip()}@" in (tmp_path / "postgres/database_url").read_text()


def test_the_key_encrypts_for_fernet_although_it_carries_the_mark(tmp_path: Path) -> None:
    write_secrets(tmp_path)
    key = (tmp_path / "keys/secret_keys").read_text().strip()

    assert key.startswith("demo-")
    fernet = MultiFernet([Fernet(key)])
    assert fernet.decrypt(fernet.encrypt(b"clave")) == b"clave"


def test_everything_that_is_made_carries_the_mark_that_production_refuses(tmp_path: Path) -> None:
    write_secrets(tmp_path)

    assert [name for name, value in contents(tmp_path).items() if "demo-" not in value] == []


def test_every_reader_of_the_volume_may_read_and_nobody_may_write(tmp_path: Path) -> None:
    write_secrets(tmp_path)

    modes = {path.stat().st_mode & 0o777 for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o444}


def test_a_writer_that_lost_the_race_keeps_the_other_one_s_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "keys" / "secret_keys"

    def make_while_another_writes() -> str:
        target.parent.mkdir(exist_ok=True)
        target.write_text("theirs")
        return "ours"

    monkeypatch.setattr(secrets, "_fernet_key", make_while_another_writes)

    assert "keys/secret_keys" not in write_secrets(tmp_path)
    assert target.read_text() == "theirs"
    assert [path.name for path in target.parent.iterdir()] == ["secret_keys"]


def test_a_crash_before_the_link_leaves_no_half_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    with monkeypatch.context() as context:
        context.setattr(os, "link", crash)
        with pytest.raises(ConfigurationError, match="No space left"):
            write_secrets(tmp_path)

    assert contents(tmp_path) == {}
    assert len(write_secrets(tmp_path)) == sum(map(len, READERS.values()))


def test_a_directory_that_cannot_be_made_is_named_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "redis").write_text("a file where a directory belongs")

    with pytest.raises(ConfigurationError) as caught:
        write_secrets(tmp_path)

    assert str(tmp_path / "redis") in caught.value.message
    assert "\n" not in caught.value.message


def test_an_empty_password_file_is_refused_instead_of_making_an_open_server(
    tmp_path: Path,
) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "redis/redis_password").write_text("\n")

    with pytest.raises(ConfigurationError, match="redis_password is empty"):
        write_secrets(tmp_path)


def production_secrets(directory: Path) -> dict[str, Path]:
    """Writes what an operator would bring and returns the files by name."""
    values = {
        "redis/redis_url": "rediss://:x7@redis.example:6380/0",
        "postgres/database_url": "postgresql://fiscal:x8@db.example:5432/fiscal",
        "keys/secret_keys": f"{Fernet.generate_key().decode()},{Fernet.generate_key().decode()}",
        "api/api_keys": "one-key,another-key",
        "flower/flower_basic_auth": "ana:x9",
        "metrics/metrics_basic_auth": "ana:x13",
        "channels/whatsapp_access_token": "EAAG-x10",
        "webhooks/whatsapp_app_secret": "x11",
        "webhooks/whatsapp_verify_token": "x12",
    }
    for name, value in values.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(value)
    return {name: directory / name for name in values}


def test_production_accepts_secrets_of_an_operator(tmp_path: Path) -> None:
    production_secrets(tmp_path)

    refuse_demo_secrets(tmp_path)


@pytest.mark.parametrize("group", READERS)
def test_production_refuses_a_demo_credential_of_any_group(tmp_path: Path, group: str) -> None:
    own = production_secrets(tmp_path / "own")
    write_secrets(tmp_path / "demo")
    name = next(name for name in own if name.startswith(group))
    demo = (tmp_path / "demo" / name).read_text()
    own[name].write_text(demo)

    with pytest.raises(ConfigurationError) as caught:
        refuse_demo_secrets(tmp_path / "own")

    assert re.findall(r"(\S+) is a demo credential", caught.value.message) == [name]
    assert "\n" not in caught.value.message
    assert "demo-" not in caught.value.message


def test_production_refuses_a_demo_key_that_stands_second_in_its_list(tmp_path: Path) -> None:
    own = production_secrets(tmp_path)
    own["api/api_keys"].write_text("one-key,demo-forgotten")

    with pytest.raises(ConfigurationError, match="api/api_keys is a demo credential"):
        refuse_demo_secrets(tmp_path)


def test_production_names_every_secret_that_is_missing_or_empty(tmp_path: Path) -> None:
    own = production_secrets(tmp_path)
    own["redis/redis_url"].unlink()
    own["keys/secret_keys"].write_text("")

    with pytest.raises(ConfigurationError) as caught:
        refuse_demo_secrets(tmp_path)

    assert "redis/redis_url is missing" in caught.value.message
    assert "keys/secret_keys is empty or unreadable" in caught.value.message
