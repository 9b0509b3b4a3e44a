"""Mail as programs in Japan write it, made by table: letters x charsets x encodings, subjects, names, HTML.

Every case says what a reader of the page must see. Cases are made, not collected: nobody's letters are here.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import japanese_programs
from building import PDF, Case, Doc, attached, entity, mail, multipart, word
from japanese_codes import LABELS, LETTERS, coded, eucjp, jis, lines

if TYPE_CHECKING:
    from collections.abc import Iterator


def cases() -> Iterator[Case]:
    """Yield every case."""
    for family in (matrix, mislabelled, subjects, file_names, letters, flowed, html):
        yield from family()
    yield from japanese_programs.cases()


def matrix() -> Iterator[Case]:
    """Each set of letters under each label."""
    encodings = ("base64", "quoted-printable", "8bit")
    for at, ((key, text), (label, codec)) in enumerate(product(LETTERS.items(), LABELS.items())):
        cte = encodings[at % 3] if not codec.startswith("utf-16") else "base64"
        raw = mail(entity(b"text/plain; charset=" + label.encode(), coded(text, codec), cte))
        yield Case(f"matrix-{key}-{label}", raw, "Order 1", (Doc("body", lines(text)),))


def mislabelled() -> Iterator[Case]:
    """Labels that lie, in the ways they do."""
    text = LETTERS["business"] + "\r\n①髙 ｶﾅ"
    lies = [
        ("us-ascii", "jis"), ("us-ascii", "cp932"), ("us-ascii", "utf-8"), ("us-ascii", "eucjp"),
        ("iso-8859-1", "jis"), ("iso-8859-1", "cp932"), ("iso-8859-1", "utf-8"), ("iso-8859-1", "eucjp"),
        ("windows-1252", "jis"), ("windows-1252", "cp932"),
        ("utf-8", "cp932"), ("utf-8", "jis"), ("utf-8", "eucjp"),
        ("shift_jis", "utf-8"), ("shift_jis", "jis"), ("shift_jis", "eucjp"),
        ("iso-2022-jp", "cp932"), ("iso-2022-jp", "utf-8"), ("iso-2022-jp", "eucjp"),
        ("euc-jp", "utf-8"), ("euc-jp", "jis"), ("euc-jp", "cp932"),
        ("", "jis"), ("", "cp932"), ("", "utf-8"), ("", "eucjp"),
        ("unknown-8bit", "cp932"), ("unknown-8bit", "jis"), ("default", "utf-8"), ("_autodetect", "eucjp"),
        ("x-user-defined", "cp932"), ("iso-2022-jp, us-ascii", "jis"), ("'utf-8'", "utf-8"),
        ("=?utf-8?Q?utf-8?=", "utf-8"), ("japanese", "cp932"), ("zip", "utf-8"), ("rot13", "cp932"),
    ]  # fmt: skip
    for at, (label, codec) in enumerate(lies):
        kind = b'text/plain; charset="%s"' % label.encode() if label else b"text/plain"
        cte = ("base64", "8bit")[at % 2]
        raw = mail(entity(kind, coded(text, codec), cte))
        yield Case(f"lie-{label or 'none'}-{codec}", raw, "Order 1", (Doc("body", lines(text)),))
    html_lies = [("utf-8", "cp932"), ("", "eucjp"), ("shift_jis", "utf-8"), ("iso-2022-jp", "utf-8")]
    for label, codec in html_lies:
        body = coded(f"<html><body><p>{LETTERS['business']}</p></body></html>", codec)
        kind = b"text/html" + (b"; charset=" + label.encode() if label else b"")
        yield Case(f"lie-html-{label}-{codec}", mail(entity(kind, body)), None, (Doc("body", "ご清栄"),))


def subjects() -> Iterator[Case]:
    """Subjects encoded, raw, cut and broken."""
    text = "【重要】お見積書送付の件①髙橋様 ｶﾅ 10～20"
    body = entity(b"text/plain", b"x")
    for (label, codec), kind in product(LABELS.items(), "Bq"):
        raw = word(coded(text, codec), label, kind)
        yield Case(f"subject-{label}-{kind}", mail(body, raw), text, (Doc(),))
    for codec in ("jis", "cp932", "utf-8", "eucjp"):
        yield Case(f"subject-raw-{codec}", mail(body, coded(text, codec)), text, (Doc(),))
    utf8 = text.encode()
    cut = [utf8[:10], utf8[10:23], utf8[23:]]
    folded = b"\r\n ".join(word(piece, "UTF-8") for piece in cut)
    yield Case("subject-cut-in-letters", mail(body, folded), text, (Doc(),))
    cut_q = b"\r\n\t".join(word(piece, "utf-8", "Q") for piece in cut)
    yield Case("subject-cut-in-letters-q", mail(body, cut_q), text, (Doc(),))
    one = jis(text)
    halves = b"\r\n ".join(word(piece, "ISO-2022-JP") for piece in (one[:25], one[25:]))
    yield Case("subject-jis-cut-without-escape", mail(body, halves), text, (Doc(),))
    mixed = word(jis("注文"), "ISO-2022-JP") + b" ABC " + word("書".encode(), "UTF-8") + b" No.5"
    yield Case("subject-mixed", mail(body, mixed), "注文 ABC 書 No.5", (Doc(),))
    quoted = b'"' + word(jis("引用符"), "ISO-2022-JP") + b'"'
    yield Case("subject-in-quotes", mail(body, quoted), '"引用符"', (Doc(),))
    glued = b"Re: [" + word(jis("至急"), "ISO-2022-JP") + b"]" + word(jis("件"), "ISO-2022-JP")
    yield Case("subject-glued", mail(body, glued), "Re: [至急]件", (Doc(),))
    spaced = b"=?UTF-8?Q?" + b"=E8=A6=8B =E7=A9=8D" + b"?="
    yield Case("subject-q-with-space", mail(body, spaced), "見 積", (Doc(),))
    unpadded = word("見積書".encode(), "UTF-8").replace(b"=?=", b"?=")
    yield Case("subject-unpadded", mail(body, unpadded), "見積書", (Doc(),))
    language = word("見積".encode(), "UTF-8*ja")
    yield Case("subject-language", mail(body, language), "見積", (Doc(),))
    option = word(jis("見積　/b"), "ISO-2022-JP")
    raw = mail(
        multipart("mixed", entity(b"text/plain", b"x"), attached(b"text/plain", b"y", b"filename=a.txt")),
        option,
    )
    yield Case(
        "subject-option-after-wide-blank", raw, "見積", (Doc("body", "x"), Doc("attachment", "y", "a.txt"))
    )
    two = mail(body, word(jis("一"), "ISO-2022-JP"), b"Subject: " + word(jis("二"), "ISO-2022-JP"))
    yield Case("subject-twice", two, "一", (Doc(),))
    folded_raw = coded("見積書\r\n の件", "cp932")
    yield Case("subject-raw-folded", mail(body, folded_raw), "見積書 の件", (Doc(),))


def file_names() -> Iterator[Case]:
    """Names of attachments in every shape seen."""
    name = "見積書_①髙橋様(ソ表).pdf"
    utf8, mj, ms = name.encode(), jis(name), name.encode("cp932")
    pct = {
        label: b"".join(b"%%%02X" % b for b in data)
        for label, data in (("utf-8", utf8), ("iso-2022-jp", mj), ("shift_jis", ms))
    }
    shapes: dict[str, bytes] = {
        f"rfc2231-{label}": b"filename*=" + label.encode() + b"''" + p for label, p in pct.items()
    }
    p = pct["utf-8"]
    shapes |= {
        "rfc2231-continued": b"filename*0*=UTF-8''" + p[:30] + b";\r\n filename*1*=" + p[30:60] + b";\r\n filename*2*=" + p[60:],
        "rfc2231-continued-in-letter": b"filename*0*=utf-8''" + p[:32] + b";\r\n filename*1*=" + p[32:],
        "rfc2231-out-of-order": b"filename*1*=" + p[30:] + b";\r\n filename*0*=utf-8''" + p[:30],
        "rfc2231-quoted": b"filename*=\"utf-8'ja'" + p + b'"',
        "rfc2231-both": b"filename=\"=?utf-8?B?eA==?=\"; filename*=utf-8''" + p,
        "rfc2047-in-quotes": b'filename="' + word(mj, "ISO-2022-JP") + b'"',
        "rfc2047-bare": b"filename=" + word(utf8, "UTF-8"),
        "rfc2047-two": b'filename="' + word(utf8[:20], "UTF-8") + b"\r\n " + word(utf8[20:], "UTF-8") + b'"',
        "rfc2047-glued": b'filename="' + word(utf8[:21], "UTF-8") + word(utf8[21:], "UTF-8") + b'"',
        "raw-jis": b'filename="' + mj + b'"',
        "raw-cp932": b'filename="' + ms + b'"',
        "raw-utf8": b'filename="' + utf8 + b'"',
        "raw-eucjp": b'filename="' + eucjp(name) + b'"',
    }  # fmt: skip
    for key, raw in shapes.items():
        parts = multipart("mixed", entity(b"text/plain", b"x"), attached(b"application/pdf", PDF, raw))
        yield Case(f"name-{key}", mail(parts), None, (Doc("attachment", None, name),))
        if raw.startswith(b"filename"):
            moved = entity(b"application/octet-stream; " + raw.replace(b"filename", b"name"), PDF, "base64")
            yield Case(
                f"type-name-{key}",
                mail(multipart("mixed", entity(b"text/plain", b"x"), moved)),
                None,
                (Doc("attachment", None, name),),
            )
    nfd = "か\u3099き.pdf"
    raw = b'filename="' + word(nfd.encode(), "UTF-8") + b'"'
    yield Case(
        "name-mac-decomposed",
        mail(multipart("mixed", attached(b"application/pdf", PDF, raw))),
        None,
        (Doc("attachment", None, "がき.pdf"),),
    )
    path = b'filename="C:\\Users\\taro\\' + ms + b'"'
    yield Case(
        "name-with-path-raw",
        mail(multipart("mixed", attached(b"application/pdf", PDF, path))),
        None,
        (Doc("attachment", None, name),),
    )


def letters() -> Iterator[Case]:
    """Letters that go wrong."""
    utf8 = {
        "yen": "¥1,000 ￥2,000 \\3",
        "wave-dash": "10〜20 10～20",
        "minus": "−5 －5 -5 – —",
        "ligature": "㍿㍾㍽㍼㎡㏄",
        "vertical": "︵︶︙﹁﹂",
        "combining": "か\u3099は\u309aパ",
        "compat": "神\ufa19 福\ufa1b 𠮷野 𩸽 鷗外",
        "reiwa": "令和㋿",
        "zero-width": "a\u200bb\u2060c\ufeffd",
        "nbsp": "a\u00a0b\u3000c",
    }
    for key, text in utf8.items():
        yield Case(
            f"letters-{key}",
            mail(entity(b"text/plain; charset=utf-8", text.encode(), "base64")),
            None,
            (Doc("body", None),),
        )
    yen = entity(b"text/plain; charset=iso-2022-jp", b"\x1b(J\\1,000\x1b(B", "7bit")
    yield Case("yen-jis-roman", mail(yen), None, (Doc("body", "¥1,000"),))
    yield Case(
        "yen-cp932",
        mail(entity(b"text/plain; charset=shift_jis", "合計 \\1,000-".encode("cp932"))),
        None,
        (Doc("body", "合計 ¥1,000-"),),
    )
    yield Case(
        "path-cp932",
        mail(entity(b"text/plain; charset=shift_jis", "紙 C:\\2024\\表".encode("cp932"))),
        None,
        (Doc("body", "C:\\2024\\表"),),
    )
    yield Case(
        "jisx0212",
        mail(entity(b"text/plain; charset=iso-2022-jp-1", b"\x1b$(D\x30\x27\x1b(B", "7bit")),
        None,
        (Doc("body", "丣"),),
    )
    yield Case(
        "jisx0213",
        mail(entity(b"text/plain; charset=iso-2022-jp-2004", "𠮟①".encode("iso2022_jp_2004"), "7bit")),
        None,
        (Doc("body", "𠮟①"),),
    )
    yield Case(
        "jis-2-korean",
        mail(entity(b"text/plain; charset=iso-2022-jp-2", "日本 한국 é".encode("iso2022_jp_2"), "7bit")),
        None,
        (Doc("body", "日本 한국 é"),),
    )
    yield Case(
        "bom-utf8",
        mail(entity(b"text/plain; charset=shift_jis", b"\xef\xbb\xbf" + "見積".encode())),
        None,
        (Doc("body", "見積", never="\ufeff"),),
    )
    yield Case(
        "bom-utf16",
        mail(entity(b"text/plain", "見積".encode("utf-16"), "base64")),
        None,
        (Doc("body", "見積"),),
    )
    yield Case(
        "gb2312",
        mail(entity(b"text/plain; charset=gb2312", "报价单①镕".encode("gb18030"))),
        None,
        (Doc("body", "报价单①镕"),),
    )
    yield Case(
        "big5",
        mail(entity(b"text/plain; charset=big5", "報價單".encode("big5"))),
        None,
        (Doc("body", "報價單"),),
    )
    yield Case(
        "korean",
        mail(entity(b"text/plain; charset=ks_c_5601-1987", "견적서똠".encode("cp949"))),
        None,
        (Doc("body", "견적서똠"),),
    )
    yield Case(
        "russian",
        mail(entity(b"text/plain; charset=koi8-r", "Счёт №5".replace("№", "N").encode("koi8-r"))),
        None,
        (Doc("body", "Счёт N5"),),
    )
    yield Case(
        "western",
        mail(entity(b"text/plain; charset=iso-8859-1", "“Café” – 5 €".encode("cp1252"), "quoted-printable")),
        None,
        (Doc("body", "“Café” – 5 €"),),
    )
    yield Case(
        "iso-2022-cn",
        mail(entity(b"text/plain; charset=hz-gb-2312", "报价".encode("hz"))),
        None,
        (Doc("body", "报价"),),
    )
    yield Case(
        "iso-2022-kr",
        mail(entity(b"text/plain; charset=iso-2022-kr", "견적".encode("iso2022_kr"))),
        None,
        (Doc("body", "견적"),),
    )


def flowed() -> Iterator[Case]:
    """format=flowed: soft breaks are joined (RFC 3676)."""
    soft = b"This is one \r\nparagraph of \r\nthree lines.\r\n\r\n>> quoted \r\n>> text\r\n> other\r\n From here\r\n-- \r\nAlice\r\n"
    want = "This is one paragraph of three lines.\n\n>> quoted text\n> other\nFrom here\n-- \nAlice\n"
    yield Case("flowed", mail(entity(b"text/plain; format=flowed", soft)), None, (Doc("body", want),))
    ja = "お世話になって \r\nおります。\r\n次の行"
    yield Case(
        "flowed-delsp",
        mail(entity(b"text/plain; charset=iso-2022-jp; format=flowed; delsp=yes", jis(ja))),
        None,
        (Doc("body", "お世話になっております。\n次の行"),),
    )
    yield Case(
        "flowed-without-delsp",
        mail(entity(b"text/plain; charset=utf-8; Format=Flowed", b"one \r\ntwo")),
        None,
        (Doc("body", "one two"),),
    )
    yield Case(
        "flowed-delsp-latin",
        mail(entity(b"text/plain; format=flowed; delsp=yes", b"super \r\ncali  \r\nx")),
        None,
        (Doc("body", "supercali x"),),
    )
    yield Case(
        "flowed-quoted-depths",
        mail(entity(b"text/plain; format=flowed", b"> a \r\n>> b\r\n")),
        None,
        (Doc("body", "> a \n>> b"),),
    )
    yield Case(
        "not-flowed", mail(entity(b"text/plain; format=fixed", b" a \r\nb")), None, (Doc("body", " a \nb"),)
    )


def html() -> Iterator[Case]:
    """HTML with declarations that quarrel."""
    text = "株式会社髙橋①御中"
    for label, codec, meta in [
        ("", "cp932", "Shift_JIS"), ("", "jis", "iso-2022-jp"), ("", "eucjp", "EUC-JP"), ("", "utf-8", "utf-8"),
        ("utf-8", "utf-8", "shift_jis"), ("iso-2022-jp", "jis", "utf-8"), ("shift_jis", "cp932", "utf-8"),
        ("us-ascii", "jis", "iso-2022-jp"), ("us-ascii", "cp932", "shift_jis"), ("utf-8", "utf-8", "utf-16"),
        ("", "utf-8", "utf-16"), ("unknown", "cp932", "x-sjis"),
    ]:  # fmt: skip
        for style in ("http-equiv", "charset", "broken"):
            tag = {
                "http-equiv": f'<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset={meta}">',
                "charset": f'<meta charset="{meta}" />',
                "broken": f"<meta http-equiv=content-type content=text/html;charset={meta}>",
            }[style]
            body = coded(f"<html><head>{tag}</head><body><p>{text}</p></body></html>", codec)
            kind = b"text/html" + (b"; charset=" + label.encode() if label else b"")
            yield Case(
                f"html-{label or 'none'}-{codec}-{meta}-{style}",
                mail(entity(kind, body)),
                None,
                (Doc("body", text),),
            )
    named = "&#39640;&#x9AD8;&#9312; &yen;1,000 &nbsp; &hellip; &#128512;"
    yield Case(
        "html-entities",
        mail(entity(b"text/html; charset=us-ascii", f"<p>{named}</p>".encode())),
        None,
        (Doc("body", None),),
    )
    attached_html = attached(
        b"text/html", f'<meta charset="shift_jis"><p>{text}</p>'.encode("cp932"), b"filename=a.html"
    )
    yield Case(
        "html-file-with-meta",
        mail(multipart("mixed", attached_html)),
        None,
        (Doc("attachment", text, "a.html"),),
    )
    octet = attached(
        b"application/octet-stream",
        f'<html><meta charset="shift_jis"><p>{text}</p>'.encode("cp932"),
        b"filename=a.htm",
    )
    yield Case(
        "html-octet-file-with-meta",
        mail(multipart("mixed", octet)),
        None,
        (Doc("attachment", text, "a.htm"),),
    )
