"""Where secrets are, and where they are not."""

import base64
import json
import re

import pytest
import yaml

from tests.helm.chart import Object, notes, refusal, render, render_afresh
from tests.helm.pods import Pod, by_role, pods, workers
from tests.helm.sets import DEMO, EVERYTHING, OURS, STORES, every_set

SECRETS = {"SECRET_KEYS", "API_KEYS", "FLOWER_BASIC_AUTH", "METRICS_BASIC_AUTH",
           "POSTGRES_PASSWORD", "REDIS_PASSWORD", "REDISCLI_AUTH", "WHATSAPP_ACCESS_TOKEN",
           "SIMULATOR_WHATSAPP_TOKEN", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN",
           "SIMULATOR_WEBHOOK_SECRET", "MEM0_API_KEY", "MEM0_EMBEDDER_API_KEY",
           "PDF_STORE_S3_ACCESS_KEY_ID", "PDF_STORE_S3_SECRET_ACCESS_KEY"}  # fmt: skip
STORE_PASSWORDS = {"POSTGRES_PASSWORD", "REDIS_PASSWORD"}
PDFS = {"PDF_STORE_S3_ACCESS_KEY_ID", "PDF_STORE_S3_SECRET_ACCESS_KEY"}
READS = {
    "api": STORE_PASSWORDS
    | {"SECRET_KEYS", "API_KEYS", "WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"}
    | PDFS,
    "worker": STORE_PASSWORDS
    | PDFS
    | {"SECRET_KEYS", "WHATSAPP_ACCESS_TOKEN", "SMTP_URL"}
    | {"MEM0_API_KEY", "MEM0_EMBEDDER_API_KEY"},
    "beat": STORE_PASSWORDS,
    "flower": {"REDIS_PASSWORD", "FLOWER_BASIC_AUTH"},
    "metrics": STORE_PASSWORDS | {"METRICS_BASIC_AUTH"},
    "migrate": {"POSTGRES_PASSWORD"},
    "test": STORE_PASSWORDS,
    "backup": {"POSTGRES_PASSWORD", "SECRET_KEYS"},  # and its passphrase, as a file
    "postgres": {"POSTGRES_PASSWORD"},
    "redis": {"REDISCLI_AUTH"},
}


def data_of(objects: list[Object]) -> dict[str, str]:
    """Returns what the release's Secret holds; nothing where it makes none."""
    return {
        key: base64.b64decode(value).decode()
        for thing in objects
        if thing["kind"] == "Secret"
        for key, value in thing["data"].items()
    }


def read_by(pod: Pod, needed_only: bool = False) -> dict[str, str]:
    """Returns the variables that a pod takes out of a Secret, as name to secret/key."""
    return {
        entry["name"]: "{name}/{key}".format(**entry["valueFrom"]["secretKeyRef"])
        for container in pod.containers
        for entry in container["env"]
        if "secretKeyRef" in entry.get("valueFrom", {})
        and not (needed_only and entry["valueFrom"]["secretKeyRef"].get("optional"))
    }


@every_set
def test_no_secret_stands_outside_a_secret(values: Object) -> None:
    objects = render(values)
    outside = yaml.dump([thing for thing in objects if thing["kind"] != "Secret"])

    assert "explicit-" not in outside
    for secret in (text for key, text in data_of(objects).items() if key != "metrics-username"):
        assert secret not in outside
        assert base64.b64encode(secret.encode()).decode() not in outside
    maps = [thing["metadata"]["name"] for thing in objects if thing["kind"] == "ConfigMap"]
    assert [name for name in maps if "-dashboard-" not in name] == []


@every_set
def test_notes_never_show_a_secret(values: Object) -> None:
    assert "explicit-" not in notes(json.dumps(values))


def test_the_search_for_secrets_would_find_one() -> None:
    planted = render({"api": {"env": {"API": "explicit-key"}}})

    assert "explicit-key" in yaml.dump([t for t in planted if t["kind"] != "Secret"])


def test_notes_name_the_commands_that_read_the_password_and_reach_the_services() -> None:
    printed = notes()

    for line in (
        "get secret fiscal --output jsonpath='{.data.api-keys}' | base64 --decode",
        "get secret fiscal --output jsonpath='{.data.flower-basic-auth}' | base64 --decode",
        "get secret fiscal --output jsonpath='{.data.metrics-basic-auth}' | base64 --decode",
        "port-forward service/fiscal-api 8000",
        "port-forward service/fiscal-flower 5555",
        "port-forward service/fiscal-metrics 9464",
        "helm --namespace default test fiscal",
        "worker all x 1 on fiscal-selenium: high, default, low",
        "WhatsApp is off",
        "E-mail is off",
    ):
        assert line in printed
    assert "get secret our-secrets " in notes(json.dumps(OURS))


def test_a_role_reads_the_secrets_that_it_needs_and_no_others() -> None:
    for pod in pods(render(EVERYTHING["production"])):
        assert read_by(pod).keys() == READS[pod.role], pod.name


def test_seeding_needs_the_database_and_the_key_of_the_claves_but_no_broker() -> None:
    (pod,) = by_role(render(DEMO), "seed")

    assert read_by(pod).keys() == {"POSTGRES_PASSWORD", "SECRET_KEYS"}


def test_a_literal_variable_never_bears_the_name_of_a_secret() -> None:
    for values in EVERYTHING.values():
        for pod in pods(render(values)):
            for name, value in pod.environment.items():
                assert name not in SECRETS or isinstance(value, dict), (pod.name, name)


@every_set
def test_every_secret_that_is_read_is_one_of_ours_with_that_key_or_one_of_the_user_s(
    values: Object,
) -> None:
    objects = render(values)
    for pod in pods(objects):
        for reference in read_by(pod, needed_only=True).values():
            name, _, key = reference.partition("/")
            assert name.startswith("our-") or key in data_of(objects), (pod.name, reference)


def test_what_nobody_says_is_random_strong_and_another_one_each_time() -> None:
    first, second = (data_of(render_afresh(DEMO)) for _ in range(2))

    assert first.keys() == {
        "api-keys", "flower-basic-auth", "metrics-basic-auth", "postgres-password",
        "redis-password", "secret-keys", "whatsapp-access-token", "demo-webhook-secret",
    }  # fmt: skip
    assert all(first[key] != second[key] for key in first)
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}=", first["secret-keys"])
    assert len(base64.urlsafe_b64decode(first["secret-keys"])) == 32  # a Fernet key
    for key in ("flower-basic-auth", "metrics-basic-auth"):
        assert re.fullmatch(r"fiscal:[A-Za-z0-9]{32}", first[key])
    for key in ("postgres-password", "redis-password"):
        assert re.fullmatch(r"[A-Za-z0-9]{32}", first[key])  # safe inside a URL


def test_what_is_said_is_what_is_stored() -> None:
    assert data_of(render(EVERYTHING["external"])) == {
        "secret-keys": "explicit-secret-key-explicit-secret-key-exp=",
        "api-keys": "explicit-api-key",
        "flower-basic-auth": "fiscal:explicit-flower",
        "metrics-basic-auth": "fiscal:explicit-metrics",
        "metrics-username": "fiscal",
        "metrics-password": "explicit-metrics",
        "redis-password": "explicit-redis",
        "postgres-password": "explicit-postgres",
        "whatsapp-access-token": "explicit-whatsapp",
        "whatsapp-app-secret": "explicit-app-secret",
        "whatsapp-verify-token": "explicit-verify",
        "mem0-api-key": "explicit-mem0",
        "mem0-embedder-api-key": "explicit-embedder",
        "pdf-access-key-id": "explicit-pdf-id",
        "pdf-secret-access-key": "explicit-pdf-secret",
        "backup-passphrase": "explicit-passphrase",
        "smtp-url": "smtp://user:explicit-mail@mail.example:587?starttls=1",
        "redis-url": STORES["redis"]["externalUrl"],
        "database-url": STORES["postgres"]["externalUrl"],
    }


def test_the_secret_outlives_the_release() -> None:
    (secret,) = (thing for thing in render() if thing["kind"] == "Secret")

    assert secret["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"


def test_with_secrets_of_ours_the_chart_makes_none_and_reads_ours() -> None:
    objects = render(EVERYTHING["existing"])

    assert data_of(objects) == {}
    (api,) = by_role(objects, "api")
    assert read_by(api) == {
        "DATABASE_URL": "our-postgres/database-url",
        "REDIS_URL": "our-redis/redis-url",
        "SECRET_KEYS": "our-secrets/secret-keys",
        "API_KEYS": "our-secrets/api-keys",
        "WHATSAPP_APP_SECRET": "our-secrets/whatsapp-app-secret",
        "WHATSAPP_VERIFY_TOKEN": "our-secrets/whatsapp-verify-token",
        "PDF_STORE_S3_ACCESS_KEY_ID": "our-secrets/pdf-access-key-id",
        "PDF_STORE_S3_SECRET_ACCESS_KEY": "our-secrets/pdf-secret-access-key",
    }


def test_a_store_s_secret_may_have_a_key_of_another_name() -> None:
    values = {"redis": {"existingSecret": "our-redis", "existingSecretKey": "uri"}}
    (flower,) = by_role(render(values), "flower")

    assert read_by(flower)["REDIS_URL"] == "our-redis/uri"


@pytest.mark.parametrize("demo", [False, True])
def test_a_release_is_a_demo_only_where_it_is_asked_for(demo: bool) -> None:
    objects = render({"demo": {"enabled": demo}})
    environments = {
        pod.environment["FISCAL_ENVIRONMENT"]
        for pod in pods(objects)
        if pod.role not in ("redis", "postgres", "simulator")
    }

    assert environments == {"demo" if demo else "production"}
    assert ("simulator" in yaml.dump(objects)) == demo
    assert bool(by_role(objects, "seed")) == demo


def test_a_demo_talks_to_the_simulator_and_to_nobody_else() -> None:
    (worker,) = workers(render(DEMO)).values()
    addresses = {
        name: value
        for name, value in worker.environment.items()
        if isinstance(value, str) and "://" in value and "$(" not in value
    }

    assert addresses == {
        "SII_AUTH_URL": "http://fiscal-simulator:8080/zeusr",
        "SII_HOME_URL": "http://fiscal-simulator:8080/misiir",
        "SII_SERVICES_URL": "http://fiscal-simulator:8080/www4",
        "SII_RECEIPTS_URL": "http://fiscal-simulator:8080/loa",
        "WHATSAPP_API_URL": "http://fiscal-simulator:8080/whatsapp",
        "SMTP_URL": "smtp://fiscal-simulator:1025",
    }


def test_a_refusal_does_not_repeat_the_secret() -> None:
    for values in (
        {"secrets": {"existingSecret": "a", "apiKeys": "explicit-key"}},
        {"redis": {"externalUrl": "redis://:explicit-key@h:1/0", "existingSecret": "a"}},
        {"secrets": {"flowerBasicAuth": "explicit-key"}},
        {"postgres": {"externalUrl": "mysql://u:explicit-key@h/d"}},
    ):
        assert "explicit-key" not in refusal(values)
