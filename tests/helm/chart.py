"""What the real `helm` makes of deploy/helm: one function carries this whole folder."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.missing import missing

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm"
ALL_ON = Path(__file__).with_name("all-on.yaml")
NO_HELM = (
    "The chart was not rendered: there is no helm here. It is among the locked development"
    " packages; `pip install --require-hashes -r requirements/dev.txt` brings it."
)

Object = dict[str, Any]
Values = Mapping[str, Any]


class HelmRefused(Exception):
    """Helm ended with an error; the text is what a person would have read."""


class _Loader(yaml.CSafeLoader):
    """Reads what Helm and Kubernetes read: to them 1e3, too, is a number, and `=` a text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+$"), list("-+0123456789")
)


@cache
def helm_binary() -> str:
    """Returns the path of helm: the environment's own before the machine's."""
    beside = Path(sys.executable).with_name("helm")
    found = str(beside) if beside.exists() else shutil.which("helm")
    return found or missing(NO_HELM)


def helm(*arguments: str) -> str:
    """Returns what helm prints, without a cluster and without the machine's own settings."""
    with tempfile.TemporaryDirectory() as home:
        done = subprocess.run(
            [helm_binary(), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": home, "KUBECONFIG": "/dev/null"},
            capture_output=True,
            text=True,
            timeout=60,
        )
    if done.returncode:
        raise HelmRefused(done.stdout + done.stderr)
    return done.stdout


def render(
    values: Values | None = None,
    *sets: str,
    release: str = "fiscal",
    namespace: str = "fiscal",
    upgrade: bool = False,
    api_versions: tuple[str, ...] = (),
) -> list[Object]:
    """Returns every object that `helm template` prints, hooks included.

    `values` become a values file, `sets` become `--set`. Equal questions are asked once, so do not
    change what you get. Raises HelmRefused.
    """
    options = ["--namespace", namespace]
    options += [word for one in sets for word in ("--set", one)]
    options += [word for one in api_versions for word in ("--api-versions", one)]
    options += ["--is-upgrade"] if upgrade else []
    answer = _answer(json.dumps(values or {}), release, tuple(options))
    if isinstance(answer, HelmRefused):
        raise answer
    return answer


@cache
def _answer(values: str, release: str, options: tuple[str, ...]) -> list[Object] | HelmRefused:
    try:
        return render_afresh(json.loads(values), *options, release=release)
    except HelmRefused as refused:
        return refused


def render_afresh(
    values: Values, *options: str, release: str = "fiscal", chart: Path = CHART
) -> list[Object]:
    """Asks helm again, whatever is known: two renders differ by what is random."""
    with values_file(values) as file:
        printed = helm("template", release, str(chart), "--values", file, *options)
    return [found for part in printed.split("\n---\n") for found in _parsed(part)]


@cache
def _parsed(text: str) -> list[Object]:
    """Reads one document of many that are the same in render after render."""
    return [document for document in yaml.load_all(text, _Loader) if document]


@cache
def notes(values: str = "{}") -> str:
    """Returns what a person reads after an installation with these values (as JSON).

    Only `helm install` prints notes, and it wants a cluster: a copy of the chart prints them as an
    object.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(CHART, Path(folder) / "chart")
        (copy / "templates" / "NOTES.txt").rename(copy / "notes.txt")
        (copy / "templates" / "notes.yaml").write_text(
            'notes: {{ tpl (.Files.Get "notes.txt") . | quote }}', encoding="utf-8"
        )
        objects = render_afresh(
            json.loads(values), "--show-only", "templates/notes.yaml", chart=copy
        )
    return str(objects[0]["notes"])


def lint(values: Values) -> str:
    """Runs `helm lint --strict`; returns its report. Raises HelmRefused."""
    with values_file(values) as file:
        return helm("lint", "--strict", str(CHART), "--values", file)


def refusal(values: Values, *sets: str, **options: Any) -> str:
    """Returns what helm says when it refuses; fails where it does not."""
    with pytest.raises(HelmRefused) as refused:
        render(values, *sets, **options)
    return str(refused.value)


@contextmanager
def values_file(values: Values) -> Iterator[str]:
    """Yields the path of a file with these values; JSON is YAML."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        json.dump(values, file)
        file.flush()
        yield file.name


@cache
def chart_file(name: str) -> Any:
    """Returns a file of the chart, parsed: values.yaml, values.schema.json, Chart.yaml."""
    return yaml.load((CHART / name).read_text(encoding="utf-8"), _Loader)


@cache
def all_on() -> dict[str, Any]:
    """Returns the values that switch everything on, each with a copy of what aliases stand for."""
    values = yaml.load(ALL_ON.read_text(encoding="utf-8"), _Loader)
    return dict(json.loads(json.dumps(values)))
