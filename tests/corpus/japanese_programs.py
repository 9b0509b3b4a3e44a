"""Mail as each program of the field puts it together: mail programs, telephones, scanners, order systems."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building import PDF, PNG, Case, Doc, attached, b64, entity, mail, multipart, word
from japanese_codes import jis, lines

if TYPE_CHECKING:
    from collections.abc import Iterator


def cases() -> Iterator[Case]:
    """Yield every case."""
    for family in (programs, phones, machines, shapes):
        yield from family()


def programs() -> Iterator[Case]:
    """What each program puts together."""
    text = "お世話になっております。\r\n株式会社テスト①の髙橋です。\r\n"
    body = lines(text)
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-2022-jp"></head><body><p class=MsoNormal><span lang=JA style=\'font-family:"ＭＳ Ｐゴシック"\'>{text}</span><o:p></o:p></p></body></html>'
    both = (
        entity(b'text/plain; charset="iso-2022-jp"', jis(text), "7bit"),
        entity(b'text/html; charset="iso-2022-jp"', jis(page), "quoted-printable"),
    )
    yield Case(
        "outlook-alternative",
        mail(multipart("alternative", *both)),
        None,
        (Doc("body", "株式会社テスト①の髙橋です。"),),
    )
    logo = entity(
        b'image/png; name="image001.png"',
        PNG,
        "base64",
        b"Content-ID: <image001.png@01DA>",
        b'Content-Disposition: inline; filename="image001.png"',
    )
    shown = jis(page.replace("</body>", '<img src="cid:image001.png@01DA"></body>'))
    related = multipart(
        "related",
        multipart("alternative", both[0], entity(b"text/html; charset=iso-2022-jp", shown), boundary="in"),
        logo,
        boundary="mid",
    )
    yield Case(
        "outlook-related-signature-picture",
        mail(multipart("mixed", related)),
        None,
        (Doc("body", "髙橋です。"),),
    )
    with_pdf = multipart(
        "mixed",
        related,
        attached(b"application/pdf", PDF, b'filename="' + word(jis("見積.pdf"), "iso-2022-jp") + b'"'),
    )
    yield Case("outlook-related-and-pdf", mail(with_pdf), None, (Doc("attachment", None, "見積.pdf"),))
    becky = entity(b'text/plain; charset="ISO-2022-JP"', jis(text, kanji=b"\x1b$@"), "7bit")
    yield Case("becky-jis-1978", mail(becky, b"x", b"X-Mailer: Becky! ver. 2.81"), None, (Doc("body", body),))
    roman = entity(b"text/plain; charset=ISO-2022-JP", jis(text, roman=b"\x1b(J"), "7bit")
    yield Case("old-jis-roman", mail(roman), None, (Doc("body", body),))
    shift_out = entity(b"text/plain; charset=ISO-2022-JP", b"\x0e6EE\x0f " + jis("紙"), "7bit")
    yield Case("old-kana-by-shift-out", mail(shift_out), None, (Doc("body", "ｶﾅﾅ 紙"),))
    eight = entity(b"text/plain; charset=ISO-2022-JP", b"\xb6\xc0\xb6\xc5 " + jis("紙"), "8bit")
    yield Case("old-kana-8bit-in-jis", mail(eight), None, (Doc("body", "ｶﾀｶﾅ 紙"),))
    yield Case(
        "no-mime-jis", b"From: a@acme.example\r\nSubject: x\r\n\r\n" + jis(text), None, (Doc("body", body),)
    )
    yield Case(
        "no-mime-cp932",
        b"From: a@acme.example\r\nSubject: x\r\n\r\n" + text.encode("cp932"),
        None,
        (Doc("body", body),),
    )
    yield Case(
        "lf-only",
        mail(entity(b"text/plain; charset=iso-2022-jp", jis(text))).replace(b"\r\n", b"\n"),
        None,
        (Doc("body", body),),
    )
    yield Case(
        "cr-only-body",
        mail(entity(b"text/plain; charset=iso-2022-jp", jis(text).replace(b"\r\n", b"\r"))),
        None,
        (Doc("body", body),),
    )
    notes = multipart(
        "mixed",
        multipart(
            "alternative",
            entity(b"text/plain; charset=ISO-2022-JP", jis(text), "7bit"),
            entity(b"text/html; charset=ISO-2022-JP", jis(page)),
            boundary="n1",
        ),
        boundary="n0",
    )
    yield Case(
        "lotus-notes",
        mail(notes, b"x", b"X-Mailer: Lotus Notes Release 8.5"),
        None,
        (Doc("body", "髙橋です。"),),
    )
    notes_text = entity(b'text/plain; charset="ISO-2022-JP"', jis(text), "base64")
    yield Case("lotus-notes-base64-jis", mail(notes_text), None, (Doc("body", body),))
    apple = multipart(
        "mixed",
        entity(b"text/plain; charset=utf-8; delsp=yes; format=flowed", text.encode(), "base64"),
        entity(
            b'application/pdf; x-unix-mode=0644; name="=?utf-8?B?6KaL56mNLnBkZg==?="',
            PDF,
            "base64",
            b"Content-Disposition: inline; filename*=utf-8''%E8%A6%8B%E7%A9%8D.pdf",
        ),
        entity(b"text/plain; charset=us-ascii", b"\r\n\r\n"),
        boundary="Apple-Mail-1",
    )
    yield Case("apple-mail-pdf-inline", mail(apple), None, (Doc("attachment", None, "見積.pdf"),))
    double = multipart(
        "mixed",
        entity(b"text/plain; charset=utf-8", text.encode(), "8bit"),
        multipart(
            "appledouble",
            entity(b'application/applefile; name="%E8"', b"\0\5\x16\7", "base64"),
            entity(
                b'application/pdf; name="a.pdf"',
                PDF,
                "base64",
                b'Content-Disposition: attachment; filename="a.pdf"',
            ),
            boundary="ad",
        ),
    )
    yield Case("apple-double", mail(double), None, (Doc("attachment", None, "a.pdf"),))
    gmail = multipart(
        "alternative",
        entity(b'text/plain; charset="UTF-8"', text.encode(), "base64"),
        entity(
            b'text/html; charset="UTF-8"',
            f'<div dir="ltr">{text}<br><div>😀👍</div></div>'.encode(),
            "base64",
        ),
    )
    yield Case("gmail", mail(gmail), None, (Doc("body", "株式会社テスト①の髙橋です。"),))
    gmail_jis = multipart(
        "alternative",
        entity(b"text/plain; charset=ISO-2022-JP", jis(text)),
        entity(b"text/html; charset=ISO-2022-JP", jis(f'<div dir="ltr">{text}</div>'), "base64"),
    )
    yield Case("gmail-answering-jis", mail(gmail_jis), None, (Doc("body", "髙橋です。"),))
    yahoo = multipart(
        "alternative",
        entity(b"text/plain; charset=utf-8", text.encode(), "base64"),
        entity(
            b"text/html; charset=utf-8",
            f'<html><head></head><body><div class="yahoo">{text}</div></body></html>'.encode(),
            "base64",
        ),
    )
    yield Case("yahoo-japan", mail(yahoo), None, (Doc("body", "髙橋です。"),))
    html_only = entity(
        b"text/html; charset=shift_jis",
        f"<HTML><BODY>{text}</BODY></HTML>".encode("cp932"),
        "quoted-printable",
    )
    yield Case("html-only-cp932", mail(html_only), None, (Doc("body", "①の髙橋"),))
    split = b64(jis(text))[:-2].replace(b"\r\n", b"")
    odd = b"\r\n".join(split[i : i + 61] for i in range(0, len(split), 61))
    raw = (
        entity(b"text/plain; charset=iso-2022-jp", b"", "").replace(
            b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: BASE64 (jis)\r\n\r\n"
        )
        + odd
    )
    yield Case("base64-odd-lines", mail(raw), None, (Doc("body", body),))
    quoted = "> 引用です。\r\n>> 二重の引用\r\nよろしく"
    yield Case(
        "eudora-cp932",
        mail(entity(b'text/plain; charset="x-sjis"', quoted.encode("cp932"), "8bit")),
        None,
        (Doc("body", lines(quoted)),),
    )


def phones() -> Iterator[Case]:
    """Phones: carrier emoji in private rows, decorated mail, pictures by themselves."""
    docomo = b"\x82\xa8\x82\xcd\x82\xe6\x82\xa4\xf8\x9f\xf8\xa0\xf9\x95"  # お は よ う sun cloud
    yield Case(
        "docomo-emoji-cp932",
        mail(entity(b"text/plain; charset=Shift_JIS", docomo)),
        None,
        (Doc("body", "おはよう", never="\ue63e"),),
    )
    au = jis("おはよう") + b"\x1b$B\x75\x41\x76\x21\x1b(B"
    yield Case(
        "au-emoji-jis",
        mail(entity(b"text/plain; charset=iso-2022-jp", au)),
        None,
        (Doc("body", "おはよう", never="\ue000"),),
    )
    softbank = "おはよう".encode("cp932") + b"\xf9\x41\xf7\x41"
    yield Case(
        "softbank-emoji-cp932",
        mail(entity(b"text/plain; charset=Shift_JIS", softbank)),
        None,
        (Doc("body", "おはよう"),),
    )
    soft_utf8 = "おはよう\ue415\U000fe330".encode()
    yield Case(
        "softbank-emoji-utf8",
        mail(entity(b"text/plain; charset=UTF-8", soft_utf8, "base64")),
        None,
        (Doc("body", "おはよう", never="\ue415"),),
    )
    deco = multipart(
        "mixed",
        multipart(
            "related",
            multipart(
                "alternative",
                entity(b'text/plain; charset="iso-2022-jp"', jis("おはよう")),
                entity(
                    b'text/html; charset="iso-2022-jp"',
                    jis(
                        '<HTML><BODY BGCOLOR="#ffccff"><DIV>おはよう<IMG SRC="cid:01@d.ne.jp"></DIV></BODY></HTML>'
                    ),
                    "quoted-printable",
                ),
                boundary="d2",
            ),
            entity(b"image/gif; name=20.gif", PNG, "base64", b"Content-ID: <01@d.ne.jp>"),
            boundary="d1",
        ),
        boundary="d0",
    )
    yield Case("docomo-deco-mail", mail(deco), None, (Doc("body", "おはよう"),))
    photo = multipart(
        "mixed",
        entity(
            b'image/jpeg; name="110203_1.jpg"',
            PNG,
            "base64",
            b'Content-Disposition: attachment; filename="110203_1.jpg"',
        ),
    )
    yield Case("phone-picture-only", mail(photo, b""), "", (Doc("attachment", None, "110203_1.jpg"),))
    iphone = multipart(
        "mixed",
        entity(b"text/plain; charset=us-ascii", b"\r\n"),
        entity(
            b"image/jpeg; name=IMG_0001.jpeg; x-apple-part-url=X",
            PNG,
            "base64",
            b"Content-Disposition: inline; filename=IMG_0001.jpeg",
        ),
        entity(b"text/plain; charset=utf-8", "\r\n\r\niPhoneから送信".encode(), "base64"),
        boundary="Apple-Mail-2",
    )
    yield Case("iphone-photo", mail(iphone), None, (Doc("attachment", None, "IMG_0001.jpeg"),))
    emoji = "了解👍🏻です😀 🇯🇵 ❤️ 葛\U000e0100飾 👨‍👩‍👧"
    yield Case(
        "iphone-emoji",
        mail(entity(b"text/plain; charset=utf-8", emoji.encode(), "quoted-printable")),
        None,
        (Doc("body", "了解"),),
    )
    iphone_jis = entity(b"text/plain; charset=iso-2022-jp", jis("iPhoneから送信"), "7bit")
    yield Case("iphone-jis", mail(iphone_jis), None, (Doc("body", "iPhoneから送信"),))


def machines() -> Iterator[Case]:
    """Scanners and business systems."""
    notice = "このメールは複合機から送信されました。"
    scan = multipart(
        "mixed",
        entity(b'text/plain; charset="iso-2022-jp"', jis(notice), "7bit"),
        attached(b"application/pdf", PDF, b'filename="20260304120000.pdf"'),
    )
    yield Case(
        "scanner-pdf",
        mail(scan, b"Message from Scanner"),
        None,
        (Doc("attachment", None, "20260304120000.pdf"),),
    )
    tiff = multipart(
        "mixed", entity(b"text/plain", b""), attached(b"image/tiff", b"II*\0", b'filename="DOC.TIF"')
    )
    yield Case("scanner-tiff-empty-text", mail(tiff, b""), "", (Doc("attachment", None, "DOC.TIF"),))
    only = entity(
        b'application/pdf; name="scan.pdf"',
        PDF,
        "base64",
        b'Content-Disposition: attachment; filename="scan.pdf"',
    )
    yield Case("scanner-no-multipart", mail(only), None, (Doc("attachment", None, "scan.pdf"),))
    upper = multipart(
        "MIXED",
        entity(b"TEXT/PLAIN; CHARSET=ISO-2022-JP", jis(notice)),
        attached(b"APPLICATION/PDF", PDF, b"FILENAME=SCAN.PDF"),
    )
    yield Case("scanner-upper-case", mail(upper), None, (Doc("attachment", None, "SCAN.PDF"),))
    octet = multipart("mixed", attached(b"application/octet-stream", PDF, b'filename="scan"'))
    yield Case("scanner-octet-no-suffix", mail(octet), None, (Doc("attachment", None, "scan"),))
    csv = multipart(
        "mixed",
        entity(b"text/plain; charset=shift_jis", "注文".encode("cp932")),
        attached(b"text/csv", "品名,数量,金額\r\n紙①,10,\\1,000\r\n".encode("cp932"), b"filename=a.csv"),
    )
    yield Case("order-system-csv", mail(csv), None, (Doc("attachment", "紙①,10,¥1,000", "a.csv"),))
    txt = multipart(
        "mixed", entity(b"text/plain", b"x"), attached(b"text/plain", jis("発注書"), b"filename=order.txt")
    )
    yield Case("order-system-jis-file", mail(txt), None, (Doc("attachment", "発注書", "order.txt"),))
    named = attached(b"application/octet-stream", "発注書①".encode("cp932"), b"filename=order.txt")
    yield Case(
        "octet-text-file", mail(multipart("mixed", named)), None, (Doc("attachment", "発注書①", "order.txt"),)
    )
    plain8 = multipart(
        "mixed",
        entity(b"text/plain", b"x"),
        attached(b"text/plain; charset=us-ascii", "発注書".encode("eucjp"), b"filename=order.txt"),
    )
    yield Case("ascii-label-euc-file", mail(plain8), None, (Doc("attachment", "発注書", "order.txt"),))


def shapes() -> Iterator[Case]:
    """Forwarded mails and mails in mails."""
    inner = mail(
        entity(b"text/plain; charset=iso-2022-jp", jis("転送元の本文①"), "7bit"),
        word(jis("元の件名"), "ISO-2022-JP"),
    )
    forward = multipart(
        "mixed", entity(b"text/plain", b"fyi"), b"Content-Type: message/rfc822\r\n\r\n" + inner
    )
    yield Case(
        "forward-attached",
        mail(forward),
        None,
        (Doc("attachment", "Subject: 元の件名\n\n転送元の本文①", "元の件名.eml"),),
    )
    in_base64 = multipart(
        "mixed",
        entity(b"text/plain", b"fyi"),
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64(inner),
    )
    yield Case(
        "forward-in-base64", mail(in_base64), None, (Doc("attachment", "転送元の本文①", "元の件名.eml"),)
    )
    eml = multipart(
        "mixed",
        entity(b"text/plain", b"fyi"),
        attached(b"application/octet-stream", inner, b'filename="mail.eml"'),
    )
    yield Case("forward-as-eml-file", mail(eml), None, (Doc("attachment", "転送元の本文①", "mail.eml"),))
    page = mail(
        entity(
            b"text/html; charset=shift_jis",
            "<html><head><title>x</title></head><body><p>転送①</p></body></html>".encode("cp932"),
        ),
        b"inner",
    )
    forward_html = multipart("mixed", b"Content-Type: message/rfc822\r\n\r\n" + page)
    yield Case("forward-html", mail(forward_html), None, (Doc("attachment", "転送①", "inner.eml"),))
    uu = "写真です。\r\n\r\nbegin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\nよろしく"
    yield Case(
        "uuencoded-inline",
        mail(entity(b"text/plain; charset=utf-8", uu.encode(), "8bit")),
        None,
        (Doc("attachment", "hello", "a.txt"),),
    )
