"""What the mail door says. A fault of ours is never a 5xx, and no reply shows our insides."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """One SMTP reply: code, enhanced status code (RFC 3463), text."""

    code: int
    status: str
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.status} {self.text}"

    @property
    def good(self) -> bool:
        """Whether what was asked was done."""
        return self.code < 400


OK = Reply(250, "2.0.0", "OK")
TELL_NOBODY = Reply(252, "2.5.0", "Send some mail and see")
BYE = Reply(221, "2.0.0", "Bye")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
TO_OPERATOR = Reply(250, "2.0.0", "Forwarded to the operator")
REPORT_TAKEN = Reply(250, "2.0.0", "Report taken")

SIGNED_IN = Reply(235, "2.7.0", "Signed in")
PASSWORD_NEEDED = Reply(
    550,
    "5.7.8",
    "This account sends with a password only: sign in (SMTP AUTH), or end the subject with /pw PASSWORD",
)
TOO_MANY_GUESSES = Reply(421, "4.7.0", "Too many wrong passwords, closing")
GUESSING = Reply(454, "4.7.0", "Too many wrong passwords from your address; try again in fifteen minutes")
WRONG_PASSWORD = Reply(
    535, "5.7.8", "Login and password do not belong together; passwords are those of users"
)
NOT_IN_THE_CLEAR = Reply(538, "5.7.11", "Passwords are not taken in the clear; say STARTTLS first")
NO_MECHANISM = Reply(504, "5.5.4", "Sign in by PLAIN or LOGIN")
SIGN_IN_CANCELLED = Reply(501, "5.7.0", "Signing in was cancelled")
BAD_RESPONSE = Reply(501, "5.5.2", "Neither base64 nor a login and a password of up to 255 octets")

BUSY = Reply(421, "4.3.2", "Too many connections from you or from everybody; try again in a minute")
CLOSING = Reply(421, "4.3.2", "Service closing, try again later")
TOO_SLOW = Reply(421, "4.4.2", "Waited too long, closing; connect again")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors, closing")

OUR_FAULT = Reply(451, "4.3.0", "Local trouble, try again later")
DISK_FULL = Reply(452, "4.3.1", "No room at the moment, try again later")
OTHER_OPTIONS = Reply(
    452, "4.5.3", "This address asks for other options than those before; send it in another mail"
)
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients; send the rest in another mail")

TOO_MANY_NUMBERS = Reply(
    452, "4.5.3", "With this list the mail has too many numbers; send the list in another mail"
)

LINE_TOO_LONG = Reply(500, "5.5.2", "Line too long")
BAD_LINE = Reply(500, "5.5.2", "Commands are printable ASCII and end in CRLF")
UNKNOWN_COMMAND = Reply(500, "5.5.1", "Command not known")
BAD_ARGUMENT = Reply(501, "5.5.4", "Syntax error in the argument")
BAD_SENDER = Reply(501, "5.1.7", "Not a sender address")
NOT_DONE = Reply(502, "5.5.1", "Command not offered")
WRONG_ORDER = Reply(503, "5.5.1", "Wrong order of commands")
NO_RECIPIENTS = Reply(503, "5.5.1", "No valid recipients")
BARE_LINE_END = Reply(
    550, "5.6.0", "A bare CR or LF is not taken; lines of a mail end in CRLF, see to the program that sends"
)
NO_RELAY = Reply(550, "5.7.1", "This host relays no mail; it takes addresses of its own fax domains only")
NOT_ALLOWED = Reply(
    550, "5.7.1", "Not allowed to send here: sender unknown or not proved; ask whoever runs this fax gateway"
)
PROOF_LATER = Reply(
    451, "4.7.0", "The sender cannot be proved right now (DNS does not answer); try again later"
)
NO_MAILBOX = Reply(550, "5.1.1", "No such mailbox; postmaster reaches whoever runs this fax gateway")
TOO_LARGE = Reply(
    552, "5.3.4", "The message is too large; send fewer or smaller attachments, or several mails"
)
ALONE = Reply(452, "4.5.3", "A certificate comes in a mail of its own; send the rest in another")
NUMBER_IN_SUBJECT = Reply(
    452, "4.5.3", "A mail with its fax number in the subject has that one recipient; send the rest in another"
)
BAD_RECIPIENT = Reply(553, "5.1.3", "Not a recipient address")
BAD_NUMBER = Reply(
    553, "5.1.3", "Not a fax number that can be dialled; write +, the country and the number before the @"
)
NO_LIST = Reply(553, "5.1.3", "There is no list of this name")
NUMBER_DENIED = Reply(
    553, "5.1.3", "This number may not be called from here; ask whoever runs this fax gateway"
)
BAD_PARAMETER = Reply(555, "5.5.4", "Parameter not known")


def bad_address(text: str) -> Reply:
    """Turn away a recipient whose address asks for something impossible; `text` as far as SMTP carries it."""
    shown = "".join(sign if " " <= sign <= "~" else "?" for sign in text)[:200]
    return Reply(553, "5.1.3", f"The address asks for something impossible: {shown}")


def queued(number: int) -> Reply:
    """Give the promise: on stable storage, under this number."""
    return Reply(250, "2.0.0", f"queued as {number}")


def rejected(status: str, text: str) -> Reply:
    """Turn away a mail that cannot become a fax."""
    return Reply(550, status, text)


def bad_dsn(parameter: str) -> Reply:
    """Refuse a value of a parameter of RFC 3461."""
    return Reply(501, "5.5.4", f"{parameter} is not as RFC 3461 has it")
