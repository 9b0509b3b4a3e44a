"""The answer to a certificate that came by mail: what was kept and what it does (docs/smime.md).

Always signed, so that its reader gets our certificate with it. It goes to the address whose signature was
checked, and quotes nothing of the mail it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from gateway.language import language_of, translations
from gateway.mail import UTF8_BASE64, begin, message_id_of
from gateway.notice import Notice, zoned_time
from gateway.notify.office import from_nobody
from gateway.store import reports
from gateway.store.models import Account

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.mail import OutgoingMail
    from gateway.notify.office import Office
    from gateway.notify.sender import Work
    from gateway.store.leases import MailLease


@dataclass(frozen=True, slots=True)
class EnrolledWriter:
    """Writes the answers."""

    office: Office

    def __call__(self, session: Session, lease: MailLease) -> Work:
        """Read in which language the account is written to."""
        account = session.get_one(Account, lease.data["account_id"])
        language = language_of(str(reports.notify_settings(session, account).get("language", "en")))
        return partial(self.write, lease, language, account.timezone)

    def write(self, lease: MailLease, language: str, timezone: str) -> OutgoingMail:
        """Compose the answer."""
        gettext = translations(language).ugettext
        mail = begin(
            self.office.stamp(lease), gettext("Your certificate is stored"), auto_submitted="auto-replied"
        )
        if request := message_id_of(str(lease.data.get("request_id", ""))):
            mail["In-Reply-To"] = mail["References"] = request
        notice = notice_of(lease, language, timezone)
        mail.set_content(notice.as_text(language, self.office.stationery), **UTF8_BASE64)
        return from_nobody(mail)


def notice_of(lease: MailLease, language: str, timezone: str) -> Notice:
    """Return what the answer says."""
    gettext = translations(language).ugettext
    until = datetime.fromisoformat(str(lease.data["not_after"]))
    mark = str(lease.data["fingerprint"]).upper()
    return Notice(
        opening=gettext(
            "Your certificate is stored. Faxes forwarded to this address are now encrypted to it."
        ),
        rows=(
            (gettext("Mail address"), lease.recipient),
            (gettext("Name"), str(lease.data["subject"])),
            (gettext("SHA-256 fingerprint"), ":".join(mark[n : n + 2] for n in range(0, len(mark), 2))),
            (gettext("Valid until"), zoned_time(until, timezone)),
        ),
        remarks=(
            gettext(
                "This mail is signed: it brings the certificate to which you can encrypt mail to fax numbers."
            ),
            gettext("If you did not send your certificate, tell whoever runs this gateway."),
        ),
    )
