"""Celery's pool, with two of its looks at its children at a better time.

A recycled child is replaced at once instead of up to five seconds later. A child that exits closes
its files a moment before the kernel has its exit code. Celery looks once when the files close,
often too early, and then by a timer of five seconds (celery 5.7, concurrency/asynpool.py,
`timers`). Where concurrency is 1 the whole queue waits meanwhile.

A hard limit strikes after the loop has heard its children. While it connects anew to a Redis that
was away, it hears nobody; then its timers come first, and Celery failed runs that ended in time.
"""

from typing import Any

from celery.concurrency import asynpool, prefork

LOOK_AGAIN = 0.05  # s
HEAR_FIRST = 0.5  # s: the loop looks at its children at least once meanwhile


class PromptPool(asynpool.AsynPool):
    """Looks again until a child that is about to be gone is gone; hears one before it is killed."""

    def register_with_event_loop(self, hub: Any) -> None:
        """Keeps the loop, for the timer below."""
        self._loop = hub
        super().register_with_event_loop(hub)

    def _on_hard_timeout(self, job: int) -> None:
        self._loop.call_later(HEAR_FIRST, super()._on_hard_timeout, job)

    def _event_process_exit(self, hub: Any, proc: Any) -> None:
        super()._event_process_exit(hub, proc)
        self._look_again(hub, proc)

    def _look_again(self, hub: Any, proc: Any) -> None:
        if proc in self._pool:
            self.maintain_pool()
            hub.call_later(LOOK_AGAIN, self._look_again, hub, proc)


class TaskPool(prefork.TaskPool):
    """What `worker_pool` names."""

    Pool = PromptPool
