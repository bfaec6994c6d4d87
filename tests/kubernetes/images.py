"""The images of this checkout, on the nodes, under the names that the chart defaults to."""

import json
import tempfile
from pathlib import Path

import yaml

from app.infrastructure.db.schema import head_revision
from tests.conftest import names_of_images
from tests.kubernetes.commands import ROOT, run
from tests.waiting import wait_until

VERSION: str = yaml.safe_load((ROOT / "deploy/helm/Chart.yaml").read_text())["appVersion"]
STAND_INS = {
    "redis:8-trixie": "fiscal-base-redis:trixie",
    "pgvector/pgvector:pg17": "fiscal-base-postgres:trixie",
}
NEWER, BROKEN = f"{VERSION}-newer", f"{VERSION}-broken"  # releases to come: good, and not so good
_MIGRATIONS = {
    NEWER: "op.create_table('from_a_newer_release', sa.Column('id', sa.Integer))",
    BROKEN: "raise RuntimeError('this migration cannot work')",
}
_MIGRATION = """
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "9001", "{head}", None, None
def upgrade() -> None:
    {statement}
"""
_VERSIONS = "/srv/fiscal/backend/app/infrastructure/db/migrations/versions/"


@names_of_images()
def bring(loader: list[str]) -> None:
    """Gives the cluster those of its images that it lacks, or of which it has another build."""
    made = {
        f"fiscal-{image}:{tag}": build_release(f"fiscal-{image}:dev", statement)
        for tag, statement in _MIGRATIONS.items()
        for image in ("slim", "selenium")
    }
    wanted = todays_images() | made
    present = on_the_nodes(list(wanted))
    missing = [name for name, found in wanted.items() if present[name] != found]
    lent = [name for name in missing if image_id(name) != wanted[name]]
    try:
        for name in lent:
            run("docker", "tag", wanted[name], name)
        if missing:
            run(*loader, *missing)
    finally:
        # Under an official name a stand-in would be taken for the official image.
        run("docker", "rmi", *lent, *made.values(), check=False)


def todays_images() -> dict[str, str]:
    """Returns the ids of the images that the chart names by default."""
    ours = ("slim", "selenium", "simulator")
    found = {f"fiscal-{image}:{VERSION}": image_id(f"fiscal-{image}:dev") for image in ours}
    for official, own in STAND_INS.items():
        found[official] = image_id(official) or image_id(own)
    return found


def build_release(image: str, statement: str) -> str:
    """Puts one more migration on an image; returns the new one's id."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "9001_one_more.py")
        file.write_text(_MIGRATION.format(head=head_revision(), statement=statement))
        dockerfile = f"FROM {image}\nCOPY {file.name} {_VERSIONS}\n"
        Path(directory, "Dockerfile").write_text(dockerfile)
        return run("docker", "buildx", "build", "--quiet", directory).strip()


def image_id(image: str) -> str:
    """Returns the id that Docker knows an image by; empty where it has none."""
    return run("docker", "images", "--no-trunc", "--quiet", image).strip()


def on_the_nodes(names: list[str]) -> dict[str, str]:
    """Returns the ids of those images that a node has; a pod of all of them tells."""
    containers = [
        {"name": f"n{number}", "image": name, "imagePullPolicy": "Never", "command": ["true"]}
        for number, name in enumerate(names)
    ]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "fiscal-test-images"},
           "spec": {"restartPolicy": "Never", "containers": containers}}  # fmt: skip
    delete = ("kubectl", "delete", "pod", "fiscal-test-images", "--ignore-not-found", "--now")
    run(*delete)
    try:
        run("kubectl", "create", "-f", "-", stdin=json.dumps(pod))
        wait_until(lambda: all(_told()), timeout=60, what="what images there are", every=0.5)
        return dict(zip(names, _told(), strict=True))
    finally:
        run(*delete)


def _told() -> list[str]:
    """Returns each container's image id, `none` where there is no image, '' where that is open."""
    status = json.loads(run("kubectl", "get", "pod", "fiscal-test-images", "-o", "json"))["status"]
    containers = sorted(status.get("containerStatuses", []), key=lambda one: int(one["name"][1:]))
    missing = ("ErrImageNeverPull", "CreateContainerError")
    return [
        one["imageID"].split("@")[-1]
        or ("none" if one["state"].get("waiting", {}).get("reason") in missing else "")
        for one in containers
    ] or [""]
