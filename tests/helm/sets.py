"""The sets of values that the tests ask about, each by a name."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.helm.chart import all_on

DEMO = {"demo": {"enabled": True}}
BACKUP = {"backup": {"enabled": True}}
STORES = {
    "redis": {"externalUrl": "rediss://:explicit-redis-url@redis.example:6390/0"},
    "postgres": {"externalUrl": "postgresql://fiscal:explicit-postgres-url@db.example:5433/fiscal"},
}
OURS = {
    "secrets": {"existingSecret": "our-secrets"},
    "redis": {"existingSecret": "our-redis"},
    "postgres": {"existingSecret": "our-postgres"},
}
NO_SECRETS = dict.fromkeys(
    ("secretKeys", "apiKeys", "flowerBasicAuth", "metricsBasicAuth", "redisPassword",
     "postgresPassword", "whatsappAccessToken", "whatsappAppSecret", "whatsappVerifyToken",
     "smtpUrl", "mem0ApiKey", "mem0EmbedderApiKey", "pdfAccessKeyId", "pdfSecretAccessKey",
     "backupPassphrase"),
    "",
)  # fmt: skip


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the layers as Helm merges values: maps by key, everything else by the last one."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, dict) and isinstance(result.get(key), dict)
            result[key] = merged(result[key], value) if both else deepcopy(value)
    return result


def by_hand() -> dict[str, Any]:
    """Returns everything switched on, but as many workers as `replicas` says instead of KEDA."""
    values = deepcopy(all_on())
    values["topologies"]["mine"][0]["autoscaling"]["enabled"] = False
    return values


EVERYTHING = {
    "demo": all_on(),
    "by hand": by_hand(),
    "production": merged(all_on(), {"demo": {"enabled": False}}),
    "external": merged(all_on(), {"demo": {"enabled": False}}, STORES),
    "existing": merged(all_on(), {"demo": {"enabled": False}, "secrets": NO_SECRETS}, OURS),
}
EVERY = {
    **{name: {"topology": name} for name in TOPOLOGIES},
    **{f"{name}, demo": {"topology": name, **DEMO} for name in TOPOLOGIES},
    "backups": BACKUP,
    "stores outside": STORES,
    "secrets of ours": OURS,
    **{f"all on, {name}": values for name, values in EVERYTHING.items()},
}
every_set = pytest.mark.parametrize("values", EVERY.values(), ids=EVERY)
each_topology = pytest.mark.parametrize("topology", TOPOLOGIES)
