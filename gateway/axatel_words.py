"""What Axatel's interfaces call the end of a fax: a SIP number and an error in Russian (axatel.md, outcomes).

Total over `Cause`. Their callers compare these texts, so they are a contract and no translation. 0 says that
no call was made; 200 with an error, that somebody answered and the fax still failed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gateway.domain.outcome import Cause

if TYPE_CHECKING:
    from datetime import datetime

NO_ERROR: Final = "null"
FAX_ERROR: Final = "ошибка факса: %s"
FILE_ERROR: Final = "ошибка файла: %s"

OUTCOMES: Final[dict[Cause, tuple[int, str]]] = {
    Cause.SENT: (200, NO_ERROR),
    Cause.RECEIVED: (200, NO_ERROR),
    Cause.BUSY: (486, "занято"),
    Cause.NO_ANSWER: (480, "нет ответа"),
    Cause.NO_CARRIER: (404, "нет соединения"),
    Cause.NO_DIALTONE: (503, "линия недоступна"),
    Cause.MODEM_ERROR: (503, "линия недоступна"),
    Cause.MODEM_BLACKLIST: (503, "линия недоступна"),
    Cause.VOICE_OR_DATA: (200, FAX_ERROR),
    Cause.REMOTE_CANNOT_RECEIVE: (200, FAX_ERROR),
    Cause.INCOMPATIBLE: (200, FAX_ERROR),
    Cause.TRAINING_FAILED: (200, FAX_ERROR),
    Cause.NO_RESPONSE_DCS: (200, FAX_ERROR),
    Cause.PAGE_REJECTED: (200, FAX_ERROR),
    Cause.NO_RESPONSE_PAGE: (200, FAX_ERROR),
    Cause.ECM_FAILED: (200, FAX_ERROR),
    Cause.REMOTE_DISCONNECT: (200, FAX_ERROR),
    Cause.CALL_DROPPED: (200, FAX_ERROR),
    Cause.POLL_REFUSED: (200, FAX_ERROR),
    Cause.BAD_PASSWORD: (200, FAX_ERROR),
    Cause.PROTOCOL: (200, FAX_ERROR),
    Cause.UNCERTAIN: (200, FAX_ERROR),
    Cause.CANCELLED: (487, "отменено"),
    Cause.NUMBER_REFUSED: (403, "номер запрещён"),
    Cause.NOTHING_TO_SEND: (0, "файл не найден"),
    Cause.UNREADABLE_DOCUMENT: (0, FILE_ERROR),
    Cause.UNSUPPORTED_DOCUMENT: (0, FILE_ERROR),
    Cause.ENCRYPTED_DOCUMENT: (0, FILE_ERROR),
    Cause.TOO_MANY_PAGES: (0, FILE_ERROR),
    Cause.TOO_LARGE: (0, FILE_ERROR),
    Cause.RENDER_FAILED: (0, FILE_ERROR),
    Cause.BAD_OPTION: (0, "недопустимый параметр"),
    Cause.CREDIT: (402, "лимит исчерпан"),
    Cause.EXPIRED: (408, "время истекло"),
    Cause.INTERNAL: (500, "внутренняя ошибка"),
    Cause.SIMULATED: (0, NO_ERROR),
}


def outcome_of(cause: Cause) -> tuple[int, str]:
    """Return the SIP number and the error of a cause; "null" is no error."""
    code, error = OUTCOMES[cause]
    return code, error % cause.value if "%s" in error else error


def stamp(moment: datetime | None) -> str:
    """Return a time as these interfaces write it: UTC without a zone, hundredths; "null" for none."""
    return NO_ERROR if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 10_000:02d}"
