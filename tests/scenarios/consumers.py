"""Whether a queue was without a consumer at any moment, as the metrics role saw it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bundle import Bundle
from tests.scenarios.load import end_source

# Runs in the role's own container until its standard input ends; prints the fewest of each queue.
_WATCH = """
import base64, json, os, re, select, sys, urllib.request
file = os.environ.get("METRICS_BASIC_AUTH_FILE")
account = open(file).read() if file else os.environ["METRICS_BASIC_AUTH"]
token = base64.b64encode(account.strip().split(",")[0].encode()).decode()
asked = urllib.request.Request(
    "http://localhost:9464/metrics", headers={"Authorization": f"Basic {token}"}
)
line = re.compile(r'^fiscal_queue_consumers\\{queue="(\\w+)"\\} (\\S+)$', re.MULTILINE)
fewest = {}
looks = 0
print("watching", flush=True)
while not select.select([sys.stdin], [], [], 0.2)[0]:
    page = urllib.request.urlopen(asked, timeout=15).read().decode()
    looks += 1
    for queue, count in line.findall(page):
        fewest[queue] = min(float(count), fewest.get(queue, float(count)))
print(json.dumps({"looks": looks, "fewest": fewest}))
"""


@contextmanager
def no_queue_is_left_alone(bundle: Bundle) -> Iterator[None]:
    """Fails where any queue had no consumer meanwhile; looks five times a second."""
    watcher = bundle.begin("metrics", "python", "-c", _WATCH)
    assert watcher.stdout is not None
    assert watcher.stdout.readline().strip() == "watching"
    try:
        yield
    finally:
        printed = end_source(watcher, timeout=30)
    seen = json.loads(printed)
    assert seen["looks"] > 10, seen
    assert set(seen["fewest"]) == {"high", "default", "low"}
    assert min(seen["fewest"].values()) >= 1, seen
