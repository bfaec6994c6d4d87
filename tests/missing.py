"""What to do where this machine lacks a tool that a test needs."""

import os
from typing import NoReturn

import pytest


def missing(sentence: str) -> NoReturn:
    """Fails in CI, where every tool has to be; skips elsewhere. Says what was not tried and why."""
    if os.environ.get("CI"):
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
