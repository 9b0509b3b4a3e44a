"""Documents in mail that attack whoever draws them: HTML, pictures, PDF, archives, endless text."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from building import PDF, PNG, attached, b64, entity, mail, multipart, png_of

if TYPE_CHECKING:
    from collections.abc import Iterator

HELLO = entity(b"text/plain; charset=utf-8", b"hello\r\n")


def html() -> Iterator[tuple[str, bytes]]:
    pages = {
        "nested-divs": "<div>" * 20_000 + "x",
        "nested-tables": "<table><tr><td>" * 300 + "x",
        "nested-inline": "<b><i>" * 5000 + "x",
        "nested-blockquotes": "<blockquote>" * 500 + "x",
        "rows": "<table>" + "<tr><td>a<td>b<td>c</tr>" * 8000 + "</table>",
        "floats": "<div style='float:left;width:1px'>x</div>" * 12_000,
        "columns": "<div style='columns:50'>" + "word " * 20_000 + "</div>",
        "flex": "<div style='display:flex;flex-wrap:wrap'>" + "<div style='flex:1'>x</div>" * 5000 + "</div>",
        "grid": "<div style='display:grid;grid-template-columns:repeat(10000,1fr)'>"
        + "<p>x</p>" * 3000
        + "</div>",
        "colspan": "<table><tr><td colspan=1000000 rowspan=1000000>x</table>",
        "colspans": "<table>" + "<tr><td colspan=1000>x<td rowspan=1000>y</tr>" * 300 + "</table>",
        "wide": "<div style='width:10000000px;height:10000000px'>x</div>",
        "tall": "<div style='height:99999999mm'>x</div>",
        "page-breaks": "<p style='page-break-after:always'>x</p>" * 3000,
        "font-size": "<p style='font-size:99999pt'>x</p>" * 50,
        "tiny-font": "<p style='font-size:0.0001pt'>" + "word " * 100_000,
        "css-nesting": "<style>" + "a{" * 20_000 + "</style>x",
        "css-selectors": "<style>"
        + "".join(f".a{n} .b{n} > p:nth-child({n})" + "{color:red}" for n in range(5000))
        + "</style>"
        + "<p class='a b'>x</p>" * 500,
        "css-vars": "<style>:root{--a0:x;"
        + "".join(f"--a{n}:var(--a{n - 1})var(--a{n - 1});" for n in range(1, 40))
        + "}p{content:var(--a39)}</style><p>x",
        "css-import-loop": "<style>@import 'data:text/css,@import url(data:text/css,a)';</style>x",
        "css-page": "<style>@page{size:1mm 1mm;margin:0}</style>" + "word " * 5000,
        "css-counters": "<style>p{counter-increment:a}p::before{content:counters(a,'.')}</style>"
        + "<p>" * 3000,
        "css-attr": "<style>p::before{content:attr(x)}</style><p x='" + "y" * 1_000_000 + "'>z",
        "svg-bomb": "<svg width=100 height=100><defs><g id=a><rect width=1 height=1 /></g>"
        + "".join(f"<g id=a{n}>" + f"<use href='#a{n - 1 if n else ''}'/>" * 10 + "</g>" for n in range(12))
        + "</defs><use href='#a11'/></svg>x",
        "svg-filter": "<svg width=9999999 height=9999999><filter id=f><feGaussianBlur stdDeviation=999999 /></filter><rect filter='url(#f)' width=9999999 height=9999999 /></svg>x",
        "svg-text": "<svg><text>" + "x" * 200_000 + "</text></svg>",
        "script": "<script>while(1){}</script><iframe src=javascript:alert(1)></iframe>hi",
        "local-files": "<img src=file:///etc/passwd><img src='/etc/passwd'><object data=file:///etc/hostname></object>hi",
        "cid-self": "<img src='cid:self'>hi",
        "data-html": "<iframe src='data:text/html,<p>x'></iframe>hi",
        "data-png-bomb": "<img src='data:image/png;base64,"
        + b64(png_of(20_000, 20_000), 0).decode().strip()
        + "'>hi",
        "meta-refresh": "<meta http-equiv=refresh content='0;url=http://127.0.0.1/'>hi",
        "base": "<base href=http://127.0.0.1/><img src=a.png>hi",
        "entity-bomb": "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]><p>&b;",
        "unclosed-comment": "<!--" + "x" * 500_000,
        "unclosed-comments": "<!--" * 50_000 + "hi",
        "unclosed-styles": "<style>" * 20_000 + "hi",
        "attributes": "<p " + " ".join(f"a{n}=x" for n in range(50_000)) + ">hi",
        "long-word": "<p>" + "x" * 500_000,
        "long-word-ja": "<p>" + "あ" * 100_000,
        "text-1mb": "<p>" + "word " * 200_000,
        "brs": "<br>" * 100_000 + "hi",
        "select": "<select>" + "<option>x" * 20_000,
        "lists": "<ul><li>" * 1000 + "x",
        "nul": "<p>a\0b\0</p>",
        "conditional": "<!--[if mso]><p>never</p><![endif]--><p>shown</p>",
        "hidden": "<p style='display:none'>x</p>",
        "lt": "<" * 100_000,
        "meta-many": "<meta charset=" * 20_000,
        "frameset": "<frameset><frame src=x></frameset>",
        "ms-xml": "<xml><o:OfficeDocumentSettings><o:AllowPNG/></o:OfficeDocumentSettings></xml><p>x</p>",
        "rtl": "<p dir=rtl>" + "\u202e abc" * 2000,
        "fonts": "".join(f"<p style='font-family:F{n}'>x</p>" for n in range(2000)),
        "link-attachment": "<link rel=attachment href=file:///etc/passwd>hi",
        "form": "<form>" + "<input type=text value=x>" * 5000,
    }
    for name, page in pages.items():
        yield name, mail(entity(b"text/html; charset=utf-8", page.encode("utf-8", "surrogatepass"), "base64"))


def pictures() -> Iterator[tuple[str, bytes]]:
    def picture(data: bytes, kind: bytes = b"image/png", name: bytes = b"filename=a.png") -> bytes:
        return mail(multipart("mixed", attached(kind, data, name)))

    yield "png-100mpx", picture(png_of(10_000, 10_000))
    yield "png-past-100mpx", picture(png_of(10_001, 10_000))
    yield "png-900mpx", picture(png_of(30_000, 30_000))
    yield "png-rgb-60mpx", picture(png_of(7_750, 7_750, 8, 2))
    yield "png-rgba-99mpx", picture(png_of(9_950, 9_950, 8, 6))
    yield "png-wide", picture(png_of(1_000_000, 1))
    yield "png-tall", picture(png_of(1, 1_000_000))
    yield (
        "png-lying-size",
        picture(png_of(10, 10).replace((10).to_bytes(4, "big") * 2, b"\x7f\xff\xff\xff" * 2)),
    )
    yield "png-zero", picture(png_of(0, 0))
    yield "png-cut", picture(png_of(500, 500)[:60])
    yield "png-text-bomb", picture(png_with_text(b"\0" * 60_000_000))
    yield (
        "png-many",
        mail(
            multipart(
                "mixed",
                *[attached(b"image/png", png_of(4000, 4000), b"filename=a%d.png" % n) for n in range(20)],
            )
        ),
    )
    yield (
        "gif-lying",
        picture(
            b"GIF89a\xff\xff\xff\xff\x80\0\0" + b"\0" * 6 + b",\0\0\0\0\xff\xff\xff\xff\0\2\2L\1\0;",
            b"image/gif",
        ),
    )
    yield (
        "bmp-lying",
        picture(
            b"BM"
            + struct.pack(
                "<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0
            ),
            b"image/bmp",
        ),
    )
    yield "tiff-loop", picture(tiff_loop(), b"image/tiff", b"filename=a.tif")
    yield "tiff-many-pages", picture(tiff_pages(5000), b"image/tiff", b"filename=a.tif")
    yield (
        "tiff-huge-strips",
        picture(
            struct.pack("<2sHIH", b"II", 42, 8, 1) + struct.pack("<HHII", 256, 4, 1, 2**31) + b"\0\0\0\0",
            b"image/tiff",
        ),
    )
    yield (
        "jpeg-lying",
        picture(
            b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x22\0\x02\x11\x01\x03\x11\x01" + b"\0" * 99,
            b"image/jpeg",
        ),
    )
    yield (
        "svg-attached",
        picture(
            b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", b"image/svg+xml", b"filename=a.svg"
        ),
    )
    yield "wrong-type", picture(PDF, b"image/png")
    yield "png-as-text", mail(multipart("mixed", attached(b"text/plain", PNG, b"filename=a.txt")))
    yield "webp-empty", picture(b"RIFF\x04\0\0\0WEBP", b"image/webp")
    yield (
        "cid-bomb",
        mail(
            multipart(
                "related",
                entity(b"text/html", b"<img src=cid:a>" * 50),
                entity(b"image/png", png_of(20_000, 20_000), "base64", b"Content-ID: <a>"),
            )
        ),
    )
    yield (
        "cid-many",
        mail(
            multipart(
                "related",
                entity(b"text/html", b"<img src=cid:a width=10>" * 3000),
                entity(b"image/png", PNG, "base64", b"Content-ID: <a>"),
            )
        ),
    )


def png_with_text(content: bytes) -> bytes:
    """Return a PNG whose compressed comment is large."""
    data = b"Comment\0\0" + zlib.compress(content, 9)
    chunk = len(data).to_bytes(4, "big") + b"zTXt" + data + zlib.crc32(b"zTXt" + data).to_bytes(4, "big")
    plain = png_of(10, 10)
    return plain[:33] + chunk + plain[33:]


def _ifd(following: int) -> bytes:
    tags = [(256, 16), (257, 16), (258, 1), (259, 1), (262, 1), (273, 8), (277, 1), (278, 16), (279, 32)]
    body = struct.pack("<H", len(tags)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags
    )
    return body + struct.pack("<I", following)


def tiff_loop() -> bytes:
    """Return a TIFF whose second page is followed by its first."""
    start = 8 + 32
    size = len(_ifd(0))
    return struct.pack("<2sHI", b"II", 42, start) + b"\xff" * 32 + _ifd(start + size) + _ifd(start)


def tiff_pages(count: int) -> bytes:
    """Return a TIFF of many pages that share one strip."""
    start, size = 40, len(_ifd(0))
    pages = (_ifd(start + size * (n + 1) if n + 1 < count else 0) for n in range(count))
    return struct.pack("<2sHI", b"II", 42, start) + b"\xff" * 32 + b"".join(pages)


def pdfs() -> Iterator[tuple[str, bytes]]:
    def pdf(data: bytes) -> bytes:
        return mail(multipart("mixed", attached(b"application/pdf", data, b"filename=a.pdf")))

    def pages(count: int, box: str = "0 0 595 842", extra: str = "") -> bytes:
        return (
            "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            f"2 0 obj<</Type/Pages/Kids[{'3 0 R ' * count}]/Count {count}>>endobj\n"
            f"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[{box}]{extra}>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
        ).encode()

    yield "pages-200", pdf(pages(200))
    yield "pages-201", pdf(pages(201))
    yield "pages-100000", pdf(pages(100_000))
    yield "count-lies", pdf(pages(1).replace(b"/Count 1", b"/Count 999999999"))
    yield "count-negative", pdf(pages(1).replace(b"/Count 1", b"/Count -5"))
    yield "huge-box", pdf(pages(1, "0 0 1000000000 1000000000"))
    yield "zero-box", pdf(pages(1, "0 0 0 0"))
    yield "nan-box", pdf(pages(1, "a b c d"))
    yield (
        "kids-loop",
        pdf(
            b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[2 0 R]/Count 1>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"
        ),
    )
    stream = zlib.compress(b"0 0 m 595 842 l S " * 2_000_000, 9)
    yield (
        "stream-bomb",
        pdf(
            pages(1, extra="/Contents 4 0 R").replace(
                b"trailer",
                b"4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj\ntrailer"
                % (len(stream), stream),
            )
        ),
    )
    image = zlib.compress(b"\0" * (20_000 * 20_000 // 8), 9)
    xobject = (
        b"5 0 obj<</Type/XObject/Subtype/Image/Width 20000/Height 20000/BitsPerComponent 1/ColorSpace/DeviceGray/Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n"
        % (len(image), image)
    )
    draw = b"4 0 obj<</Length 30>>stream\nq 595 0 0 842 0 0 cm /I Do Q  \nendstream endobj\n"
    yield (
        "image-bomb",
        pdf(
            pages(1, extra="/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>").replace(
                b"trailer", draw + xobject + b"trailer"
            )
        ),
    )
    rgb = zlib.compress(b"\0" * (12_000 * 12_000 * 3), 9)
    xobject = (
        b"5 0 obj<</Type/XObject/Subtype/Image/Width 12000/Height 12000/BitsPerComponent 8/ColorSpace/DeviceRGB/Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n"
        % (len(rgb), rgb)
    )
    yield (
        "image-rgb-bomb",
        pdf(
            pages(1, extra="/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>").replace(
                b"trailer", draw + xobject + b"trailer"
            )
        ),
    )
    yield (
        "javascript",
        pdf(pages(1).replace(b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(while(1){})>>")),
    )
    yield (
        "encrypted",
        pdf(pages(1).replace(b"trailer<<", b"trailer<</Encrypt<</Filter/Standard/V 1/R 2/O(x)/U(x)/P -4>>")),
    )
    yield "garbage", pdf(b"%PDF-1.7\n" + random.Random(2).randbytes(100_000))


def packed() -> Iterator[tuple[str, bytes]]:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 100_000_000)
    yield (
        "zip-bomb",
        mail(multipart("mixed", HELLO, attached(b"application/zip", box.getvalue(), b"filename=a.zip"))),
    )
    yield (
        "docx-bomb",
        mail(multipart("mixed", attached(b"application/octet-stream", box.getvalue(), b"filename=a.docx"))),
    )
    yield (
        "gzip-bomb",
        mail(
            multipart(
                "mixed", attached(b"application/gzip", gzip.compress(b"\0" * 100_000_000), b"filename=a.gz")
            )
        ),
    )
    yield (
        "exe",
        mail(
            multipart("mixed", attached(b"application/x-msdownload", b"MZ" + b"\0" * 100, b"filename=a.exe"))
        ),
    )
    yield (
        "tnef-empty",
        mail(multipart("mixed", HELLO, attached(b"application/ms-tnef", b"", b"filename=winmail.dat"))),
    )
    yield (
        "tnef-garbage",
        mail(
            multipart(
                "mixed",
                HELLO,
                attached(
                    b"application/ms-tnef",
                    b"\x78\x9f\x3e\x22\1\0" + random.Random(3).randbytes(5000),
                    b"filename=winmail.dat",
                ),
            )
        ),
    )
    yield (
        "tnef-lying",
        mail(
            multipart(
                "mixed",
                HELLO,
                attached(
                    b"application/ms-tnef",
                    b"\x78\x9f\x3e\x22\1\0\2\x0f\x80\6\0\xff\xff\xff\x7f" + b"x" * 100,
                    b"filename=winmail.dat",
                ),
            )
        ),
    )
    attribute = b"\2\x02\x90\6\0\0\0\0\0\0\0"
    yield (
        "tnef-many",
        mail(
            multipart(
                "mixed",
                HELLO,
                attached(
                    b"application/ms-tnef",
                    b"\x78\x9f\x3e\x22\1\0" + attribute * 100_000,
                    b"filename=winmail.dat",
                ),
            )
        ),
    )


def text() -> Iterator[tuple[str, bytes]]:
    bodies = {
        "one-line-5mb": b"x" * 5_000_000,
        "one-line-100k": b"x" * 100_000,
        "lines-1m": b"\r\n" * 1_000_000 + b"x",
        "lines-13000": b"x\r\n" * 13_000,
        "form-feeds": b"\f" * 100_000 + b"x",
        "tabs": b"\t" * 200_000 + b"x",
        "blanks": b" " * 3_000_000 + b"x",
        "flowed-bomb": b"x \r\n" * 200_000,
        "quotes-bomb": b">" * 200_000 + b"x",
        "japanese-300k": "あいうえお".encode() * 20_000,
        "controls": bytes(range(32)) * 1000,
        "ansi": b"\x1b[31mred\x1b[0m" * 100,
        "dots": b".\r\n" * 100,
        "from-lines": b"From x\r\n" * 100,
        "words-600k": b"word " * 120_000,
    }
    for name, body in bodies.items():
        flowed = b"; format=flowed" if "flowed" in name else b""
        yield name, mail(entity(b"text/plain; charset=utf-8" + flowed, body))
    rows = b"a,b,c\r\n" * 12_000
    yield "csv-rows", mail(multipart("mixed", attached(b"text/csv", rows, b"filename=a.csv")))
    yield (
        "csv-columns",
        mail(
            multipart(
                "mixed", attached(b"text/csv", b",".join(b"%d" % n for n in range(5000)), b"filename=a.csv")
            )
        ),
    )
    yield (
        "csv-quote-open",
        mail(multipart("mixed", attached(b"text/csv", b'a,"' + b"x" * 2_000_000, b"filename=a.csv"))),
    )
    yield (
        "csv-sniff",
        mail(multipart("mixed", attached(b"text/csv", b'"' * 8000 + b"a;b|c\t" * 500, b"filename=a.csv"))),
    )
    yield (
        "json-deep",
        mail(multipart("mixed", attached(b"application/json", b"[" * 50_000, b"filename=a.json"))),
    )
