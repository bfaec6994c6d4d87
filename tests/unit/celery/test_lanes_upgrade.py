"""What the lanes rely on inside Celery and kombu: an upgrade that changes it fails here first."""

import inspect

import celery
import kombu
import pytest
from celery.worker import state, strategy
from celery.worker.consumer import Consumer, tasks
from celery.worker.request import Request
from kombu.transport import redis
from kombu.utils import scheduling

READ = f"celery {celery.__version__} and kombu {kombu.__version__}: read lanes.py again."


@pytest.mark.parametrize(
    ("thing", "parameters"),
    [
        (redis.Channel._brpop_start, ["self", "timeout"]),
        (scheduling.priority_cycle.consume, ["self", "n"]),
        (Consumer.apply_eta_task, ["self", "task"]),
        (Request.reject, ["self", "requeue"]),
    ],
    ids=["_brpop_start", "consume", "apply_eta_task", "reject"],
)
def test_a_method_that_is_replaced_or_called_takes_what_it_took(thing, parameters) -> None:
    assert list(inspect.signature(thing).parameters) == parameters, READ


@pytest.mark.parametrize(
    ("thing", "line"),
    [
        (redis.Channel._brpop_start, "self._queue_cycle.consume(len(self.active_queues))"),
        (redis.Channel._brpop_start, "if not queues:\n            return"),
        (redis.MultiChannelPoller._register_BRPOP, "channel._brpop_start()"),
        (strategy.default, "consumer.apply_eta_task"),
        (Consumer.apply_eta_task, "self.qos.decrement_eventually()"),
        (Consumer.on_close, "reserved_requests.update(tuple(active_requests))"),
        (tasks.Tasks.start, "c.update_strategies()"),
        (state.task_ready, "discard_reserved_request(request)"),
    ],
    ids=lambda value: getattr(value, "__qualname__", None),
)
def test_what_the_lanes_build_on_is_still_done_there(thing, line: str) -> None:
    assert line in inspect.getsource(thing), READ
