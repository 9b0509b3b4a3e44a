"""The mail that says why a mail of a proved sender became no fax: what was wrong, its code, what to do.

Only mail that was taken over before it could be judged is refused so (fetched from a mailbox); in the SMTP
dialogue the refusal is the reply. A refused mail has no transaction: the answer names it by its subject and
Message-ID. Programs that read CSV or XML get the text, for there is no record to put into fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from gateway.details import said
from gateway.domain.outcome import Cause
from gateway.language import N_, language_of, translations
from gateway.mail import UTF8_BASE64, begin, write_text
from gateway.notice import Notice
from gateway.notify import axatel
from gateway.notify.codes import enhanced_of, status_of
from gateway.notify.office import from_nobody
from gateway.notify.result_mail import REPLIED, answers, subject_line
from gateway.notify.rows import Taste
from gateway.stationery import OURS
from gateway.store import reports
from gateway.store.models import Account
from gateway.wording import WORDS

if TYPE_CHECKING:
    from email.message import EmailMessage

    from sqlalchemy.orm import Session

    from gateway.mail import OutgoingMail, Stamp
    from gateway.notify.office import Office
    from gateway.notify.sender import Work
    from gateway.stationery import Stationery
    from gateway.store.leases import MailLease

TITLE: Final = N_("Mail not accepted for faxing")
TITLE_IN_PART: Final = N_("Some numbers not accepted for faxing")
NOTHING: Final = N_("Your mail was not accepted for faxing. Nothing was sent.")
THE_REST: Final = N_(
    "Some numbers of your mail were not accepted; nothing is sent to those. The fax to the others goes on."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A mail that became no fax, or (`in_part`) none for some of its numbers, the others being dialled.

    `reason` is a sentence of `gateway.details`, or shown as it is.
    """

    cause: Cause
    reason: str
    subject: str = ""
    request_id: str = ""
    language: str = "en"
    html: bool = False
    legacy: bool = False
    in_part: bool = False


@dataclass(frozen=True, slots=True)
class RefusalWriter:
    """Writes refusals from what `store.reports.owe_refusal` put into the row."""

    office: Office

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read how the account wants its mails; the work composes the refusal."""
        account = session.get_one(Account, lease.data["account_id"])
        taste = Taste.of(reports.notify_settings(session, account, lease.data.get("user_id")))
        refusal = Refusal(
            cause=Cause(lease.data["cause"]),
            reason=str(lease.data["reason"]) if taste.contents else "",
            subject=str(lease.data["subject"]) if taste.contents else "",
            request_id=str(lease.data["request_id"]),
            language=taste.language,
            html=taste.format == "html",
            legacy=taste.legacy,
            in_part=bool(lease.data.get("in_part")),
        )
        if lease.data.get("face") == "axatel":
            return partial(self.write_status, refusal, self.office.stamp(lease))
        return partial(self.write, refusal, self.office.stamp(lease))

    def write(self, refusal: Refusal, stamp: Stamp) -> OutgoingMail:
        """Compose the refusal."""
        return from_nobody(compose(refusal, stamp, self.office.stationery))

    def write_status(self, refusal: Refusal, stamp: Stamp) -> OutgoingMail:
        """Compose the refusal of Axatel's mail face."""
        return from_nobody(axatel.compose_refusal(refusal, stamp))


def compose(refusal: Refusal, stamp: Stamp, stationery: Stationery = OURS) -> EmailMessage:
    """Return the mail that refuses."""
    language = language_of(refusal.language)
    title = translations(language).ugettext(TITLE_IN_PART if refusal.in_part else TITLE)
    subject = subject_line(title, refusal.subject, language, stationery, arrow="<-")
    mail = begin(stamp, subject, auto_submitted=REPLIED)
    answers(mail, refusal.request_id)
    notice = notice_of(refusal, language)
    write_text(mail, notice.as_text(language, stationery), legacy=refusal.legacy and language == "ja")
    if refusal.html:
        mail.add_alternative(notice.as_html(language, stationery), subtype="html", **UTF8_BASE64)
    return mail


def notice_of(refusal: Refusal, language: str) -> Notice:
    """Return what a person reads about a refusal."""
    gettext = translations(language).ugettext
    words, page = WORDS[refusal.cause], {"page": 1}
    why, advice = gettext(words.why) % page, gettext(words.advice) % page if words.advice else ""
    status, enhanced = str(status_of(refusal.cause)), enhanced_of(refusal.cause)
    return Notice(
        opening=gettext(THE_REST if refusal.in_part else NOTHING),
        reasons=(
            (gettext("Why"), why),
            (gettext("Detail"), said(refusal.reason, language)),
            (gettext("What to do"), advice),
        ),
        rows=(
            (gettext("Result"), f"{status}-{why}"),
            (gettext("Status code"), enhanced),
            (gettext("Subject"), refusal.subject),
            (gettext("Message-ID"), refusal.request_id),
        ),
        facts={
            "kind": "refusal",
            "cause": refusal.cause.value,
            "status": status,
            "enhanced": enhanced,
            "reason": refusal.reason,
            "subject": refusal.subject,
            "request_id": refusal.request_id,
        },
    )
