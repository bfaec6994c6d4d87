"""What counts as a credential that was invented for a demo."""

import pytest

from app.errors import ConfigurationError
from app.settings import Settings, carries_demo_mark, refuse_demo_values


@pytest.mark.parametrize(
    "value",
    [
        "demo-x",
        "own,demo-x",
        "own, demo-x",  # API_KEYS may have spaces after its commas
        "fiscal:demo-x",
        "own:secret,fiscal:demo-x",
        "postgresql://fiscal:demo-x@db:5432/fiscal",
        "redis://:demo-x@redis:6379/0",
    ],
)
def test_a_demo_credential_is_seen_wherever_it_stands(value: str) -> None:
    assert carries_demo_mark(value)


@pytest.mark.parametrize("value", ["own", "my-demo-key", "redis://:own@demo-redis:6379/0"])
def test_ones_own_credential_may_contain_the_word(value: str) -> None:
    assert not carries_demo_mark(value)


def test_production_refuses_the_demo_login_of_flower() -> None:
    settings = Settings(flower_basic_auth="fiscal:demo-x")
    with pytest.raises(ConfigurationError, match="FLOWER_BASIC_AUTH"):
        refuse_demo_values(settings)
