"""The only reader of the environment. Names and roles: docs/operations.md.

Every value may come from `NAME` or, for secrets, from the file that `NAME_FILE` names.
"""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from app.errors import ConfigurationError

DEMO_MARK = "demo-"  # every credential that the one-shot `secrets` service invents carries it
_MARKED = re.compile(rf"(^|[:,])\s*{DEMO_MARK}")  # alone, in a URL, a list or user:password
_CREDENTIALS = (
    "database_url",
    "redis_url",
    "secret_keys",
    "api_keys",
    "flower_basic_auth",
    "metrics_basic_auth",
    "whatsapp_access_token",
    "mem0_api_key",
    "mem0_embedder_api_key",
    "whatsapp_app_secret",
    "whatsapp_verify_token",
)


class _FileSource(PydanticBaseSettingsSource):
    """Reads `NAME_FILE`, the convention of the official images."""

    def get_field_value(  # the interface passes the field, whose name is enough here
        self,
        field: FieldInfo,  # noqa: ARG002
        field_name: str,
    ) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{field_name.upper()}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as error:
            raise ConfigurationError(
                f"{field_name.upper()}_FILE names {path}, which cannot be read"
                f" ({error.strerror}); mount the file or set {field_name.upper()} instead."
            ) from error

    def __call__(self) -> dict[str, Any]:
        values = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in values.items() if value is not None}


class Settings(BaseSettings):
    """What the process was told. All times are seconds."""

    model_config = SettingsConfigDict(env_ignore_empty=True, frozen=True)

    fiscal_environment: Literal["demo", "production"] = "demo"
    database_url: SecretStr | None = None
    redis_url: SecretStr | None = None
    secret_keys: SecretStr | None = None  # Fernet keys by comma: the first encrypts, all decrypt
    api_keys: SecretStr | None = None  # by comma
    flower_basic_auth: SecretStr | None = None  # user:password, by comma; Flower reads it itself
    metrics_basic_auth: SecretStr | None = None  # the same, for /metrics

    # Days after which what has ended is deleted (services/retention.py).
    keep_runs_days: int = Field(90, ge=7)
    keep_notifications_days: int = Field(400, ge=90)  # their text and deliveries; not their keys
    keep_history_days: int = Field(1095, ge=90)  # of calendar events

    celery_queue_slots: str = ""  # "high:3,default:2"; lanes.py
    celery_soft_shutdown_seconds: int = 20

    sii_auth_url: str = "https://zeusr.sii.cl"
    sii_home_url: str = "https://misiir.sii.cl"
    sii_services_url: str = "https://www4.sii.cl"
    sii_receipts_url: str = "https://loa.sii.cl"  # boletas de honorarios
    # SII's page sends this literal where a reCAPTCHA token could stand (public scrapers).
    sii_recaptcha_token: str = "t-o-k-e-n-web"  # noqa: S105 (a placeholder, no secret)
    # More documents of one state than these do not come in one answer (docs/sii.md).
    sii_export_limit: int = Field(393, ge=0)
    # Politeness (docs/sii.md): of one session, and of all workers together; 0 turns each off.
    sii_min_request_interval: float = Field(1.5, ge=0)
    sii_requests_per_second: float = Field(1, ge=0)
    sii_request_burst: int = Field(1, ge=1)  # requests at once after a silence
    sii_max_browsers: int = Field(4, ge=0)
    sii_max_standstill: float = Field(3600, ge=0)
    sii_session_keep: float = Field(900, ge=0)  # s that a session is left open for a waiting run
    sii_outgoing_address: str = "all"  # a name: workers with one share the rate

    whatsapp_api_url: str = "https://graph.facebook.com"
    whatsapp_phone_number_id: str | None = None
    whatsapp_access_token: SecretStr | None = None
    whatsapp_app_secret: SecretStr | None = None  # Meta signs its webhooks with it
    whatsapp_verify_token: SecretStr | None = None  # what we told Meta to introduce itself with
    whatsapp_per_second: float | None = Field(80, gt=0)  # Meta's limit per phone number
    mail_per_second: float | None = Field(None, gt=0)
    smtp_url: SecretStr | None = None
    mail_from: str = "avisos@fiscal.example"

    whatsapp_sessions_path: Path | None = None

    # Where new PDFs of F29 go; what lies elsewhere is read as long as its settings are here.
    pdf_store: Literal["postgres", "directory", "s3"] = "postgres"
    pdf_store_directory: Path | None = None  # shared by the API and the workers
    pdf_store_s3_bucket: str | None = None
    pdf_store_s3_prefix: str = ""  # "f29/"
    pdf_store_s3_region: str | None = None
    pdf_store_s3_endpoint_url: str | None = None  # of anything with S3's protocol; else Amazon's
    pdf_store_s3_access_key_id: SecretStr | None = None  # without both, boto3's own chain
    pdf_store_s3_secret_access_key: SecretStr | None = None

    # Whether there are traces; the rest of OTEL_* OpenTelemetry reads by itself.
    otel_exporter_otlp_endpoint: str | None = None
    otel_exporter_otlp_traces_endpoint: str | None = None
    otel_traces_exporter: str = "otlp"
    otel_sdk_disabled: str = "false"

    mem0_api_key: SecretStr | None = None  # the hosted Mem0; without it, our Postgres
    mem0_host: str = "https://api.mem0.ai"
    mem0_embedder_url: str | None = None  # OpenAI's interface; without it, hashes of words
    mem0_embedder_model: str | None = None
    mem0_embedder_dims: int | None = Field(default=None, ge=1, le=16000)  # pgvector's most
    mem0_embedder_api_key: SecretStr | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FileSource(settings_cls)

    @field_validator("database_url")
    @classmethod
    def _use_psycopg(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        scheme, _, rest = value.get_secret_value().partition("://")
        if scheme not in ("postgresql", "postgresql+psycopg"):
            raise ValueError("write it like postgresql://user:password@host:5432/name")
        authority, *others = re.split(r"[/?]", rest)
        # With an @ more, or behind a slash, drivers take a piece of the password for the host and
        # show it in their errors.
        if authority.count("@") > 1 or any("@" in other for other in others):
            raise ValueError("write an @ or / in the password as %40 or %2F")
        return SecretStr(f"postgresql+psycopg://{rest}")

    @field_validator("redis_url")
    @classmethod
    def _refuse_unclear_trust(cls, value: SecretStr | None) -> SecretStr | None:
        query = parse_qs(value.get_secret_value().partition("?")[2] if value else "")
        # kombu takes a word that it does not know for `none`, and redis-py refuses it.
        if not set(query.get("ssl_cert_reqs", [])) <= {"required", "optional", "none"}:
            raise ValueError("write ssl_cert_reqs=required")
        for file in query.get("ssl_ca_certs", []):
            if not os.access(file, os.R_OK):
                raise ValueError(f"ssl_ca_certs names {file}, which cannot be read")
        return value

    @field_validator("pdf_store_directory")
    @classmethod
    def _refuse_relative(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_absolute():
            raise ValueError("write an absolute path")
        return value

    @field_validator("pdf_store_s3_bucket")
    @classmethod
    def _refuse_no_bucket(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", value):
            raise ValueError("write a bucket's name, 3 to 63 of a-z, 0-9, . and -")
        return value

    @field_validator(
        "pdf_store_s3_endpoint_url",
        "otel_exporter_otlp_endpoint",
        "otel_exporter_otlp_traces_endpoint",
    )
    @classmethod
    def _refuse_no_url(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^\s/@?#]+(/[^\s@?#]*)?", value):
            raise ValueError("write it like https://host.example:9000, without credentials")
        return value

    def require(self, name: str) -> str:
        """Returns the text of a setting that this role cannot do without.

        Raises ConfigurationError with one sentence where it is missing.
        """
        value = getattr(self, name)
        if value is None:
            raise ConfigurationError(
                f"{name.upper()} is not set; set it or {name.upper()}_FILE (docs/operations.md)."
            )
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Returns the settings of this process, read once.

    Raises ConfigurationError with one sentence, never a value, where one is malformed, or where
    production is given what only a demo may use.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = str(first["loc"][0]).upper()
        raise ConfigurationError(
            f"{name} is malformed: {first['msg']} (docs/operations.md)."
        ) from None
    refuse_half_a_pdf_store(settings)
    if settings.fiscal_environment == "production":
        refuse_demo_values(settings)
    return settings


def refuse_half_a_pdf_store(settings: Settings) -> None:
    """Returns when the store of PDFs has what it needs; raises ConfigurationError if not."""
    needed = {"directory": "pdf_store_directory", "s3": "pdf_store_s3_bucket"}
    name = needed.get(settings.pdf_store)
    if name and getattr(settings, name) is None:
        raise ConfigurationError(
            f"PDF_STORE is {settings.pdf_store}, and {name.upper()} is not set"
            " (docs/operations.md)."
        )
    keys = (settings.pdf_store_s3_access_key_id, settings.pdf_store_s3_secret_access_key)
    if (keys[0] is None) != (keys[1] is None):
        raise ConfigurationError(
            "PDF_STORE_S3_ACCESS_KEY_ID and PDF_STORE_S3_SECRET_ACCESS_KEY go together;"
            " set both, or neither for boto3's own chain (docs/operations.md)."
        )


def refuse_demo_values(settings: Settings) -> None:
    """Returns when production may start with these settings; raises ConfigurationError if not."""
    for name in _CREDENTIALS:
        secret = getattr(settings, name)
        if secret is not None and carries_demo_mark(secret.get_secret_value()):
            raise ConfigurationError(
                f"{name.upper()} holds a demo credential, and FISCAL_ENVIRONMENT is production;"
                " set one of your own."
            )
    for name in ("sii_auth_url", "sii_home_url", "sii_services_url", "sii_receipts_url"):
        url = urlsplit(getattr(settings, name))
        if url.scheme != "https" or not f".{url.hostname}".endswith(".sii.cl"):
            raise ConfigurationError(
                f"{name.upper()} is not an https address of sii.cl, and FISCAL_ENVIRONMENT is"
                " production; leave it unset for the real portal."
            )
    for name in ("whatsapp_api_url", "mem0_host"):
        if not getattr(settings, name).startswith("https://"):
            raise ConfigurationError(
                f"{name.upper()} is not https, and FISCAL_ENVIRONMENT is production;"
                " leave it unset for the real one."
            )


def carries_demo_mark(value: str) -> bool:
    """Returns whether a credential, or one of several in `value`, was invented for a demo."""
    return bool(_MARKED.search(value))
