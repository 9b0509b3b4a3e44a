"""Mail that attacks its reader: nesting, bombs, lies about structure, broken encodings, names and headers.

Each is made small and grows in the reading, or is broken in one way. What is asked of every one: an answer,
documents or a refusal, within seconds and a bounded memory, and never a crash.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from building import PDF, attached, b64, entity, mail, multipart, qp
from hostile_documents import HELLO, html, packed, pdfs, pictures, text

if TYPE_CHECKING:
    from collections.abc import Iterator


def mails() -> Iterator[tuple[str, bytes]]:
    """Yield (name, mail)."""
    for family in (
        structure, boundaries, headers, parameters, transfer, charsets, html, pictures, pdfs, packed, nests,
        text, random_damage,
    ):  # fmt: skip
        for name, raw in family():
            yield f"{family.__name__}-{name}", raw


def structure() -> Iterator[tuple[str, bytes]]:
    for depth in (19, 20, 21, 100, 1000, 5000, 20_000):
        yield f"nested-{depth}", mail(nested(depth))
    for count in (499, 500, 501, 5000, 50_000):
        part = b"--b\r\n\r\nx\r\n" * count
        yield (
            f"parts-{count}",
            mail(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part + b"--b--\r\n"),
        )
    for depth in (3, 4, 30, 1000, 10_000):
        yield (
            f"messages-{depth}",
            mail(b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: x\r\n\r\nx\r\n"),
        )
    yield "empty", b""
    yield "one-byte", b"x"
    yield "only-crlf", b"\r\n"
    yield "only-header", b"Subject: x\r\n"
    yield "nul-bytes", mail(entity(b"text/plain", b"a\0b\0\0c"))
    yield "all-nul", b"\0" * 100_000
    yield "all-bytes", mail(entity(b"text/plain", bytes(range(256)) * 100))
    yield "binary-only", random.Random(1).randbytes(200_000)
    yield "multipart-without-parts", mail(multipart("mixed"))
    yield "alternative-without-parts", mail(multipart("alternative"))
    yield (
        "alternative-of-nothing-known",
        mail(multipart("alternative", entity(b"text/calendar", b"x"), entity(b"video/mp4", b"x"))),
    )
    yield (
        "alternative-of-alternatives",
        mail(multipart("alternative", multipart("alternative", HELLO, boundary="i"), HELLO)),
    )
    yield "digest", mail(multipart("digest", b"\r\nSubject: a\r\n\r\none", b"\r\nSubject: b\r\n\r\ntwo"))
    yield "partial", mail(entity(b"message/partial; id=x; number=1; total=2", b"x"))
    yield (
        "external-body",
        mail(
            entity(
                b'message/external-body; access-type=URL; URL="file:///etc/passwd"',
                b"Content-Type: text/plain\r\n\r\n",
            )
        ),
    )
    yield "report", mail(multipart("report", HELLO))
    yield (
        "delivery-status",
        mail(multipart("mixed", entity(b"message/delivery-status", b"Status: 5.0.0\r\n"))),
    )
    yield "rfc822-empty", mail(b"Content-Type: message/rfc822\r\n\r\n")
    yield "rfc822-in-base64-bomb", mail(entity(b"message/rfc822", nested(3000), "base64"))
    yield (
        "signed",
        mail(
            multipart("signed", HELLO, entity(b"application/pkcs7-signature; name=smime.p7s", b"x", "base64"))
        ),
    )
    yield (
        "encrypted-deep",
        mail(
            multipart(
                "mixed",
                multipart(
                    "mixed", entity(b"application/pkcs7-mime; name=smime.p7m", b"x", "base64"), boundary="i"
                ),
            )
        ),
    )
    yield (
        "p7m-by-name",
        mail(multipart("mixed", attached(b"application/octet-stream", b"x", b'filename="a.P7M"'))),
    )
    yield (
        "p7m-by-encoded-name",
        mail(
            multipart("mixed", attached(b"application/octet-stream", b"x", b"filename*=utf-8''smime%2Ep7m"))
        ),
    )
    yield (
        "pgp-inline",
        mail(
            entity(b"text/plain", b"-----BEGIN PGP MESSAGE-----\r\n\r\nhQ\r\n-----END PGP MESSAGE-----\r\n")
        ),
    )


def nested(depth: int) -> bytes:
    """Return multiparts inside each other, flat in memory while they are made."""
    head = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (n, n) for n in range(depth)
    )
    return head + b"\r\nhello\r\n" + b"".join(b"--b%d--\r\n" % n for n in reversed(range(depth)))


def boundaries() -> Iterator[tuple[str, bytes]]:
    def with_boundary(value: bytes, mark: bytes = b"b", tail: bytes = b"--\r\n") -> bytes:
        head = b"Content-Type: multipart/mixed" + value + b"\r\n\r\n"
        return mail(head + b"--" + mark + b"\r\n\r\nhello\r\n--" + mark + tail)

    yield "missing", with_boundary(b"")
    yield "empty", with_boundary(b'; boundary=""', b"")
    yield "unquoted-special", with_boundary(b"; boundary=a=b?c", b"a=b?c")
    yield "trailing-blank", with_boundary(b'; boundary="b "', b"b ")
    yield "not-used", with_boundary(b"; boundary=zzz")
    yield "unclosed", with_boundary(b"; boundary=b", tail=b"")
    yield "end-missing", mail(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello")
    yield "twice", with_boundary(b"; boundary=x; boundary=b")
    yield "in-comment", with_boundary(b" (boundary=x); boundary=b")
    yield "rfc2231", with_boundary(b"; boundary*=us-ascii''b")
    yield "rfc2231-pieces", with_boundary(b"; boundary*0=ab; boundary*1=cd", b"abcd")
    yield "long", with_boundary(b"; boundary=" + b"x" * 60_000, b"x" * 60_000)
    yield "regex", with_boundary(b'; boundary="(.*)+[a-z"', b"(.*)+[a-z")
    yield "non-ascii", with_boundary(b'; boundary="\xe3\x81\x82"', b"\xe3\x81\x82")
    yield "prefix", mail(multipart("mixed", multipart("mixed", HELLO, boundary="bb"), boundary="b"))
    yield "same-inside", mail(multipart("mixed", multipart("mixed", HELLO, boundary="b"), boundary="b"))
    yield (
        "no-header-end",
        mail(
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n--b--\r\n"
        ),
    )
    yield "dash-lines", mail(entity(b"multipart/mixed; boundary=b", b"--\r\n" * 200_000))
    yield (
        "many-like",
        mail(
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"--bx\r\n" * 90_000
            + b"--b\r\n\r\nhi\r\n--b--\r\n"
        ),
    )
    yield "deep-dash-lines", mail(nested(20).replace(b"hello", b"--b19x\r\n" * 90_000))
    yield (
        "preamble-bomb",
        mail(
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            + b"x" * 2_000_000
            + b"\r\n--b\r\n\r\nhi\r\n--b--\r\n"
        ),
    )
    yield "epilogue-bomb", mail(multipart("mixed", HELLO)) + b"x\r\n" * 300_000


def headers() -> Iterator[tuple[str, bytes]]:
    body = b"\r\n\r\nhello\r\n"
    yield "huge-field", b"Subject: " + b"x" * 4_000_000 + body
    yield "field-at-limit", b"Subject: " + b"x" * (65_536 - 9) + body
    yield "field-past-limit", b"Subject: " + b"x" * (65_536 - 8) + body
    yield "folded-huge", b"Subject: x" + b"\r\n x" * 1_000_000 + body
    yield "fields-1000", b"A: b\r\n" * 999 + b"Subject: x" + body
    yield "fields-100000", b"A: b\r\n" * 100_000 + body
    yield "block-at-limit", (b"A: " + b"x" * 60_000 + b"\r\n") * 4 + b"Subject: x" + body
    yield "encoded-words", b"Subject: " + b"=?utf-8?B?44GC?=\r\n " * 2500 + body
    yield "encoded-words-broken", b"Subject: " + b"=?utf-8?B?" * 6000 + body
    yield "encoded-words-questions", b"Subject: " + b"=?" + b"a?" * 30_000 + body
    yield "encoded-word-long", b"Subject: =?iso-2022-jp?B?" + b"GyRC" * 15_000 + b"?=" + body
    yield (
        "encoded-word-zip",
        b"Subject: =?zlib?B?eJw=?= =?rot13?Q?a?= =?undefined?B?AA==?= =?utf-16?B?/g==?=" + body,
    )
    yield "encoded-newline", b"Subject: =?utf-8?B?YQ0KQmNjOiB4QHk=?=" + body
    yield "controls", b"Subject: a\x00b\x07c\x1b[31m\x7f" + body
    yield "bidi", "Subject: a\u202efdp.exe\u2066x".encode() + body
    yield "no-colon", b"this is no header\r\nSubject: x" + body
    yield "colon-first", b": x\r\nSubject: x" + body
    yield "space-first", b" folded first\r\nSubject: x" + body
    yield (
        "duplicate-types",
        b"Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\nSubject: x\r\n\r\n--b\r\n\r\nhello\r\n--b--\r\n",
    )
    yield (
        "duplicate-cte",
        b"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit\r\nSubject: x\r\n\r\naGVsbG8=\r\n",
    )
    yield "addresses-100k", b"To: " + b"a@b.example," * 5000 + body
    yield "addresses-brackets", b"To: " + b"<" * 60_000 + body
    yield "addresses-parens", b"To: " + b"(" * 60_000 + body
    yield "addresses-quotes", b"To: " + b'"' * 60_001 + body
    yield "addresses-group", b"To: " + b"g:" * 20_000 + body
    yield "addresses-routes", b"To: " + b"<@a,@b:" * 8_000 + body
    yield "addresses-backslashes", b'From: "' + b"\\" * 60_000 + body
    yield "type-comments", b"Content-Type: text/plain" + b"(" * 30_000 + b")" * 30_000 + body
    yield "type-slash", b"Content-Type: /" + body
    yield "type-garbage", b'Content-Type: \xff\xfe\x00; ==;;;=";' + body
    yield "type-1mb-in-part", mail(multipart("mixed", entity(b"text/plain; x=" + b"y" * 1_000_000, b"hello")))
    yield "part-header-fields", mail(multipart("mixed", b"X: y\r\n" * 20_000 + b"\r\nhello"))
    yield "references-bomb", b"References: " + b"<a@b>\r\n " * 8000 + b"\r\nSubject: x" + body
    yield "received-51", b"Received: x\r\n" * 51 + body
    yield "auto-replied", b"Auto-Submitted: auto-replied\r\nSubject: x" + body
    yield "surrogates", b"Subject: \xed\xa0\x80\xed\xb0\x80" + body
    yield "mbox-from", b"From alice@acme.example Mon Jan  1 00:00:00 2026\r\nSubject: x" + body


def parameters() -> Iterator[tuple[str, bytes]]:
    def named(value: bytes) -> bytes:
        return mail(multipart("mixed", HELLO, attached(b"application/pdf", PDF, value)))

    for count in (200, 201, 10_000):
        pieces = b"; ".join(b"filename*%d*=%%41" % n for n in range(count))
        yield f"continuations-{count}", named(pieces)
        yield (
            f"continuations-in-head-{count}",
            mail(entity(b"text/plain; " + pieces.replace(b"filename", b"name"), b"hello")),
        )
    yield "continuation-numbers", named(b"; ".join(b"filename*%d=a" % n for n in (0, 10**9, 5, 5, -1)))
    yield "continuation-huge-number", named(b"filename*" + b"9" * 50_000 + b"=a")
    yield "parameters-60k", named(b"; ".join(b"p%d=v" % n for n in range(6000)))
    yield "semicolons", named(b";" * 60_000)
    yield "quotes-open", named(b'filename="' + b"a" * 50_000)
    yield "quoted-pairs", named(b'filename="' + b"\\a" * 30_000 + b'"')
    yield "backslash-quotes", named(b'filename="' + b'\\"' * 30_000)
    yield "equals", named(b"=" * 60_000)
    yield "blanks", named(b"filename" + b" " * 60_000 + b"=x")
    yield "semicolon-blanks", named((b";" + b" " * 500) * 120)
    yield "percent", named(b"filename*=utf-8''" + b"%" * 60_000)
    yield "name-traversal", named(b'filename="../../../../etc/passwd"')
    yield "name-nul", named(b'filename="a.pdf\0.exe"')
    yield "name-long", named(b'filename="' + b"x" * 60_000 + b'.pdf"')
    yield "name-charset-bomb", named(b"filename*=zip''%78%9c")
    yield "name-dots", named(b'filename="..."')
    yield "name-device", named(b'filename="CON"')
    yield "name-bidi", named('filename="a\u202efdp.exe"'.encode())
    yield "charset-garbage", mail(entity(b'text/plain; charset="\xff\x00\'"', b"hello"))
    yield "charset-long", mail(entity(b"text/plain; charset=" + b"x" * 60_000, b"hello"))


def transfer() -> Iterator[tuple[str, bytes]]:
    for how in (
        "binary",
        "8bit",
        "7bit",
        "x-unknown",
        "base-64",
        "quoted_printable",
        "uuencode",
        "x-uue",
        "gzip",
    ):
        yield (
            f"how-{how}",
            mail(
                b"Content-Type: text/plain\r\nContent-Transfer-Encoding: "
                + how.encode()
                + b"\r\n\r\nhello\r\n"
            ),
        )
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    bodies = {
        "base64": [
            b"!!!!", b"aGVsbG8", b"aGVsbG8==", b"=aGVsbG8=", b"aGVs\r\n\r\n\r\nbG8=", b"aGVsbG8=aGVsbG8=", b"a",
            b"aGVsbG8=\r\n-- \r\nA list footer in plain text!\r\n", b"\xff" * 1000, b"=" * 100_000, b"hello, world: no base64\r\n",
            b"aGVs bG8=", b"aGVs*bG8=", b64(b"x" * 3_000_000, 0), b"A" * 3_000_001,
        ],
        "quoted-printable": [
            b"=", b"==", b"=ZZ", b"=E3=81", b"=E3=81=\r\n=82", b"a=\r\n", b"=3", b"=e3=81=82", b"= \r\n", b"=\n=\n", b"=3D" * 300_000,
            b"=\r\n" * 300_000, b"x" * 3_000_000, b"a\tb =\t\r\nc", b"\x1b$B8=3C\x1b(B", "生のUTF-8=E3=81=82".encode(), b"=0D=0A=00=1B",
        ],
    }  # fmt: skip
    for how, many in bodies.items():
        for n, body in enumerate(many):
            yield f"{how}-{n}", mail(head + how.encode() + b"\r\n\r\n" + body + b"\r\n")
    yield (
        "multipart-in-base64",
        mail(entity(b"multipart/mixed; boundary=b", b"--b\r\n\r\nhello\r\n--b--\r\n", "base64")),
    )
    yield (
        "multipart-in-qp",
        mail(entity(b"multipart/mixed; boundary=b", b"--b\r\n\r\nhello\r\n--b--\r\n", "quoted-printable")),
    )
    yield "pdf-in-7bit", mail(multipart("mixed", entity(b"application/pdf; name=a.pdf", PDF)))
    yield "pdf-cut", mail(multipart("mixed", attached(b"application/pdf", PDF[:40], b"filename=a.pdf")))
    uu = b"begin 644 a.txt\r\n" + b"M" + b"!" * 60 + b"\r\n"
    yield "uuencode-unclosed", mail(entity(b"text/plain", uu * 20_000))
    yield (
        "uuencode-bad-lengths",
        mail(entity(b"text/plain", b"begin 644 a\r\n" + b"~~~\r\n" * 1000 + b"end\r\n")),
    )
    yield "uuencode-many", mail(entity(b"text/plain", b"begin 644 a.txt\r\n#86)C\r\n`\r\nend\r\n" * 3000))
    yield (
        "yenc",
        mail(
            entity(
                b"text/plain",
                b"=ybegin line=128 size=5 name=a.bin\r\n\x92\x8f\x96\x96\x99\r\n=yend size=5\r\n",
            )
        ),
    )
    yield "qp-signed-soft", mail(entity(b"text/plain", qp(b"a" * 2_000_000)))


def charsets() -> Iterator[tuple[str, bytes]]:
    labels = [
        "zip", "zlib", "bz2", "hex", "base64", "rot13", "uu", "quopri", "idna", "punycode", "mbcs", "oem", "undefined",
        "unicode_escape", "raw_unicode_escape", "unicode_internal", "utf-7", "utf-32", "utf-16", "utf-8-sig", "cp65001",
        "../../etc/passwd", "os.system", "", " ", "\\x00", "é", "iso-2022-jp-99", "x" * 5000, "palmos", "string-escape",
        "tis-620", "hp-roman8", "macroman", "x-mac-japanese", "cp437", "ebcdic-cp-us", "cp037", "utf-ebcdic",
    ]  # fmt: skip
    for n, label in enumerate(labels):
        kind = b'text/plain; charset="' + label.encode() + b'"'
        yield f"label-{n}", mail(entity(kind, b"hello \xff\xfe\x82\xa0\r\n"))
    yield "jis-escapes", mail(entity(b"text/plain; charset=iso-2022-jp", b"\x1b$B\x1b(B" * 200_000))
    yield "jis-odd", mail(entity(b"text/plain; charset=iso-2022-jp", b"\x1b$B!" * 100_000))
    yield "jis-never-closed", mail(entity(b"text/plain; charset=iso-2022-jp", b"\x1b$B" + b"F|K\\" * 150_000))
    yield (
        "jis-unknown-escapes",
        mail(entity(b"text/plain; charset=iso-2022-jp", b"\x1b$Z\x1b(Z\x1b%G\x1b\x1b\x1b$$B")),
    )
    yield "jis-shift-out", mail(entity(b"text/plain; charset=iso-2022-jp", b"\x0e\x0f" * 300_000))
    yield "kana-8bit", mail(entity(b"text/plain; charset=iso-2022-jp", b"\xb1" * 1_000_000))
    yield (
        "utf8-overlong",
        mail(entity(b"text/plain; charset=utf-8", b"\xc0\xaf\xe0\x80\xaf\xf8\x88\x80\x80\x80")),
    )
    yield "utf16-odd", mail(entity(b"text/plain; charset=utf-16", b"\xff\xfea\0b", "base64"))
    yield (
        "utf32-bomb",
        mail(entity(b"text/plain; charset=utf-32", b"\xff\xfe\0\0" + b"\xff" * 4000, "base64")),
    )
    yield (
        "utf7-xss",
        mail(entity(b"text/html; charset=utf-7", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-hi")),
    )
    yield "combining", mail(entity(b"text/plain; charset=utf-8", ("a" + "\u0301" * 5000).encode() * 20))
    yield (
        "private-use",
        mail(entity(b"text/plain; charset=utf-8", "".join(map(chr, range(0xE000, 0xF8FF))).encode())),
    )
    yield "noncharacters", mail(entity(b"text/plain; charset=utf-8", "a\ufffe\uffff\U0010ffffb".encode()))
    yield "bidi", mail(entity(b"text/plain; charset=utf-8", "\u202eabc\u202c \u2066x".encode() * 1000))
    yield (
        "zalgo",
        mail(entity(b"text/html; charset=utf-8", ("<p>" + "e\u0300\u0301\u0302\u0303" * 3000).encode())),
    )


def nests() -> Iterator[tuple[str, bytes]]:
    inner = b"Subject: inner\r\n\r\nhello\r\n"
    for depth in (3, 4, 12):
        body = inner
        for _ in range(depth):
            body = b"Subject: x\r\n" + multipart("mixed", entity(b"message/rfc822", body))
        yield f"messages-in-multiparts-{depth}", mail(multipart("mixed", entity(b"message/rfc822", body)))
        body = inner
        for _ in range(depth):
            body = b"Subject: x\r\n" + entity(b"message/rfc822", body, "base64")
        yield f"messages-in-base64-{depth}", mail(multipart("mixed", entity(b"message/rfc822", body)))
        body = inner
        for _ in range(depth):
            body = b"Subject: x\r\n" + multipart(
                "mixed", attached(b"application/octet-stream", body, b"filename=a.eml")
            )
        yield (
            f"messages-as-files-{depth}",
            mail(multipart("mixed", attached(b"application/octet-stream", body, b"filename=a.eml"))),
        )
    wide = multipart("mixed", *[entity(b"message/rfc822", inner)] * 499)
    yield "messages-wide", mail(wide)
    yield (
        "mixed-alternatives",
        mail(multipart("mixed", *[multipart("alternative", HELLO, boundary=f"b{n}") for n in range(200)])),
    )


def random_damage() -> Iterator[tuple[str, bytes]]:
    seed = mail(
        multipart(
            "mixed",
            multipart("alternative", HELLO, entity(b"text/html", b"<p>hello</p>", "base64"), boundary="i"),
            attached(b"application/pdf", PDF, b"filename*=utf-8''%61.pdf"),
        )
    )
    for n in range(60):
        dice = random.Random(n)
        damaged = bytearray(seed)
        for _ in range(dice.randint(1, 30)):
            at = dice.randrange(len(damaged))
            if dice.random() < 0.5:
                damaged[at] = dice.randrange(256)
            else:
                del damaged[at : at + dice.randint(1, 40)]
        yield f"{n}", bytes(damaged)
