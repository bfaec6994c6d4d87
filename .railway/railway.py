"""The bundle as one Railway project: what `railway config plan` and `railway config apply` read.

Builds, start commands and limits are those of deploy/railway/*.json. Here is what such a file
cannot hold: variables, databases, and which workers there are (deploy/railway/README.md).
"""

import json
import os
from pathlib import Path
from typing import Any

from railway_sdk import Project, Service, database, define_railway, github, project, redis, service

FILES = Path(__file__).resolve().parents[1] / "deploy" / "railway"
TOPOLOGIES = {"one": ["all"], "two": ["fast", "slow"], "three": ["high", "default", "slow"]}
PORTS = {"api": "8000", "flower": "5555", "metrics": "9464"}  # a private address names them
CHROME_SHM = str(512 * 1024**2)  # Chrome's tabs die in the 64 MiB that containers get
CHANNELS = ["WHATSAPP_PHONE_NUMBER_ID", "WHATSAPP_ACCESS_TOKEN", "SMTP_URL", "MAIL_FROM"]
WEBHOOKS = ["WHATSAPP_APP_SECRET", "WHATSAPP_VERIFY_TOKEN"]
MEMORIES = ["MEM0_API_KEY"]
TRACES = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_HEADERS"]
# No directory here: services of Railway share no volume.
S3 = ["BUCKET", "PREFIX", "REGION", "ENDPOINT_URL", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY"]
PDFS = ["PDF_STORE", *(f"PDF_STORE_S3_{name}" for name in S3)]


@define_railway
def main(ctx: Any) -> Project:
    """Returns the project for the topology in FISCAL_TOPOLOGY, built from FISCAL_REPOSITORY."""
    # Neither has a default: what a plan leaves out, Railway deletes.
    topology = required("FISCAL_TOPOLOGY", "one, two or three")
    if topology not in TOPOLOGIES:
        raise SystemExit(f"FISCAL_TOPOLOGY is {topology!r}; it has to be one, two or three.")
    repository = required("FISCAL_REPOSITORY", "what Railway builds from, for example acme/fiscal")
    # Railway's own image carries pgvector; 17 is the version that the tests run on.
    postgres = database(
        "postgres",
        "postgres",
        image="ghcr.io/railwayapp-templates/postgres-ssl:17",
        defaultMountPath="/var/lib/postgresql/data",
    )
    broker = redis("redis")
    workers = [f"worker-{name}" for name in TOPOLOGIES[topology]]
    names = ["api", "beat", "flower", "metrics", *workers]
    services = [
        deployed(name, repository, variables(name, ctx.shared, postgres, broker)) for name in names
    ]
    return project("fiscal", resources=[postgres, broker, *services])


def required(name: str, meaning: str) -> str:
    """Returns an environment variable, or ends with the sentence that asks for it."""
    value = os.environ.get(name, "")
    if not value:
        raise SystemExit(f"{name} is not set; set it to {meaning}.")
    return value


def deployed(name: str, repository: str, env: dict[str, Any]) -> Service:
    """Returns the service that railway.<name>.json describes, with its variables."""
    config = json.loads((FILES / f"railway.{name}.json").read_text(encoding="utf-8"))
    source = github(repository, branch=os.environ.get("FISCAL_BRANCH", "main"))
    if config["build"]["dockerfilePath"] == "Dockerfile.selenium":
        env["RAILWAY_SHM_SIZE_BYTES"] = CHROME_SHM
    return service(name, source=source, build=config["build"], deploy=config["deploy"], env=env)


def variables(name: str, shared: Any, postgres: Service, broker: Service) -> dict[str, Any]:
    """Returns what a service is told. Secrets are references to shared variables, never values."""
    told: dict[str, Any] = {"FISCAL_ENVIRONMENT": "production", "REDIS_URL": broker.env.REDIS_URL}
    if name != "flower":
        told["DATABASE_URL"] = postgres.env.DATABASE_URL
    if name in PORTS:
        told["PORT"] = PORTS[name]
    return told | {secret: shared[secret] for secret in shared_variables(name)}


def shared_variables(name: str) -> list[str]:
    """Returns the names of the shared variables that a service refers to."""
    if name.startswith("worker-"):
        return ["SECRET_KEYS", *CHANNELS, *MEMORIES, *PDFS, *TRACES]
    told = {
        "api": ["SECRET_KEYS", "API_KEYS", *WEBHOOKS, *PDFS, *TRACES],
        "beat": TRACES,
        "flower": ["FLOWER_BASIC_AUTH"],
        "metrics": ["METRICS_BASIC_AUTH"],
    }
    return told.get(name, [])
