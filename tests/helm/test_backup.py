"""The backup each night: what it runs, what it may see, and that it outlives the release."""

import json
import re

import pytest

from tests.helm.api_server import render_in
from tests.helm.chart import Object, notes, render, render_afresh
from tests.helm.pods import by_role, named
from tests.helm.sets import BACKUP, EVERYTHING, OURS, merged
from tests.helm.test_kept import HOST_PATH, KEPT, namespace, secret, storage_class
from tests.helm.test_secrets import data_of


def kept_in(claim: str = "", **persistence: str) -> Object:
    return merged(BACKUP, {"backup": {"persistence": {"existingClaim": claim, **persistence}}})


def test_nothing_of_it_is_there_unless_it_is_switched_on() -> None:
    assert "backup" not in json.dumps(render()).replace("dashboard", "")


def test_it_runs_by_chile_s_clock_one_at_a_time_and_not_for_ever() -> None:
    spec = named(render(BACKUP), "CronJob", "fiscal-backup")["spec"]

    assert (spec["schedule"], spec["timeZone"]) == ("30 4 * * *", "America/Santiago")
    assert spec["concurrencyPolicy"] == "Forbid"
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (1, 3)
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (2, 3600)


def test_it_writes_dated_files_and_keeps_as_many_as_values_say() -> None:
    pod, _ = by_role(render(merged(BACKUP, {"backup": {"keep": 10000}})), "backup")

    assert pod.main["args"] == [
        "fiscal", "backup", "--directory", "/backups", "--keep", "10000",
        "--passphrase-file", "/run/passphrase/backup-passphrase",
    ]  # fmt: skip


def test_one_is_made_at_once_and_again_when_it_would_be_another() -> None:
    def first(values: Object) -> Object:
        (job,) = (one.owner for one in by_role(render(values), "backup") if one.kind == "Job")
        return job

    objects = render(BACKUP)
    nightly = named(objects, "CronJob", "fiscal-backup")["spec"]["jobTemplate"]["spec"]
    assert first(BACKUP)["spec"] == nightly
    assert re.fullmatch(r"fiscal-backup-[0-9a-f]{8}", first(BACKUP)["metadata"]["name"])
    assert (
        first(merged(BACKUP, {"image": {"tag": "8"}}))["metadata"]["name"]
        != (first(BACKUP)["metadata"]["name"])
    )
    assert first(merged(BACKUP, {"topology": "three"})) == first(BACKUP)


@pytest.mark.parametrize(
    ("values", "holder"), [(BACKUP, "fiscal"), (EVERYTHING["existing"], "our-secrets")]
)
def test_its_passphrase_is_a_file_and_the_only_one(values: Object, holder: str) -> None:
    for pod in by_role(render(values), "backup"):
        (volume,) = (one for one in pod.spec["volumes"] if one["name"] == "passphrase")
        assert volume["secret"]["secretName"] == holder
        assert [item["key"] for item in volume["secret"]["items"]] == ["backup-passphrase"]
        (mount,) = (one for one in pod.main["volumeMounts"] if one["name"] == "passphrase")
        assert mount["readOnly"] is True
        assert not any("PASSPHRASE" in name for name in pod.environment)


def test_the_passphrase_is_made_once_long_enough_and_kept() -> None:
    first, second = (data_of(render_afresh(BACKUP))["backup-passphrase"] for _ in range(2))
    kept = secret(**KEPT, **{"backup-passphrase": first})

    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9]{32}", first)
    assert data_of(render_in([kept], BACKUP, "--is-upgrade"))["backup-passphrase"] == first
    off = data_of(render_in([kept], {}, "--is-upgrade"))
    assert off["backup-passphrase"] == first  # old backups are still there


def test_the_claim_outlives_the_release() -> None:
    claim = named(render(kept_in(size="3Gi", storageClassName="slow")),
                  "PersistentVolumeClaim", "fiscal-backups")  # fmt: skip

    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert claim["spec"]["storageClassName"] == "slow"
    assert claim["spec"]["resources"]["requests"]["storage"] == "3Gi"
    default = named(render(BACKUP), "PersistentVolumeClaim", "fiscal-backups")
    assert "storageClassName" not in default["spec"]


@pytest.mark.parametrize(("claim", "made"), [("", True), ("our-claim", False)])
def test_the_backups_lie_in_a_claim_of_the_chart_or_of_yours(claim: str, made: bool) -> None:
    objects = render(kept_in(claim))

    assert bool([one for one in objects if one["kind"] == "PersistentVolumeClaim"]) is made
    for pod in by_role(objects, "backup"):
        (volume,) = (one for one in pod.spec["volumes"] if one["name"] == "backups")
        assert volume["persistentVolumeClaim"] == {"claimName": claim or "fiscal-backups"}
        assert {"name": "backups", "mountPath": "/backups"} in pod.main["volumeMounts"]


@pytest.mark.parametrize(
    ("cluster", "values", "by_root"),
    [
        ([], BACKUP, False),
        ([HOST_PATH], BACKUP, True),
        ([HOST_PATH, namespace("restricted")], BACKUP, False),
        ([HOST_PATH], kept_in("our-claim"), False),  # of which nothing is known
        ([HOST_PATH], kept_in("our-claim", ownership="root"), True),
        ([storage_class("kubernetes.io/host-path")], kept_in(storageClassName="standard"), True),
    ],
)
def test_a_volume_is_handed_over_by_root_only_where_its_class_leaves_no_other_way(
    cluster: list[Object], values: Object, by_root: bool
) -> None:
    for pod in by_role(render_in(cluster, values), "backup"):
        roots = [one for one in pod.containers if one["securityContext"].get("runAsUser") == 0]
        commands = [one["command"] for one in roots]
        assert commands == ([["chown", "10001:10001", "/backups"]] if by_root else [])


def test_what_is_yours_comes_beside_what_is_the_chart_s() -> None:
    for pod in by_role(render(EVERYTHING["demo"]), "backup"):
        names = [volume["name"] for volume in pod.spec["volumes"]]
        assert names == ["tmp", "backups", "passphrase", "more"]
        assert [mount["name"] for mount in pod.main["volumeMounts"]] == names


def test_notes_say_where_backups_lie_and_that_the_passphrase_has_to_be_elsewhere() -> None:
    printed = notes(json.dumps(BACKUP))

    assert "WARNING: without this passphrase no backup can be restored" in printed
    assert "claim\nfiscal-backups." in printed
    assert "get secret fiscal --output jsonpath='{.data.backup-passphrase}'" in printed
    ours = notes(json.dumps(merged(OURS, kept_in("our-claim"))))
    assert "claim\nour-claim." in ours
    assert "get secret our-secrets --output jsonpath='{.data.backup-passphrase}'" in ours
    assert "No backups are made: set backup.enabled." in notes()
    assert "No backups are made" not in printed
