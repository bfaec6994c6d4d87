"""`make release` against a real registry: one version of both images and the chart."""

import subprocess
import sys
import tarfile
from pathlib import Path

import httpx
import pytest
import yaml

from tests.release.conftest import Checkout

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def manifest(registry: str, name: str) -> httpx.Response:
    """Asks the registry for what it keeps under a name such as team/fiscal-slim:0.1.0."""
    repository, tag = name.split(":")
    address = f"http://{registry}/v2/{repository}/manifests/{tag}"
    return httpx.get(address, headers={"Accept": MANIFEST})


def image_id(name: str) -> str:
    command = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def our_images(chart: Path) -> set[str]:
    """Returns the images of ours that a packaged chart runs, whatever the topology."""
    helm = Path(sys.executable).parent / "helm"
    images = set()
    for topology in ("one", "two", "three"):
        command = [helm, "template", "fiscal", chart, "--set", f"topology={topology}"]
        rendered = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        images |= set(images_in(list(yaml.safe_load_all(rendered))))
    return {image for image in images if "fiscal-" in image}


def images_in(value: object) -> list[str]:
    """Returns the value of every key `image`, at any depth."""
    if isinstance(value, list):
        return [image for item in value for image in images_in(item)]
    if isinstance(value, dict):
        own = [value["image"]] if isinstance(value.get("image"), str) else []
        return own + [image for item in value.values() for image in images_in(item)]
    return []


def test_a_release_is_both_images_and_a_chart_that_names_them(
    registry: str, checkout: Checkout
) -> None:
    released = checkout.release(f"{registry}/team/")

    assert released.returncode == 0, released.stderr
    chart, *digests = released.stdout.split()
    catalog = httpx.get(f"http://{registry}/v2/_catalog").json()["repositories"]
    assert catalog == ["team/fiscal-selenium", "team/fiscal-slim"]  # and no simulator
    assert len(digests) == 2
    for digest in digests:
        image = digest.split("/")[-1].split("@")[0]
        kept = manifest(registry, f"team/{image}:0.1.0")
        assert digest == f"{registry}/team/{image}@{kept.headers['Docker-Content-Digest']}"
        assert kept.json()["config"]["digest"] == image_id(f"{image}:dev")

    assert chart == "dist/fiscal-0.1.0.tgz"
    assert our_images(checkout.path / chart) == {
        f"{registry}/team/fiscal-slim:0.1.0",
        f"{registry}/team/fiscal-selenium:0.1.0",
    }
    with tarfile.open(checkout.path / chart) as package:
        packaged = package.extractfile("fiscal/values.yaml")
        assert packaged is not None
        lines = packaged.read().decode().splitlines()
    committed = (checkout.path / "deploy/helm/values.yaml").read_text().splitlines()
    changed = [new for new, old in zip(lines, committed, strict=True) if new != old]
    assert changed == [f'  registry: "{registry}/team"']

    # The same version a second time is another release under the same name.
    again = checkout.release(f"{registry}/team")
    assert again.returncode == 1
    assert again.stderr == (
        f"release: {registry}/team/fiscal-selenium:0.1.0 is in the registry already; raise the"
        " version in pyproject.toml and deploy/helm/Chart.yaml.\n"
    )


def test_a_release_that_broke_off_can_be_started_again(registry: str, checkout: Checkout) -> None:
    assert checkout.release(f"{registry}/half").returncode == 0
    digest = manifest(registry, "half/fiscal-selenium:0.1.0").headers["Docker-Content-Digest"]
    httpx.delete(f"http://{registry}/v2/half/fiscal-selenium/manifests/{digest}").raise_for_status()
    assert manifest(registry, "half/fiscal-slim:0.1.0").is_success

    released = checkout.release(f"{registry}/half")

    assert released.returncode == 0, released.stderr
    assert manifest(registry, "half/fiscal-selenium:0.1.0").is_success


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 64, "'' is no registry; name a host and a path"),
        (["https://registry.example/team"], 64, "is no registry; name a host and a path"),
        (["Registry.Example/Team"], 64, "is no registry; name a host and a path"),
    ],
)
def test_a_registry_that_is_none_is_refused(
    checkout: Checkout, arguments: list[str], code: int, sentence: str
) -> None:
    refused = checkout.release(*arguments)

    assert refused.returncode == code
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("line", ["version: 0.1.0", 'appVersion: "0.1.0"'])
def test_two_versions_are_refused(checkout: Checkout, line: str) -> None:
    file = checkout.path / "deploy/helm/Chart.yaml"
    file.write_text(file.read_text().replace(f"\n{line}", f"\n{line.replace('0.1.0', '0.2.0')}"))
    checkout.git("commit", "--all", "--quiet", "--message", "Raise one of them")

    refused = checkout.release("registry.example/team")

    assert refused.returncode == 1
    assert "release: pyproject.toml says version 0.1.0, deploy/helm/Chart.yaml" in refused.stderr
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["README.md", "new.py"])
def test_what_is_in_no_commit_is_refused(checkout: Checkout, name: str) -> None:
    with (checkout.path / name).open("a") as file:
        file.write("more\n")

    refused = checkout.release("registry.example/team")

    assert refused.returncode == 1
    assert "The work tree has changes that are in no commit" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (checkout.path / "dist").exists()
