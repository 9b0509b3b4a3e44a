"""Whole messages: order, masters, warnings, refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image
from render_fixtures import file_of, ink, part, pdf_of, pictures, render

from render.errors import NothingToSend, RenderError, TooManyPages, UnsupportedDocument
from render.pages import render_parts
from render.tiff import read_tiff

if TYPE_CHECKING:
    from render.document import Part

TEXT = part("A short letter.")
PDF = part(pdf_of((210, 297), (210, 297)), "application/pdf", "two.pdf", role="attachment")
PICTURE = part(file_of(Image.new("L", (300, 300), 0), "PNG"), "image/png", "x.png", role="attachment")


def test_parts_follow_one_another_each_on_a_new_page() -> None:
    together = pictures(render(TEXT, PDF, PICTURE))
    assert len(together) == 4
    alone = [page for single in (TEXT, PDF, PICTURE) for page in pictures(render(single))]
    assert [page.tobytes() for page in together] == [page.tobytes() for page in alone]


def test_both_masters_show_the_same_pages() -> None:
    rendering = render(TEXT, PDF)
    fine, standard = pictures(rendering, "fine"), pictures(rendering, "standard")
    assert len(fine) == len(standard) == rendering.pages == 3
    for large, small in zip(fine, standard, strict=True):
        assert ink(small) == pytest.approx(ink(large) / 2, rel=0.25)


def test_masters_are_mmr_of_1728_pels() -> None:
    for resolution, data in render(TEXT).masters.items():
        (page,) = read_tiff(data)
        assert (page.compression, page.width, page.resolution) == ("MMR", 1728, resolution)


def test_other_resolutions_are_drawn_on_request() -> None:
    rendering = render_parts([TEXT], resolutions=("superfine",))
    (page,) = read_tiff(rendering.masters["superfine"])
    assert (page.rows, page.y_dpi) == (4574, 391)


def test_the_same_message_gives_the_same_bytes() -> None:
    assert render(TEXT, PDF, PICTURE) == render(TEXT, PDF, PICTURE)


@pytest.mark.parametrize("parts", [[], [part("")], [part(" \n"), part("\f")], [part("", "text/csv")]])
def test_nothing_to_send_is_said_so(parts: list[Part]) -> None:
    with pytest.raises(NothingToSend) as refused:
        render(*parts)
    assert refused.value.code == "nothing-to-send"


def test_a_blank_body_beside_an_attachment_costs_no_page() -> None:
    assert render(part(" \n "), PDF).pages == 2


def test_the_limit_of_pages_counts_all_parts() -> None:
    assert render(TEXT, PDF, max_pages=3).pages == 3
    with pytest.raises(TooManyPages):
        render(TEXT, PDF, max_pages=2)


def test_one_part_that_cannot_be_drawn_stops_the_fax() -> None:
    with pytest.raises(UnsupportedDocument) as refused:
        render(TEXT, part(b"PK\x03\x04\0", "application/zip", "all.zip"))
    assert str(refused.value).startswith("all.zip: ")


def test_warnings_come_back_with_the_pages() -> None:
    assert render(part(b"caf\xff", name="menu.txt", charset="utf-8")).warnings == [
        "menu.txt: some characters could not be read as utf-8."
    ]
    assert render(TEXT).warnings == []


def test_every_error_has_a_code_of_its_own_and_no_retry() -> None:
    errors = RenderError.__subclasses__()
    codes = {error.code for error in errors}
    assert codes == {
        "nothing-to-send", "unsupported-document", "unreadable-document", "encrypted-document",
        "too-many-pages", "too-large", "render-failed",
    }  # fmt: skip
    assert all(error("n", "t").retry == "never" for error in errors)


def test_a_kind_of_file_that_is_not_drawn_fails_the_fax_or_is_left_out_as_the_account_wishes() -> None:
    strange = part(b"\0\1", "application/x-strange", "a.xyz")
    with pytest.raises(UnsupportedDocument, match="cannot be faxed"):
        render(TEXT, strange)
    rendering = render(TEXT, strange, unsupported="ignore")
    assert rendering.pages == 1
    assert rendering.warnings == ["a.xyz: this kind of file was left out."]


def test_a_fax_of_nothing_but_files_left_out_fails() -> None:
    with pytest.raises(UnsupportedDocument):
        render(part(b"\0\1", "application/x-strange", "a.xyz"), unsupported="ignore")
