"""The Railway files: each is what Railway takes, and the project file adds what they cannot say."""

import json
import re
import shlex
from typing import Any

import jsonschema
import pytest

from app.infrastructure.celery.topology import TOPOLOGIES
from tests.topology.railway_reader import (
    IMAGES,
    REPOSITORY,
    ROOT,
    SERVICES,
    evaluate,
    graph,
    services,
)
from tests.topology.railway_schema import SCHEMA

FILES = ROOT / "deploy" / "railway"
SECRETS = {"SECRET_KEYS", "API_KEYS", "FLOWER_BASIC_AUTH", "METRICS_BASIC_AUTH",
           "WHATSAPP_ACCESS_TOKEN", "SMTP_URL", "WHATSAPP_APP_SECRET",
           "WHATSAPP_VERIFY_TOKEN", "MEM0_API_KEY",
           "PDF_STORE_S3_ACCESS_KEY_ID", "PDF_STORE_S3_SECRET_ACCESS_KEY",
           "OTEL_EXPORTER_OTLP_HEADERS"}  # fmt: skip
SHELL = re.compile(r"[$&|;<>`*?\"'\\]")

each_service = pytest.mark.parametrize("name", SERVICES)
each_topology = pytest.mark.parametrize("topology", TOPOLOGIES)


def config(name: str) -> dict[str, Any]:
    return dict(json.loads((FILES / f"railway.{name}.json").read_text()))


def dockerfile(name: str) -> str:
    return (ROOT / config(name)["build"]["dockerfilePath"]).read_text()


def test_there_is_one_file_for_each_service_and_no_other() -> None:
    assert {path.name for path in FILES.glob("*.json")} == {f"railway.{n}.json" for n in SERVICES}


@each_service
def test_railway_s_schema_accepts_the_file(name: str) -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(config(name))


@pytest.mark.parametrize(
    ("key", "value"), [("drainingSeconds", "60"), ("draining", 60), ("restartPolicyType", "always")]
)
def test_the_restated_schema_refuses_what_railway_refuses(key: str, value: Any) -> None:
    broken = config("beat")
    broken["deploy"][key] = value

    assert not jsonschema.Draft7Validator(SCHEMA).is_valid(broken)


@each_service
def test_commands_start_tini_and_need_no_shell(name: str) -> None:
    deploy = config(name)["deploy"]
    for command in (deploy["startCommand"], *deploy.get("preDeployCommand", [])):
        words = shlex.split(command)
        program = next(word for word in words[1:] if "=" not in word)
        assert not SHELL.search(command)
        assert words[0] == "tini" or (words[0], program) == ("env", "tini")
        assert words[-3:-1] == ["--", "docker-entrypoint.sh"]


@each_service
def test_the_role_is_the_service_s(name: str) -> None:
    assert config(name)["deploy"]["startCommand"].split()[-1] == name.split("-")[0]


def test_the_api_alone_is_checked_over_http_and_migrates_before_it_starts() -> None:
    checked = [name for name in SERVICES if "healthcheckPath" in config(name)["deploy"]]
    migrating = [name for name in SERVICES if "preDeployCommand" in config(name)["deploy"]]

    assert (checked, migrating) == (["api"], ["api"])
    assert config("api")["deploy"]["preDeployCommand"][0].endswith(" migrate")


@each_service
def test_every_service_comes_back(name: str) -> None:
    assert config(name)["deploy"]["restartPolicyType"] == "ALWAYS"


@each_service
def test_only_the_api_goes_on_answering_while_its_successor_takes_over(name: str) -> None:
    # Of the others, two at once would only be two: a queue or a lock waits, a person does not.
    assert config(name)["deploy"]["overlapSeconds"] == (10 if name == "api" else 0)


@each_service
def test_what_the_image_is_made_of_is_watched_and_so_is_the_file(name: str) -> None:
    build = config(name)["build"]
    watched = {pattern.removesuffix("/**") for pattern in build["watchPatterns"]}
    copied = re.findall(r"^COPY (?!--from)(?:--chmod=\d+ )?(\S+) ", dockerfile(name), re.M)
    made_of = {f"/{path}" for path in copied if "simulator" not in path}
    own = {f"/{build['dockerfilePath']}", f"/deploy/railway/railway.{name}.json"}

    assert made_of | own == watched


@pytest.mark.parametrize("path", IMAGES)
def test_a_dockerfile_builds_where_no_image_of_ours_is(path: str) -> None:
    text = (ROOT / path).read_text()
    stages = re.findall(r"^FROM \S+ AS (\S+)$", text, re.M)
    used = re.findall(r"^FROM (\S+)|--from=(\S+)|,from=(\S+)", text, re.M)

    assert "ARG PYTHON_IMAGE=python:3.13-slim-trixie" in text.splitlines()
    assert {name for names in used for name in names if name} <= {"${PYTHON_IMAGE}", *stages}


@pytest.mark.parametrize("path", IMAGES)
def test_no_mount_of_a_dockerfile_is_one_that_railway_refuses(path: str) -> None:
    # Its builder looks at the text first and takes a cache mount only with the id of one service
    # in it, which no shared file can carry; bind mounts it does not take at all
    # (docs.railway.com/builds/dockerfiles; "Cache mounts MUST be in the format ...").
    mounts = re.findall(r"--mount=type=(\w+)", (ROOT / path).read_text())

    assert set(mounts) <= {"secret"}


@each_topology
def test_the_project_has_each_service_with_its_file_s_build_and_deploy(topology: str) -> None:
    workers = [f"worker-{worker.name}" for worker in TOPOLOGIES[topology]]

    assert list(services(topology)) == ["api", "beat", "flower", "metrics", *workers]
    for name, node in services(topology).items():
        assert {key: node[key] for key in ("build", "deploy")} == {
            key: config(name)[key] for key in ("build", "deploy")
        }
        assert node["source"] == {"type": "github", "repo": REPOSITORY, "branch": "main"}


@each_topology
def test_stores_are_references_and_secrets_are_shared_variables(topology: str) -> None:
    stores = {"DATABASE_URL": "database.postgres", "REDIS_URL": "database.redis"}
    for name, node in services(topology).items():
        for variable, value in node["variables"].items():
            if variable in SECRETS:
                assert value == {"type": "sharedReference", "name": variable}, name
            if variable in stores:
                reference = {"type": "reference", "resource": stores[variable], "output": variable}
                assert value == reference, name
    assert "DATABASE_URL" not in services(topology)["flower"]["variables"]


def test_postgres_comes_with_pgvector_and_is_known_as_a_database_later() -> None:
    # Railway's CLI tells a database from a service by the name of its image, and one that it
    # takes for a service would be deleted by the next apply (railwayapp/cli, src/iac/compiler.rs).
    assert "postgres" in graph("one")["database.postgres"]["image"]
    assert "redis" in graph("one")["database.redis"]["image"]


@pytest.mark.parametrize("missing", ["FISCAL_TOPOLOGY", "FISCAL_REPOSITORY"])
def test_nothing_is_planned_by_default(missing: str) -> None:
    given = {"FISCAL_TOPOLOGY": "two", "FISCAL_REPOSITORY": REPOSITORY}
    answer = evaluate(**{name: value for name, value in given.items() if name != missing})

    assert answer.returncode == 1
    assert answer.stderr.startswith(f"{missing} is not set; set it to ")


def test_an_unknown_topology_is_refused() -> None:
    answer = evaluate(FISCAL_TOPOLOGY="four", FISCAL_REPOSITORY=REPOSITORY)

    assert answer.stderr == "FISCAL_TOPOLOGY is 'four'; it has to be one, two or three.\n"
