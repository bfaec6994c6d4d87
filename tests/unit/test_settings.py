"""Settings come from the environment or from files, and production refuses what a demo may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.errors import ConfigurationError
from app.settings import Settings, get_settings

OWN = {
    "FISCAL_ENVIRONMENT": "production",
    "DATABASE_URL": "postgresql://fiscal:own@db:5432/fiscal",
    "REDIS_URL": "redis://:own@redis:6379/0",
    "SECRET_KEYS": Fernet.generate_key().decode(),
    "API_KEYS": "own,another",
    "WHATSAPP_ACCESS_TOKEN": "own",
}


@pytest.fixture(autouse=True)
def _fresh_settings() -> Iterator[None]:
    yield
    get_settings.cache_clear()


def settings_of(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    return get_settings()


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "url").write_text("redis://:pa55@redis:6379/0\n")
    settings = settings_of(monkeypatch, REDIS_URL_FILE=str(tmp_path / "url"))
    assert settings.require("redis_url") == "redis://:pa55@redis:6379/0"


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="REDIS_URL_FILE names /nowhere"):
        settings_of(monkeypatch, REDIS_URL_FILE="/nowhere")


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="SECRET_KEYS is not set"):
        settings_of(monkeypatch).require("secret_keys")


def test_a_malformed_setting_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="FISCAL_ENVIRONMENT is malformed") as caught:
        settings_of(monkeypatch, FISCAL_ENVIRONMENT="hunter2")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hunter2@db/fiscal",
        "postgresql://u:hun@ter2@db/fiscal",
        "postgresql://u:hun/ter2@db/fiscal",
        "postgresql://u:hun?ter2@db/fiscal",
    ],
)
def test_a_database_url_that_drivers_would_quote_in_pieces_is_refused_without_them(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    with pytest.raises(ConfigurationError, match="DATABASE_URL is malformed") as caught:
        settings_of(monkeypatch, DATABASE_URL=url)
    assert "ter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("ssl_cert_reqs=Required", "write ssl_cert_reqs=required"),  # kombu would trust anybody
        ("ssl_cert_reqs=required&ssl_ca_certs=/nowhere", "ssl_ca_certs names /nowhere"),
    ],
)
def test_a_redis_url_that_does_not_say_whom_to_trust_is_refused(
    monkeypatch: pytest.MonkeyPatch, query: str, reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason) as caught:
        settings_of(monkeypatch, REDIS_URL=f"rediss://:hunter2@redis:6379/0?{query}")
    assert "hunter2" not in str(caught.value)


def test_a_password_may_hold_what_is_written_in_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://u:hun%40t%2Fer2@db:5432/fiscal?sslmode=require"
    settings = settings_of(monkeypatch, DATABASE_URL=url)
    assert settings.require("database_url") == url.replace("postgresql:", "postgresql+psycopg:")


def test_no_secret_shows_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = repr(settings_of(monkeypatch, DATABASE_URL="postgresql://u:hunter2@db/fiscal"))
    assert "hunter2" not in shown


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"PDF_STORE": "ftp"}, "PDF_STORE is malformed: Input should be 'postgres', 'directory'"),
        ({"PDF_STORE": "directory"}, "PDF_STORE is directory, and PDF_STORE_DIRECTORY is not set"),
        ({"PDF_STORE": "s3"}, "PDF_STORE is s3, and PDF_STORE_S3_BUCKET is not set"),
        ({"PDF_STORE_DIRECTORY": "pdfs"}, "PDF_STORE_DIRECTORY is malformed: .*an absolute path"),
        ({"PDF_STORE_S3_BUCKET": "No Bucket"}, "PDF_STORE_S3_BUCKET is malformed: .*a bucket's"),
        (
            {"PDF_STORE_S3_ENDPOINT_URL": "https://u:hunter2@s3.example"},
            "PDF_STORE_S3_ENDPOINT_URL is malformed: .*without credentials",
        ),
        ({"PDF_STORE_S3_SECRET_ACCESS_KEY": "hunter2"}, "SECRET_ACCESS_KEY go together"),
    ],
)
def test_half_a_store_of_pdfs_is_refused_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        settings_of(monkeypatch, **given)
    assert "hunter2" not in str(caught.value)


def test_production_starts_on_credentials_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings_of(monkeypatch, **OWN).fiscal_environment == "production"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgresql://fiscal:demo-x@db:5432/fiscal"),
        ("REDIS_URL", "redis://:demo-x@redis:6379/0"),
        pytest.param(
            "SECRET_KEYS", f"{OWN['SECRET_KEYS']},demo-{OWN['SECRET_KEYS'][5:]}", id="SECRET_KEYS"
        ),
        ("API_KEYS", "own,demo-x"),
        ("WHATSAPP_ACCESS_TOKEN", "demo-x"),
        ("SII_AUTH_URL", "http://simulator:8080/zeusr"),
        ("SII_HOME_URL", "https://misiir.sii.cl.example"),
        ("SII_SERVICES_URL", "http://www4.sii.cl"),
        ("SII_RECEIPTS_URL", "https://sii.cl.example"),
        ("WHATSAPP_API_URL", "http://simulator:8080/whatsapp"),
    ],
)
def test_production_refuses_what_a_demo_may_use(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        settings_of(monkeypatch, **OWN | {name: value})
    assert "demo-x" not in str(caught.value)
    monkeypatch.setenv("FISCAL_ENVIRONMENT", "demo")
    assert settings_of(monkeypatch).fiscal_environment == "demo"
