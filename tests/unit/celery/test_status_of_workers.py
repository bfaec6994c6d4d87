"""`fiscal status` with living workers; its hints hold on every platform."""

from tests.unit.celery.worker_process import Start
from tests.unit.test_cli import fiscal


def test_a_mixture_is_named_without_a_users_own_worker(
    environment: dict[str, str], start_worker: Start
) -> None:
    for name, queue in (("all", "high"), ("fast", "default")):
        start_worker(name, queue, ready=False)
    start_worker("bulk", "low")
    stores = {name: environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    done = fiscal("status", **stores)
    assert done.returncode == 0, done.stderr
    assert "your own" in done.stdout
    lines = done.stdout.splitlines()
    assert any(line.startswith("Workers of another topology are alive: all@test") for line in lines)
    assert "  to be left with topology one: stop fast" in lines
    assert "docker" not in done.stdout
