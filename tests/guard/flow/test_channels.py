"""What is left of the channels from withheld content to a controller, measured in bits."""

import pytest

from tests.guard.flow.channels import CHANNELS, OLD, SECRETS, Channel, bits_through

BY_NAME = [pytest.param(channel, id=channel.name) for channel in CHANNELS]


@pytest.mark.parametrize("channel", BY_NAME)
def test_no_channel_tells_more_than_is_stated(channel: Channel) -> None:
    """A quarter of the secrets, evenly apart."""
    assert bits_through(channel, secrets=SECRETS[::4]) <= channel.now + 0.05


@pytest.mark.slow
@pytest.mark.parametrize("channel", BY_NAME)
def test_the_stated_bits_are_those_measured(channel: Channel) -> None:
    """All secrets, with the flags of a run of before and with those of today."""
    assert bits_through(channel, OLD) == pytest.approx(channel.before, abs=0.05)
    assert bits_through(channel) == pytest.approx(channel.now, abs=0.05)
