"""A mail of ours that comes back to our own listener is refused there, whatever it tells of."""

from __future__ import annotations

import pytest
from notify_fixtures import NINE, SENT, STAMP

from gateway.mail import serialise
from gateway.mailin.prescan import Rejected, prescan
from gateway.mailin.settings import SmtpLimits
from gateway.notify.result_mail import compose as compose_result
from gateway.receive.forward_mail import Received
from gateway.receive.forward_mail import compose as compose_forward

OURS = frozenset({"fax.example.org"})
FORWARD = serialise(compose_forward(Received(7, NINE, 1), b"pages", "pdf", STAMP))
RESULT = serialise(compose_result(SENT, STAMP))


@pytest.mark.parametrize("mail", [FORWARD, RESULT], ids=["forward", "result"])
def test_our_own_mail_is_never_faxed(mail: bytes) -> None:
    with pytest.raises(Rejected):
        prescan(mail, SmtpLimits(), OURS)


def test_a_forward_from_another_gateway_may_be_faxed() -> None:
    prescan(FORWARD, SmtpLimits(), frozenset({"fax.other.example"}))
