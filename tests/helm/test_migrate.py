"""One Job, two wrappings: a hook uses only what the release before it made."""

from typing import Any

import pytest

from tests.helm.api_server import render_in
from tests.helm.chart import Object, render
from tests.helm.pods import by_role
from tests.helm.sets import OURS, STORES, merged
from tests.helm.test_kept import KEPT, postgres, secret

HOOK = {
    "helm.sh/hook": "pre-upgrade",
    "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
}
KEPT_URL = secret(**KEPT, **{"database-url": STORES["postgres"]["externalUrl"]})
OTHER_URL = secret(**KEPT, **{"database-url": "postgresql://other.example/fiscal"})

OUR_SECRET = secret("our-postgres", **{"database-url": "postgresql://ours.example/fiscal"})
OTHER_KEY = {"postgres": {"existingSecretKey": "uri"}}
OTHER_PORT = {"networkPolicy": {"externalPostgresPort": 6432}}
NO_POLICY = {"networkPolicy": {"enabled": False}}


def living(values: Object) -> list[Object]:
    """Returns what a release with these values has in the cluster."""
    return [
        merged(thing, {"metadata": {"namespace": "fiscal"}})
        for thing in render(values)
        if thing["kind"] in ("Deployment", "NetworkPolicy")
    ]


@pytest.mark.parametrize(
    ("cluster", "values", "upgrade", "hook"),
    [
        ([], {}, False, False),
        ([secret(**KEPT)], {}, False, False),  # a reinstall: the volume is there, its server not
        ([secret(**KEPT), postgres(1)], {}, False, False),
        ([secret(**KEPT), postgres(1)], {}, True, True),
        ([secret(**KEPT), postgres(0)], {}, True, False),  # nothing answers that could migrate
        ([secret(**KEPT)], {}, True, False),  # from an external store to the bundled one
        ([KEPT_URL], STORES, False, False),
        ([KEPT_URL], STORES, True, True),
        ([OTHER_URL, postgres(1)], STORES, True, False),  # another database than before
        ([secret(**KEPT), postgres(1)], STORES, True, False),
        ([secret("our-postgres")], OURS, False, False),
        ([OUR_SECRET, *living(OURS)], OURS, True, True),
        ([OUR_SECRET, *living(OURS)], OURS, False, False),
        (living(OURS), OURS, True, False),
        ([secret("our-postgres"), *living(OURS)], OURS, True, False),  # without the key
        ([OUR_SECRET], OURS, True, False),  # no API runs on it
        # From the bundled database, or by another key: another database, perhaps.
        ([OUR_SECRET, secret(**KEPT), postgres(1), *living({})], OURS, True, False),
        ([OUR_SECRET, *living(merged(OURS, OTHER_KEY))], OURS, True, False),
        # The policy that is there lets a migration out on the old port only.
        ([OUR_SECRET, *living(OURS)], merged(OURS, OTHER_PORT), True, False),
        ([OUR_SECRET, *living(merged(OURS, OTHER_PORT))], merged(OURS, OTHER_PORT), True, True),
        ([OUR_SECRET, *living(merged(OURS, NO_POLICY))], merged(OURS, OTHER_PORT), True, True),
        ([postgres(1)], {}, True, False),  # its password would be made by this upgrade
        ([postgres(1)], {"secrets": {"existingSecret": "ours"}}, True, True),
    ],
)
def test_a_migration_is_a_hook_only_where_the_database_of_the_new_values_is_there_already(
    cluster: list[Object], values: Object, upgrade: bool, hook: bool
) -> None:
    (pod,) = by_role(render_in(cluster, values, *(["--is-upgrade"] if upgrade else [])), "migrate")
    metadata, spec = pod.owner["metadata"], pod.owner["spec"]

    assert metadata.get("annotations") == (HOOK if hook else None)
    assert (metadata["name"] == "fiscal-migrate") is hook
    assert metadata["name"].startswith("fiscal-migrate")
    assert spec["backoffLimit"] == (1 if hook else 6)


def test_the_hook_needs_nothing_that_the_upgrade_itself_makes() -> None:
    values = {"serviceAccount": {"name": "new"}, "secrets": {"apiKeys": "new"}}
    (pod,) = by_role(render_in([secret(**KEPT), postgres(1)], values, "--is-upgrade"), "migrate")
    read = [entry["valueFrom"] for entry in pod.main["env"] if "valueFrom" in entry]

    assert pod.spec["serviceAccountName"] == "default"
    assert read == [{"secretKeyRef": {"name": "fiscal", "key": "postgres-password"}}]


def migration_of(values: Object, *options: str) -> Any:
    (pod,) = by_role(render_in([], values, *options), "migrate")
    return pod.owner["metadata"]["name"]


def test_an_ordinary_migration_has_a_new_name_where_its_spec_is_new_and_only_there() -> None:
    assert migration_of({}) == migration_of({"api": {"replicas": 2}})
    assert migration_of({}) != migration_of({"image": {"tag": "2"}})
