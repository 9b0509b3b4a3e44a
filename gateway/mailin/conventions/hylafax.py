"""HylaFAX: the number in the domain (`user/R=low/N=done@5551212.fax.example.org`) and `X-FAX-` header fields.

Fields are an allow-list. `X-FAX-Dialstring` and the rest of what would change the number, and what concerns
cover pages and the printed header block, which we do not draw, is named in a warning and not followed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gateway.domain.errors import BadOption
from gateway.domain.modifiers import Wish
from gateway.mailin import headers as fields
from gateway.mailin.conventions.base import NOT_FOLLOWED, Family, Heard, Written, chosen, given, taken

if TYPE_CHECKING:
    from email.message import Message

RESOLUTIONS = {"low": "standard", "98": "standard", "high": "fine", "fine": "fine", "196": "fine"}
NOTICES = {
    "none": "never",
    "done": "always",
    "requeue": "failure",
    "done+requeue": "always",
    "requeue+done": "always",
    "when done": "always",
    "when requeued": "failure",
}
PAPERS = {"a4": "a4", "letter": "letter", "us-let": "letter", "legal": "legal", "us-leg": "legal", "b4": "b4"}


def priority(text: str) -> object:
    """Return our word for a scheduling priority: 0 to 255, lower first, 127 is usual; or HylaFAX's word."""
    words = {"high": "high", "normal": "normal", "default": "normal", "low": "low", "bulk": "low"}
    if text.lower() in words:
        return words[text.lower()]
    if not re.fullmatch(r"\d{1,3}", text):
        raise BadOption(f"{text!r} is not one of 0 to 255, {', '.join(words)}")
    return "high" if int(text) < 127 else "normal" if int(text) == 127 else "low"


def boolean(text: str) -> object:
    """Return the truth of HylaFAX's words for it."""
    return text.lower() in {"yes", "true", "1", "on"}


ROWS = {
    "vres": chosen("resolution", RESOLUTIONS),
    "pagesize": chosen("paper", PAPERS),
    "orientation": given("orientation"),
    "sendtime": given("defer"),
    "maxdials": given("dials"),
    "notify": chosen("notify", NOTICES),
    "priority": given("priority", priority),
    "textfont": given("font"),
    "textpointsize": given("font_size"),
    "linewrap": given("wrap", boolean),
    "tagline": given("header"),
    "autocoverpage": given("cover", boolean),
    "cover-regarding": NOT_FOLLOWED,
    "cover-comments": NOT_FOLLOWED,
    "dialstring": NOT_FOLLOWED,
    "killtime": NOT_FOLLOWED,
    "maxtries": NOT_FOLLOWED,
    "headers": NOT_FOLLOWED,
}
IN_ADDRESS = {"R": ROWS["vres"], "N": ROWS["notify"]}


def address(local: str, place: str) -> Written | None:
    """Return what such an address means; None where the domain holds no number."""
    if not re.fullmatch(r"[0-9-]+", place):
        return None
    user, *options = local.split("/")
    wishes = []
    for option in options:
        name, _, value = option.partition("=")
        if name.upper() not in IN_ADDRESS:
            raise BadOption(f"{option!r} is not one of {', '.join(IN_ADDRESS)}")
        wishes.append(Wish(f"{name.upper()}=", IN_ADDRESS[name.upper()], value))
    return Written(place, tuple(wishes), contact=user)


def headers(mail: Message) -> Heard:
    """Return what the `X-FAX-` fields wish; the last of several alike counts."""
    wishes: list[Wish] = []
    warnings: list[str] = []
    for name in dict.fromkeys(key for key, _ in mail.raw_items() if key.lower().startswith("x-fax-")):
        row = ROWS.get(name[6:].lower(), NOT_FOLLOWED)
        value = fields.text(mail, name)
        if row is ROWS["sendtime"] and value.lower() == "now":
            continue
        heard, told = taken(fields.clean(name)[:60], row, value)
        wishes += heard
        warnings += told
    return Heard("", tuple(wishes), tuple(warnings))


FAMILY = Family("hylafax", address=address, headers=headers)
