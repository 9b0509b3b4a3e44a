"""What our parts noted about a fax, said to people in their language: in result mails and on its page.

The renderer and the reader of mails run in children without catalogues; they write English, `file: sentence`.
The queue notes why it stopped dialling as a word (`domain/retry.py`). Both are stored as they are, for logs
and programs. Here a note is recognised by its shape and said again for a person; the name of the file and
what stood in a hole are kept. A note of no known shape stays as it is: better that than no reason.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

from gateway.language import N_, translations

if TYPE_CHECKING:
    from collections.abc import Mapping

STOPPED: Final[Mapping[str, str]] = {
    "final-cause": "",  # the cause says it all
    "dials-used": N_("It was dialled as often as the account allows."),
    "not-a-fax": N_("It was dialled several times, and no fax machine ever answered."),
    "fault-lasts": N_("The fault has lasted too long for this fax to wait any longer."),
}
"""Why the queue dials no more; the words are those of `domain/retry.py`."""

SENTENCES: Final = (
    N_("The PDF is damaged."),
    N_("The PDF asks for a password."),
    N_("The PDF is protected in a way we cannot open."),
    N_("Page %(num)s of the PDF is damaged."),
    N_("The picture is damaged."),
    N_("The picture cannot be read."),
    N_("The picture has more than %(num)s million pixels."),
    N_("This is not a TIFF file."),
    N_("The TIFF file is damaged."),
    N_("The TIFF file's directories run in a circle."),
    N_("The TIFF file does not hold fax pages."),
    N_("A fax page could not be decoded."),
    N_("This kind of document cannot be faxed (%(kind)s)."),
    N_("The text is longer than %(num)s pages."),
    N_("The fax would have more than %(num)s pages."),
    N_("%(pages)s pages to %(numbers)s numbers are more than %(num)s."),
    N_("There is nothing to send: no page was found in the message."),
    N_("The file is blank."),
    N_("The file is blank and was left out."),
    N_("The mail holds nothing that could be faxed."),
    N_("The submission came without a document."),
    N_("The mail has too many parts, or they are nested too deep."),
    N_("The parts of the mail are too large when they are unpacked."),
    N_("Signed or encrypted mail cannot be read by this gateway."),
    N_("The document took too long to draw."),
    N_("The renderer crashed on this document (%(name)s)."),
    N_("The document needs more memory than allowed."),
    N_("The renderer failed on this document."),
    N_("The renderer ended without an answer."),
    N_("The message could not be read."),
    N_("A fault of this gateway; its log says more."),
    N_("some characters could not be read as %(name)s."),
    N_("pictures and signs that no font here has were put in words."),
    N_("this kind of file was left out."),
    N_("the layout could not be followed; its words were drawn as plain text."),
    N_("winmail.dat: %(what)s was left out: send it as plain mail"),
    N_("A file in yEnc was left out: attach the file itself"),
    N_("winmail.dat was left out: ask the sender for the attachments themselves"),
    N_("%(word)s is not a modifier"),
    N_("%(word)s is not followed by this gateway"),
    N_("files of this gateway are never sent"),
    N_("a call to this number costs more than an ordinary call."),
    N_("%(time)s is more than 30 days ahead."),
    N_("%(text)s is no time; write `2030-01-31 09:30`, or `09:30` for the next such time"),
    N_("%(text)s is not one of %(words)s"),
    N_("%(text)s is not a whole number from %(low)s to %(high)s"),
    N_("%(text)s is not a size from %(low)s to %(high)s points"),
    N_("this takes one line of %(low)s to %(high)s characters"),
    N_("%(text)s is not a mail address"),
    N_("this gateway has no cover pages"),
    N_("%(address)s is no address of this account, and gets no result"),
    N_("It was not approved."),
    N_("The account's spending cap was reached and left no room for this fax for a day."),
    N_("The mail must hold one attachment, a TIFF file; it holds %(num)s attachments."),
    N_("The mail names no fax number."),
    N_("The subject names no fax number."),
    N_("The subject names more than one number."),
    N_("Not a fax number that can be dialled: %(numbers)s."),
    N_("Not allowed to be called from here: %(numbers)s."),
    N_("Too many numbers for one mail; not sent to: %(numbers)s."),
    N_("The mail is larger than this gateway takes."),
    N_("The font %(name)s is not known here; the usual one was taken."),
)
"""What the renderer and the reader of mails say; a test compares this with what they can raise."""

NOTES: Final = (
    N_("the drawn pages are no longer on disk"),
    N_("the drawn pages cannot be used: %(text)s"),
    N_("%(number)s is an emergency number."),
)
"""What the queue and the line note; a test compares this with them."""

TWICE: Final = N_("Page %(page)s may have arrived twice: the first time its confirmation was not seen.")
"""What a sender is told of a page that was sent again because nobody knew whether it had arrived."""

ARRIVED: Final = re.compile(r"page \d+ may have arrived; its confirmation was not seen")
"""The queue's note about an uncertain fax, for logs and programs; to a person the cause says the same."""

HOLE: Final = re.compile(r"%\((\w+)\)s")


def said(note: str, language: str) -> str:
    """Return a note for a person; "" where the cause already says it."""
    gettext = translations(language).ugettext
    if ARRIVED.fullmatch(note):
        return ""
    if note in STOPPED:
        return gettext(STOPPED[note]) if STOPPED[note] else ""
    for shape, sentence in shapes():
        if found := shape.fullmatch(note):
            held = found.groupdict(default="")
            return held.pop("file") + gettext(sentence) % held
    return note


@cache
def shapes() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return what each sentence looks like with its holes filled, behind the name of a file or without."""
    return tuple(
        (re.compile(f"(?P<file>(?:.+: )?){shape(text)}", re.DOTALL), text)
        for text in (*NOTES, *SENTENCES, TWICE)
    )


def shape(sentence: str) -> str:
    """Return a pattern that fits a sentence with anything in its holes."""
    words = HOLE.split(sentence)  # text, name of a hole, text, ...
    return "".join(f"(?P<{word}>.+)" if n % 2 else re.escape(word) for n, word in enumerate(words))
