"""A fax taken back while its call stands, and sent again: commands and lines are different processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli_fixtures import answer, postline
from house import House
from waiting import wait_until

from gateway.demo import settings
from gateway.domain.outcome import Cause
from gateway.domain.states import DeliveryState

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.timeout(300)


def test_a_call_that_rings_is_cancelled_within_seconds_and_the_fax_sent_again(tmp_path: Path) -> None:
    with House(tmp_path, speed="1.0") as house:
        house.start_all()
        document = tmp_path / "order.txt"
        document.write_text("five chairs\n")
        sent = answer("send", settings.SILENT, document, "--config", house.config_file)
        number = sent["number"]
        wait_until(lambda: house.state_of(number) is DeliveryState.DIALLING, 60, "the call to ring")
        assert answer("cancel", number, "--config", house.config_file)["state"] == "ending the call"
        delivery = house.delivery(number, 20)
        assert (delivery.state, delivery.cause) == (DeliveryState.CANCELLED, Cause.CANCELLED)
        assert (delivery.pages_confirmed, delivery.dials) == (0, 1)
        assert postline("cancel", number, "--config", house.config_file).returncode == 0  # as asked, again
        again = postline("resend", number, "--to", settings.FAX, "--wait", "--config", house.config_file)
        assert again.returncode == 0, again.stderr
        assert again.stdout.splitlines()[-1] == "sent"
        assert house.state_of(number) is DeliveryState.CANCELLED
