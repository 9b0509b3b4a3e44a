"""PDF pages on the fax page: size, turn, forms, damage."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name
from render_fixtures import ink, ink_box, part, pdf_of, pictures, render

from render.errors import EncryptedDocument, RenderError, TooManyPages, UnreadableDocument

if TYPE_CHECKING:
    from render.document import Part

A4 = (210, 297)


def pdf(*sizes: tuple[float, float]) -> Part:
    return part(pdf_of(*(sizes or (A4,))), "application/pdf", "a.pdf")


def test_every_page_is_drawn_at_both_resolutions() -> None:
    rendering = render(pdf(A4, A4, A4))
    assert rendering.pages == 3
    assert [page.size for page in pictures(rendering, "fine")] == [(1728, 2287)] * 3
    assert [page.size for page in pictures(rendering, "standard")] == [(1728, 1143)] * 3


def test_an_a4_page_keeps_its_true_size() -> None:
    left, top, right, bottom = ink_box(pictures(render(pdf()))[0]) or (0,) * 4
    # The frame stands 10 mm inside the paper, which lies centred.
    assert left == pytest.approx(20 + 80, abs=2)
    assert right == pytest.approx(1728 - 100, abs=2)
    assert top == pytest.approx(77, abs=2)
    assert bottom == pytest.approx(2287 - 77 - 8, abs=3)


def test_a_landscape_page_is_turned_clockwise() -> None:
    (page,) = pictures(render(pdf((297, 210))))
    box = ink_box(page) or (0,) * 4
    assert box[3] - box[1] > box[2] - box[0]
    # "page 1" stands at the top left of the sheet, so at the top right once turned.
    words = page.crop((1500, 100, 1610, 500))
    assert ink(words) > ink(page.crop((200, 100, 310, 500)))


def test_pages_of_mixed_orientation_are_turned_each_by_itself() -> None:
    upright, sideways = pictures(render(pdf(A4, (297, 210))))
    first, second = ink_box(upright) or (0,) * 4, ink_box(sideways) or (0,) * 4
    assert all(abs(a - b) <= 12 for a, b in zip(first, second, strict=True))


def test_a_poster_is_reduced_to_the_page() -> None:
    left, top, right, bottom = ink_box(pictures(render(pdf((841, 1189))))[0]) or (0,) * 4
    assert 0 <= left < right <= 1728
    assert 0 <= top < bottom <= 2287


def test_a_small_page_is_not_enlarged() -> None:
    left, _, right, bottom = ink_box(pictures(render(pdf((105, 148))))[0]) or (0,) * 4
    assert right - left < 105 / 25.4 * 204
    assert bottom < 148 / 25.4 * 196


def test_the_pages_own_rotation_is_honoured() -> None:
    file = pikepdf.open(io.BytesIO(pdf_of((297, 210))))
    file.pages[0].Rotate = 90
    out = io.BytesIO()
    file.save(out)
    turned = pictures(render(part(out.getvalue(), "application/pdf")))[0]
    plain = pictures(render(pdf((297, 210))))[0]
    assert ink(turned) == pytest.approx(ink(plain), rel=0.02)


def form_with(value: str) -> bytes:
    """Return a PDF with one filled text field, without a prepared appearance."""
    file = pikepdf.open(io.BytesIO(pdf_of(A4, body="")))
    font = file.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
    field = file.make_indirect(
        Dictionary(
            Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, T="name", V=value, F=4,
            Rect=Array([100, 400, 400, 430]), DA="/Helv 18 Tf 0 g", P=file.pages[0].obj,
        )
    )  # fmt: skip
    file.pages[0].Annots = Array([field])
    file.Root.AcroForm = Dictionary(
        Fields=Array([field]),
        DA="/Helv 12 Tf 0 g",
        DR=Dictionary(Font=Dictionary(Helv=font)),
        NeedAppearances=True,
    )
    out = io.BytesIO()
    file.save(out)
    return out.getvalue()


def test_what_was_typed_into_a_form_is_drawn() -> None:
    empty = ink(pictures(render(part(form_with(""), "application/pdf")))[0])
    filled = ink(pictures(render(part(form_with("Filled in by Alice"), "application/pdf")))[0])
    assert filled > empty + 500


def test_a_pdf_with_a_password_is_refused_by_name() -> None:
    out = io.BytesIO()
    pikepdf.open(io.BytesIO(pdf_of(A4))).save(out, encryption=pikepdf.Encryption(owner="o", user="u"))
    with pytest.raises(EncryptedDocument, match="password") as refused:
        render(part(out.getvalue(), "application/pdf", "secret.pdf"))
    assert (refused.value.name, refused.value.code) == ("secret.pdf", "encrypted-document")


def test_a_pdf_that_only_forbids_editing_is_drawn() -> None:
    out = io.BytesIO()
    pikepdf.open(io.BytesIO(pdf_of(A4))).save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    assert render(part(out.getvalue(), "application/pdf")).pages == 1


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"not a pdf at all", b"%PDF-1.4\n" + b"\xff" * 2000])
def test_a_broken_pdf_is_refused_by_name(data: bytes) -> None:
    with pytest.raises(UnreadableDocument) as refused:
        render(part(data, "application/pdf", "broken.pdf"))
    assert refused.value.name == "broken.pdf"


def test_a_pdf_cut_in_half_is_refused_or_drawn_but_never_anything_else() -> None:
    data = pdf_of(A4, A4)
    for cut in (len(data) // 4, len(data) // 2, len(data) - 100):
        try:
            assert render(part(data[:cut], "application/pdf")).pages >= 1
        except RenderError as error:
            assert error.code in {"unreadable-document", "nothing-to-send"}  # noqa: PT017  (either end is right)


def test_more_pages_than_allowed_are_refused_before_drawing() -> None:
    with pytest.raises(TooManyPages) as refused:
        render(pdf(*[A4] * 5), max_pages=4)
    assert refused.value.name == "a.pdf"


def test_the_paper_setting_gives_the_length_of_the_page() -> None:
    assert pictures(render(pdf((215.9, 279.4)), paper="letter"))[0].size == (1728, 2151)
    assert pictures(render(pdf((215.9, 355.6)), paper="legal"))[0].size == (1728, 2738)
