"""Two workers by their Railway files: a scrape that hangs holds up nobody else."""

from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from tests.railway.health import wait_for_api
from tests.railway.runner import Container, Project
from tests.simulator import Simulator
from tests.waiting import wait_until

LOW_WAITING = 20
PROMPT = 50  # runs in each of the other queues
SIMULATOR = "http://simulator.railway.internal:8080"
AT_THE_SIMULATOR = {
    "FISCAL_ENVIRONMENT": "demo",  # production refuses a portal that is not SII's
    "SII_AUTH_URL": f"{SIMULATOR}/zeusr",
    "SII_HOME_URL": f"{SIMULATOR}/misiir",
    "SII_SERVICES_URL": f"{SIMULATOR}/www4",
    "SII_RECEIPTS_URL": f"{SIMULATOR}/loa",
    "SII_MIN_REQUEST_INTERVAL": "0.1",
    "SII_REQUESTS_PER_SECOND": "0",
}
PUBLISH = """
import sys
from app.infrastructure.celery import app
for queue, count in (pair.split("=") for pair in sys.argv[1:]):
    for _ in range(int(count)):
        print(app.send_task("system.probe", queue=queue).id)
"""


@pytest.fixture
def simulator(project: Project) -> Iterator[Simulator]:
    published = project.network.published("8080")
    image = project.images["simulator"]
    name = project.network.run("simulator", "simulator", *published, image, "simulator")
    found = Simulator(int(Container(name, 0).url("8080").rsplit(":", 1)[1]))
    wait_until(found.answers, timeout=60, what="the simulator")
    yield found
    found.close()


@pytest.fixture
def api(project: Project, simulator: Simulator) -> Iterator[Container]:
    container = project.start("api", **AT_THE_SIMULATOR)
    wait_for_api(container.url(project.values["PORT"]))
    container.execute("fiscal", "seed")
    yield container
    container.stop()


def start_sync(project: Project, api: Container) -> str:
    """Asks the API for one company's documents; returns the run's id."""
    key = {"X-API-Key": project.values["API_KEYS"]}
    with httpx.Client(base_url=api.url(project.values["PORT"]), headers=key, timeout=15) as client:
        company = client.get("/companies").json()["items"][0]["id"]
        started = client.post(f"/companies/{company}/syncs", json={"months": 1})
        assert started.status_code == 202, started.text
        return str(started.json()["id"])


def states(project: Project, ids: list[str]) -> Counter[str]:
    """Returns how many of the given runs are in which state; one that never started is in none."""
    listed = ",".join(f"'{run_id}'" for run_id in ids)
    return Counter(project.stores.query(f"SELECT state FROM runs WHERE id IN ({listed})"))


def test_a_held_scrape_and_a_full_low_queue_delay_nobody(
    project: Project, simulator: Simulator, api: Container
) -> None:
    stores = project.stores
    simulator.fail("/www4", "hold", count=1000)
    fast, slow = (project.start(f"worker-{n}", **AT_THE_SIMULATOR) for n in ("fast", "slow"))
    held = start_sync(project, api)
    wait_until(lambda: simulator.state()["held"], timeout=90, what="the portal holds the scrape")
    waiting = api.execute("python", "-c", PUBLISH, f"low={LOW_WAITING}").split()
    prompt = api.execute("python", "-c", PUBLISH, f"high={PROMPT}", f"default={PROMPT}").split()

    wait_until(lambda: states(project, prompt)["succeeded"] == 2 * PROMPT, what="the prompt runs")
    assert states(project, [held]) == {"running": 1}
    assert stores.depth("low") == LOW_WAITING

    # Railway stops the slow worker, for a deploy: the scrape goes back to its queue in time.
    assert slow.stop() == 0, slow.log()
    assert stores.depth("low") == LOW_WAITING + 1

    simulator.heal()
    slow = project.start("worker-slow", **AT_THE_SIMULATOR)
    low = [held, *waiting]
    wait_until(
        lambda: states(project, low) == {"succeeded": LOW_WAITING + 1}, timeout=120, what="low"
    )
    assert (fast.stop(), slow.stop()) == (0, 0)
