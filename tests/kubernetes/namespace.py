"""A namespace of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.kubernetes.commands import run


@contextmanager
def own_namespace(name: str, *, restricted: bool = False) -> Iterator[str]:
    """Yields the name; the namespace goes with all that is in it.

    `restricted` makes it refuse every pod that Pod Security calls less than restricted.
    """
    run("kubectl", "delete", "namespace", name, "--ignore-not-found", "--timeout=180s")
    run("kubectl", "create", "namespace", name)
    if restricted:
        run("kubectl", "label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    try:
        yield name
    finally:
        # Not waited for: the next test need not stand by while the pods of this one end.
        run("kubectl", "delete", "namespace", name, "--wait=false", check=False)
