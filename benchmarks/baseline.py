"""Plain Celery, what ours is measured against. Imports nothing of ours.

It differs from Celery's defaults only in what a fair comparison needs: the same Redis and
Postgres, the same queues, late acknowledgement, one message fetched ahead, and started states
and results kept in Postgres.
"""

import os

from celery import Celery
from kombu import Exchange, Queue

from benchmarks import work

app = Celery("bare")
app.conf.update(
    broker_url=os.environ["REDIS_URL"],
    result_backend="db+" + os.environ["DATABASE_URL"],
    task_queues=[
        Queue(name, Exchange(name), routing_key=name) for name in ("high", "default", "low")
    ],
    task_default_queue="default",
    task_track_started=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
)


@app.task(name="bare.probe", bind=True)
def probe(self):
    """Does what `system.probe` does: says who ran it."""
    return {"worker": self.request.hostname}


app.task(name="bench.wait")(work.wait)
app.task(name="bench.hold")(work.hold)
