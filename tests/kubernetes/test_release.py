"""The life of a release: it comes up, outlives pods and bad migrations, finds its data again."""

import json
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from tests.kubernetes.deletion import assert_replaced_without_a_loss
from tests.kubernetes.images import BROKEN, NEWER
from tests.kubernetes.namespace import own_namespace
from tests.kubernetes.release import SHORTLY, Release
from tests.kubernetes.watching import flower_lists, pods, termination_messages, what_is_left
from tests.scenarios.workers import declared, wait_for_consumers
from tests.waiting import wait_until

CLAVE = "una-clave-que-se-guarda"
DECRYPT = """
from app.bootstrap import cipher
from app.infrastructure.db.models import SiiCredential
from app.infrastructure.db.session import session_scope
with session_scope() as session:
    print(cipher().decrypt(session.query(SiiCredential).one().secret))
"""

CLAVES = "SELECT rut, secret FROM companies c JOIN sii_credentials ON company_id = c.id ORDER BY 1"
# As docs/operations.md has it, but into a database beside the one that is in use.
STAY = "/spec/template/spec/containers/0/args"
RESTORE = """
export DATABASE_URL="${DATABASE_URL%/*}/restored"
fiscal migrate >&2
newest=$(ls /backups/*.backup | tail -n 1)
fiscal restore "$newest" --passphrase-file /run/passphrase/backup-passphrase --keys-to /tmp/k >&2
cat /tmp/k
"""


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    with own_namespace("fiscal-test-release") as namespace:
        release = Release(namespace)
        release.helm("install", "--wait", "--timeout", "5m")
        yield release


def test_one_worker_comes_up_with_nothing_set(release: Release) -> None:
    release.helm("test")
    wait_for_consumers(release, declared("one"))
    flower_lists(release, declared("one"))


@pytest.mark.parametrize(
    ("parts", "publisher"),
    [(("beat", "flower"), "api"), (("redis",), "api"), (("postgres",), "api"),
     (("api",), "beat")],
    ids="+".join,
)  # fmt: skip
def test_a_pod_that_is_deleted_is_replaced_and_no_run_is_lost(
    release: Release, parts: tuple[str, ...], publisher: str
) -> None:
    assert_replaced_without_a_loss(release, "one", parts, publisher)


def test_a_migration_that_fails_leaves_the_old_version_serving(release: Release) -> None:
    before, revision = pods(release), database_revision(release)

    words = release.refused("upgrade", "--set", f"image.tag={BROKEN}", "--timeout", "3m")

    assert "pre-upgrade" in words
    assert any("this migration cannot work" in said for said in termination_messages(release))
    assert database_revision(release) == revision
    assert before <= pods(release)
    release.helm("test")


def test_a_rollback_brings_an_older_secret_back_and_the_guide_s_lines_mend_it(
    release: Release,
) -> None:
    older = release.secret("secret-keys")
    newer = f"{Fernet.generate_key().decode()},{older}"
    release.patch_secret(json.dumps({"stringData": {"secret-keys": newer}}))
    release.helm("upgrade", "--wait", "--timeout", "5m")
    assert release.secret("secret-keys") == newer  # an upgrade keeps what it finds

    saved = release.kubectl("get", "secret", "fiscal", "--output", "jsonpath={.data}")
    release.helm("rollback", "1")
    assert release.secret("secret-keys") == older  # the danger that the guide names
    release.patch_secret(f'{{"data": {saved}}}')
    release.kubectl("rollout", "restart", "deployment", "--selector", release.selector)

    assert release.secret("secret-keys") == newer
    release.wait_until_ready()
    assert release.execute("api", "printenv", "SECRET_KEYS").strip() == newer
    release.helm("test")


def test_a_rollback_runs_on_the_newer_schema(release: Release) -> None:
    before = database_revision(release)
    release.helm("upgrade", "--set", f"image.tag={NEWER}", "--wait", "--timeout", "5m")
    assert database_revision(release) == "9001"

    release.helm("rollback", "1", "--wait", "--timeout", "5m")

    assert database_revision(release) == "9001"
    specs = [one["spec"]["template"]["spec"] for one in release.objects("deployments")]
    images = {container["image"] for spec in specs for container in spec["containers"]}
    assert not any(image.endswith(NEWER) for image in images)
    release.helm("test")
    # What comes after has this release's own schema: a backup goes only into the one it is of.
    release.change("DROP TABLE from_a_newer_release")
    release.change(f"UPDATE alembic_version SET version_num = '{before}'")


def test_a_reinstall_finds_the_data_and_the_key_that_opens_it(release: Release) -> None:
    made = release.api.post("/companies", json={"rut": "76086428-5", "business_name": "Antigua"})
    assert made.status_code == 201, made.text
    credential = {"login_rut": "11111111-1", "clave": CLAVE}
    address = f"/companies/{made.json()['id']}/credential"
    # A busy machine may be too late for it, which is a 503 and asks to try again.
    wait_until(
        lambda: release.api.put(address, json=credential).is_success, what="the clave", every=1
    )

    release.helm("uninstall", "--wait", "--timeout", "3m")
    wait_until(lambda: not release.objects("pods"), timeout=120, what="no pod", every=1)
    assert what_is_left(release) == {
        "PersistentVolumeClaim/data-fiscal-postgres-0",
        "PersistentVolumeClaim/data-fiscal-redis-0",
        "Secret/fiscal",
    }

    release.helm("install", "--set", "topology=three", "--wait", "--timeout", "5m")
    assert release.query("SELECT business_name FROM companies") == [{"business_name": "Antigua"}]
    assert release.execute("api", "python", "-c", DECRYPT).strip() == CLAVE
    release.helm("test")
    flower_lists(release, declared("three"))


def test_a_backup_of_the_cronjob_comes_back_into_an_empty_database(release: Release) -> None:
    made = release.api.post("/companies", json={"rut": "77215640-5", "business_name": "Guardada"})
    assert made.status_code == 201, made.text
    address = f"/companies/{made.json()['id']}/credential"
    credential = {"login_rut": "11111111-1", "clave": CLAVE}
    wait_until(
        lambda: release.api.put(address, json=credential).is_success, what="the clave", every=1
    )
    words = ("--reset-then-reuse-values", "--set", "backup.enabled=true")
    release.helm("upgrade", *words, "--wait", "--timeout", "5m")

    release.kubectl("create", "job", "tonight", "--from=cronjob/fiscal-backup")
    each = f"{release.selector},app.kubernetes.io/component=backup"
    release.kubectl("wait", "--for=condition=Complete", "jobs", "--selector", each, SHORTLY)

    copied = ("create", "job", "backups", "--from=cronjob/fiscal-backup", "--dry-run=client")
    patch = json.dumps([{"op": "replace", "path": STAY, "value": ["sleep", "infinity"]}])
    staying = ("patch", "--local", "-f", "-", "--type=json", "-o", "json", "-p", patch)
    job = release.kubectl(*staying, stdin=release.kubectl(*copied, "-o", "json"))
    release.kubectl("create", "-f", "-", stdin=job)
    release.kubectl("wait", "--for=jsonpath={.status.ready}=1", "job/backups", SHORTLY)
    inside = ("exec", "-i", "job/backups", "--")
    assert len(release.kubectl(*inside, "ls", "/backups").split()) == 2  # one came at once
    release.change("CREATE DATABASE restored")
    keys = release.kubectl(*inside, "sh", "-ec", RESTORE)

    assert keys == release.secret("secret-keys")
    before, after = (release.psql("-d", name, "-Atc", CLAVES) for name in ("fiscal", "restored"))
    assert before == after
    assert "77215640-5|" in after


def database_revision(release: Release) -> str:
    (row,) = release.query("SELECT version_num FROM alembic_version")
    return str(row["version_num"])
