"""Which channels the settings switch on."""

import pytest

from app.errors import ConfigurationError
from app.infrastructure.channels import configured_channels
from app.settings import Settings

WHATSAPP = {"whatsapp_phone_number_id": "100200300", "whatsapp_access_token": "not-shown"}


def test_nothing_configured_means_no_channel() -> None:
    assert configured_channels(Settings()) == {}


def test_each_channel_stands_under_its_name() -> None:
    found = configured_channels(Settings(**WHATSAPP, smtp_url="smtp://mail.example"))
    assert {name: channel.name for name, channel in found.items()} == {
        "whatsapp": "whatsapp",
        "email": "email",
    }


@pytest.mark.parametrize("name", sorted(WHATSAPP))
def test_whatsapp_configured_by_halves_is_one_sentence_without_the_token(name: str) -> None:
    with pytest.raises(ConfigurationError, match="WHATSAPP_ACCESS_TOKEN") as caught:
        configured_channels(Settings(**{name: WHATSAPP[name]}))
    assert "not-shown" not in str(caught.value)
