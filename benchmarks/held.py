"""Our app with the two tasks of the isolation benchmark."""

from app.infrastructure.celery import app, topology
from benchmarks import work

NAMES = ("bench.wait", "bench.hold")

topology.SYSTEM_TASKS.update(dict.fromkeys(NAMES, "default"))
app.conf.task_routes = app.conf.task_routes | {"bench.*": "default"}

wait = app.task(name="bench.wait")(work.wait)
hold = app.task(name="bench.hold")(work.hold)
