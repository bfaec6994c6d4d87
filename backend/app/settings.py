"""The only reader of the environment. Names and roles: docs/operations.md.

Every value may come from `NAME` or, for secrets, from the file that `NAME_FILE` names.
"""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError, field_validator
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
    "whatsapp_access_token",
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

    celery_queue_slots: str = ""  # "high:3,default:2"; its strategy comes with the lanes
    celery_soft_shutdown_seconds: int = 20

    sii_auth_url: str = "https://zeusr.sii.cl"
    sii_home_url: str = "https://misiir.sii.cl"
    sii_services_url: str = "https://www4.sii.cl"
    # SII's page sends this literal where a reCAPTCHA token could stand (public scrapers).
    sii_recaptcha_token: str = "t-o-k-e-n-web"  # noqa: S105 (a placeholder, no secret)
    sii_min_request_interval: float = 1.5  # polite rate between facade calls (docs/sii.md)

    whatsapp_api_url: str = "https://graph.facebook.com"
    whatsapp_phone_number_id: str | None = None
    whatsapp_access_token: SecretStr | None = None
    smtp_url: SecretStr | None = None
    mail_from: str = "avisos@fiscal.example"

    whatsapp_sessions_path: Path | None = None

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
    if settings.fiscal_environment == "production":
        refuse_demo_values(settings)
    return settings


def refuse_demo_values(settings: Settings) -> None:
    """Returns when production may start with these settings; raises ConfigurationError if not."""
    for name in _CREDENTIALS:
        secret = getattr(settings, name)
        if secret is not None and carries_demo_mark(secret.get_secret_value()):
            raise ConfigurationError(
                f"{name.upper()} holds a demo credential, and FISCAL_ENVIRONMENT is production;"
                " set one of your own."
            )
    for name in ("sii_auth_url", "sii_home_url", "sii_services_url"):
        url = urlsplit(getattr(settings, name))
        if url.scheme != "https" or not f".{url.hostname}".endswith(".sii.cl"):
            raise ConfigurationError(
                f"{name.upper()} is not an https address of sii.cl, and FISCAL_ENVIRONMENT is"
                " production; leave it unset for the real portal."
            )
    if not settings.whatsapp_api_url.startswith("https://"):
        raise ConfigurationError(
            "WHATSAPP_API_URL is not https, and FISCAL_ENVIRONMENT is production;"
            " leave it unset for the real one."
        )


def carries_demo_mark(value: str) -> bool:
    """Returns whether a credential, or one of several in `value`, was invented for a demo."""
    return bool(_MARKED.search(value))
