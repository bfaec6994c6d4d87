"""The simulator's own environment (`SIMULATOR_*`), read once at the start."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Settings:
    """How this simulator behaves; every field has a `SIMULATOR_<NAME>` variable.

    `today` fixes the date in America/Santiago; without it the real one counts.
    `public_url` is what links and redirects start with; empty means the request's own host.
    """

    seed: int = 7
    today: date | None = None
    public_url: str = ""
    latency_ms: int = 0  # before every answer of an outside service
    requests_per_second: float = 0.0  # more from one address is a violation; 0: any rate may be
    session_idle_seconds: float = 3600.0  # the portal tells users to wait one hour
    whatsapp_token: str = ""  # empty: the WhatsApp API refuses everybody
    mem0_api_key: str = ""  # empty: Mem0 refuses everybody
    webhook_url: str = ""  # where statuses of messages are reported; empty: nowhere
    webhook_secret: str = ""  # the app secret that signs them
    smtp_host: str = "0.0.0.0"
    smtp_port: int = 1025  # 0: any free port, see /__sim__/health

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read `SIMULATOR_*`; raises ValueError with the variable's name on a bad value."""
        given = {
            field.name: _convert(field.name, environment[name])
            for field in fields(cls)
            if environment.get(name := f"SIMULATOR_{field.name.upper()}")
        }
        for name in ("whatsapp_token", "webhook_secret"):
            if file := environment.get(f"SIMULATOR_{name.upper()}_FILE"):
                given[name] = Path(file).read_text(encoding="utf-8").strip()
        return cls(**given)


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "seed": int,
    "today": date.fromisoformat,
    "public_url": lambda text: text.rstrip("/"),
    "latency_ms": int,
    "requests_per_second": float,
    "session_idle_seconds": float,
    "smtp_port": int,
}


def _convert(name: str, text: str) -> Any:
    try:
        return _CONVERTERS.get(name, str)(text)
    except ValueError as error:
        raise ValueError(f"SIMULATOR_{name.upper()}={text!r}: {error}") from error
