"""Containers with and without Chrome, and an environment in which every role starts."""

from pathlib import Path

import pytest

from tests.entrypoint.container import Container

SECRET = "never-show-me"
FERNET_KEY = "A" * 43 + "="


@pytest.fixture
def selenium(tmp_path: Path) -> Container:
    return Container(tmp_path)


@pytest.fixture
def slim(tmp_path: Path) -> Container:
    return Container(tmp_path, chrome=False)


@pytest.fixture
def complete() -> dict[str, str]:
    """Returns what every role needs, with a password in each secret."""
    return {
        "DATABASE_URL": f"postgresql://fiscal:{SECRET}@postgres:5432/fiscal",
        "REDIS_URL": f"redis://:{SECRET}@redis:6379/0",
        "SECRET_KEYS": FERNET_KEY,
        "API_KEYS": f"key-{SECRET}",
        "FLOWER_BASIC_AUTH": f"ana:{SECRET}",
        "METRICS_BASIC_AUTH": f"ana:{SECRET}",
        "CELERY_QUEUES": "high,default",
        "CELERY_WORKER_NAME": "fast",
    }
