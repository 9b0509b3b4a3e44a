"""From wishes to pages and calls: whose word counts, what a delivery and the renderer get of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from intake_fixtures import House, Scripted, a_reading

from gateway.domain.options import SCHEMA
from gateway.domain.outcome import Cause
from gateway.domain.states import FaxState
from gateway.intake.wishes import Wishes, defaults
from gateway.store.models import Account, Delivery, Fax, Sender, User
from render.document import Rendering, Settings

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from render.sandbox import Sandbox


async def settle(house: House, *, account: dict[str, Any], user: dict[str, Any] | None = None) -> None:
    """Give the account settings, and the user behind alice too."""

    def write(session: Session) -> None:
        owner = session.get_one(Account, 1)
        owner.settings = {**owner.settings, **account}
        if user is not None:
            session.add(User(id=7, account_id=1, login="alice", settings=user))
            session.query(Sender).filter_by(pattern="alice@acme.example").one().user_id = 7

    await house.store.run(write)


async def sent_by_alice(session_house: House, fax_id: int = 1) -> None:
    """Name the user behind the sender, as the door does."""

    def write(session: Session) -> None:
        session.get_one(Fax, fax_id).user_id = 7

    await session_house.store.run(write)


def one_page() -> Rendering:
    return Rendering({"fine": b"II"}, pages=1)


async def drawn(house: House, **wished: Any) -> tuple[Fax, Delivery, Settings]:
    """Return what became of a mail that wishes this, and how it was drawn."""
    await house.submit(b"\r\nhello")
    scripted = Scripted(a_reading(options=wished), one_page())
    await house.role(scripted).sweep()
    return await house.one(Fax), await house.one(Delivery), scripted.given[1][1]


async def test_what_is_wished_of_the_calls_reaches_the_delivery(house: House) -> None:
    wished = {
        "dials": 2,
        "interval_minutes": 9,
        "priority": "high",
        "contact": "山田 太郎",
        "csid": "+81 3 1",
    }
    fax, delivery, _ = await drawn(house, **wished)
    assert (delivery.max_dials, delivery.interval_minutes, delivery.priority) == (2, 9, 1)
    assert delivery.contact == "山田 太郎"
    assert fax.options == wished


async def test_what_is_wished_of_the_pages_reaches_the_renderer(house: House) -> None:
    wished = {
        "paper": "letter",
        "orientation": "landscape",
        "font": "MS Mincho",
        "font_size": 14,
        "keep_backgrounds": True,
        "fit": False,
        "wrap": False,
        "rendering": "grayscale",
    }
    _, _, settings = await drawn(house, **wished)
    assert settings == Settings(
        paper="letter",
        orientation="landscape",
        font="MS Mincho",
        font_size=14,
        keep_backgrounds=True,
        fit=False,
        wrap=False,
        rendering="grayscale",
    )


async def test_a_fax_without_wishes_is_drawn_and_dialled_as_ever(house: House) -> None:
    fax, delivery, settings = await drawn(house)
    assert settings == Settings()
    assert (fax.options, delivery.max_dials, delivery.interval_minutes) == ({}, 4, None)


async def test_the_mail_goes_before_the_user_and_the_user_before_the_account(house: House) -> None:
    await settle(
        house,
        account={"defaults": {"paper": "letter", "font_size": 8, "resolution": "standard"}, "csid": "1"},
        user={"defaults": {"font_size": 9, "resolution": "fine"}, "csid": "2"},
    )
    await house.submit(b"\r\nhello")
    await sent_by_alice(house)
    scripted = Scripted(a_reading(options={"font_size": 12}), one_page())
    await house.role(scripted).sweep()
    fax = await house.one(Fax)
    assert fax.options == {"paper": "letter", "font_size": 12, "resolution": "fine", "csid": "2"}
    assert scripted.given[1][1] == Settings(paper="letter", font_size=12)


async def test_a_default_of_the_account_decides_which_parts_are_faxed(house: House, sandbox: Sandbox) -> None:
    await settle(house, account={"defaults": {"body": "only"}})
    mail = (
        b'Subject: Order\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nfive chairs\r\n--b\r\nContent-Type: text/plain; name=a.txt\r\n\r\nx\fy\fz\r\n--b--\r\n"
    )
    await house.submit(mail)
    await house.role(sandbox).sweep()
    fax = await house.one(Fax)
    assert (fax.pages, fax.options) == (1, {"body": "only"})


async def test_an_operators_own_name_of_a_modifier_is_understood(house: House, sandbox: Sandbox) -> None:
    await house.submit(b"Subject: Order /retry 1 /quer\r\n\r\nfive chairs\r\n")
    await house.role(sandbox, aliases={"/retry": "/retries", "/quer": "/landscape"}).sweep()
    fax, delivery = await house.one(Fax), await house.one(Delivery)
    assert (fax.subject, fax.options) == ("Order", {"dials": 2, "orientation": "landscape"})
    assert delivery.max_dials == 2


async def test_a_bad_argument_refuses_the_fax_and_names_the_word(house: House, sandbox: Sandbox) -> None:
    await house.submit(b"Subject: Order /fontsize x\r\n\r\nfive chairs\r\n")
    await house.role(sandbox).sweep()
    fax = await house.one(Fax)
    assert (fax.state, fax.cause, fax.subject) == (FaxState.REFUSED, Cause.BAD_OPTION, "Order")
    assert fax.cause_detail == "/fontsize: 'x' is not a size from 5 to 72 points"


async def test_an_account_may_have_bad_arguments_passed_over_with_a_warning(
    house: House, sandbox: Sandbox
) -> None:
    await settle(house, account={"subject_errors": "ignore"})
    await house.submit(b"Subject: Order /fontsize x /rf\r\n\r\nfive chairs\r\n")
    await house.role(sandbox).sweep()
    fax = await house.one(Fax)
    assert (fax.state, fax.options) == (FaxState.READY, {"resolution": "fine"})
    assert fax.warnings == ["/fontsize: 'x' is not a size from 5 to 72 points"]


async def test_a_result_may_go_to_another_address_of_the_account(house: House) -> None:
    fax, _, _ = await drawn(house, reply_to="sales@orders.acme.example")
    assert (fax.state, fax.notify_to) == (FaxState.READY, "sales@orders.acme.example")


@pytest.mark.parametrize("stranger", ["bob@other.example", "eve@evil.example"])
async def test_a_result_never_goes_to_a_stranger_and_the_sender_is_told(house: House, stranger: str) -> None:
    await house.submit(b"\r\nhello")
    await house.role(Scripted(a_reading(options={"reply_to": stranger}))).sweep()
    fax = await house.one(Fax)
    assert (fax.state, fax.cause) == (FaxState.REFUSED, Cause.BAD_OPTION)
    assert fax.notify_to == "alice@acme.example"
    assert fax.cause_detail == f"{stranger} is no address of this account, and gets no result"


async def test_a_password_is_not_kept_with_the_fax(house: House) -> None:
    fax, _, _ = await drawn(house, password="geheim", paper="a4")
    assert fax.options == {"paper": "a4"}


async def test_a_contact_of_the_mail_goes_before_the_names_in_its_header(house: House) -> None:
    await house.submit(b"\r\nhello")
    named = a_reading(options={"contact": "Mr. X"}, contacts={"0081312345678": "Somebody"})
    await house.role(Scripted(named, one_page())).sweep()
    assert (await house.one(Delivery)).contact == "Mr. X"


def test_defaults_are_held_against_the_schema() -> None:
    account = Account(settings={"csid": "1", "defaults": {"paper": "A4", "dials": "3"}})
    assert defaults(account) == {"csid": "1", "paper": "a4", "dials": 3}
    assert defaults(Account(settings={}), User(settings={"defaults": {"fit": True}})) == {"fit": True}


def test_every_option_has_somebody_who_heeds_it() -> None:
    """An option that nobody reads would be a promise without effect."""
    by_pages = {"paper", "orientation", "font", "font_size", "keep_backgrounds", "fit", "wrap", "rendering"}
    by_calls = {"dials", "interval_minutes", "priority", "contact", "csid", "resolution", "header"}
    by_door = {"body", "defer", "reply_to", "notify", "password"}
    shown = {"reference"}
    refused = {"cover"}
    assert by_pages | by_calls | by_door | shown | refused == set(SCHEMA)
    assert set(Settings.__dataclass_fields__) >= by_pages
    assert Wishes({}).for_pages(max_pages=200, language="") == Settings()


async def test_the_reader_is_told_what_the_account_prefers(house: House) -> None:
    await settle(
        house,
        account={"conventions": ["gfi"], "attachment_order": "name", "default_charset": "euc-jp"},
        user={"conventions": ["gfi", "faximo"], "attachment_order": "mime", "header": "{From}"},
    )
    for by_alice in (False, True):
        await house.submit(b"\r\nhello")
        if by_alice:
            await sent_by_alice(house, 2)
        scripted = Scripted(a_reading(options={"header": None}), one_page())
        await house.role(scripted).sweep()
        context, settings = scripted.given[0][1], scripted.given[1][1]
        assert context["conventions"] == (["gfi", "faximo"] if by_alice else ["gfi"])
        assert context["attachment_order"] == "name"  # faximo sorts by name
        assert context["default_charset"] == settings.default_charset == "euc-jp"
        fax = await house.store.read(lambda s: s.query(Fax).order_by(Fax.id.desc()).first())
        assert fax is not None
        assert fax.options["header"] == ("{From}" if by_alice else None)  # None: the account's, when dialled
