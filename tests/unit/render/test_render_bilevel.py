"""Black and white: a threshold for text, dots for photographs, paper that is not quite white."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageDraw, ImageFont
from render_fixtures import file_of, ink, part, pictures, render

from render.bilevel import Drawing, photo_mask, to_bilevel, whitened

SIZE = (480, 480)
WHOLE = ((0, 0, *SIZE),)


def flat(shade: int) -> Image.Image:
    return Image.new("L", SIZE, shade)


def share(picture: Image.Image) -> float:
    """Return the share of black."""
    return ink(picture) / (picture.width * picture.height)


def gradient() -> Image.Image:
    return Image.frombytes("L", SIZE, bytes(x * 255 // 479 for x in range(480)) * 480)


@pytest.mark.parametrize(("shade", "black"), [(0, 1), (184, 1), (185, 0), (255, 0)])
def test_text_is_cut_at_185(shade: int, black: int) -> None:
    assert share(to_bilevel(Drawing(flat(shade)))) == black


@pytest.mark.parametrize("y_dpi", [98.0, 196.0, 391.0])
@pytest.mark.parametrize("shade", [60, 100, 128, 160])
def test_a_photograph_is_as_dark_as_its_grey(shade: int, y_dpi: float) -> None:
    uneven = gradient().point(lambda v: shade + v % 7 - 3)
    # Half the shades each, lest the picture be taken for paper.
    shown = to_bilevel(Drawing(uneven, WHOLE if shade < 128 else ()), y_dpi=y_dpi)
    if shade < 128:
        assert share(shown) == pytest.approx(1 - shade / 255, abs=0.06)
    else:
        assert share(shown) == 1


def test_a_photograph_keeps_its_shades_in_order() -> None:
    shown = to_bilevel(Drawing(gradient(), WHOLE))
    bands = [share(shown.crop((x, 0, x + 48, 480))) for x in range(0, 480, 48)]
    assert bands == sorted(bands, reverse=True)
    assert bands[0] > 0.85
    assert bands[-1] < 0.1
    assert 0.3 < bands[5] < 0.7


def test_outside_the_pictures_nothing_is_screened() -> None:
    shown = to_bilevel(Drawing(flat(120), ((0, 0, 240, 240),)))
    assert share(shown.crop((256, 256, 480, 480))) == 1


def test_lettering_inside_a_picture_stays_sharp() -> None:
    letters = flat(255)
    for x in range(20, 460, 40):
        letters.paste(0, (x, 100, x + 5, 300))
    assert photo_mask(letters).getbbox() is None
    assert to_bilevel(Drawing(letters, WHOLE)).tobytes() == to_bilevel(Drawing(letters)).tobytes()


def test_the_grey_paper_of_a_scan_becomes_white() -> None:
    paper = flat(190)
    paper.paste(10, (100, 100, 200, 110))
    assert whitened(paper).getpixel((10, 10)) == 255
    shown = to_bilevel(Drawing(paper, WHOLE))
    assert share(shown) == pytest.approx(1000 / 480**2, rel=0.05)


def test_a_photograph_has_no_paper_to_whiten() -> None:
    assert whitened(gradient()).tobytes() == gradient().tobytes()


def test_the_page_itself_is_not_changed() -> None:
    page = flat(200)
    before = page.tobytes()
    to_bilevel(Drawing(page, WHOLE))
    assert page.tobytes() == before


def test_cells_are_as_high_as_wide_on_paper_at_every_resolution() -> None:
    dark = gradient().point(lambda v: 90 + v % 11)
    for y_dpi, lines in ((98.0, 3), (196.0, 6), (391.0, 12)):
        shown = to_bilevel(Drawing(dark.point(lambda _: 90), WHOLE), y_dpi=y_dpi)
        assert shown.crop((0, 0, 480, 240)).tobytes() == shown.crop((0, lines, 480, 240 + lines)).tobytes()
        assert shown.crop((0, 0, 480, 240)).tobytes() != shown.crop((0, 1, 480, 241)).tobytes()


@pytest.mark.parametrize("resolution", ["standard", "fine"])
def test_a_photograph_in_a_mail_is_no_black_blot(resolution: str) -> None:
    photo = file_of(gradient(), "JPEG", dpi=(100, 100))
    attached = pictures(render(part(photo, "image/jpeg")), resolution)[0]
    inline = pictures(
        render(part('<img src="cid:p">', "text/html", related={"p": ("image/jpeg", photo)})), resolution
    )[0]
    for page in (attached, inline):
        box = page.convert("L").point(lambda v: 255 - v).getbbox()
        assert box is not None
        assert 0.3 < share(page.crop(box)) < 0.7


def test_a_picture_on_a_turned_page_is_found() -> None:
    photo = file_of(gradient(), "JPEG")
    body = part('<img src="cid:p" width=400>', "text/html", related={"p": ("image/jpeg", photo)})
    (page,) = pictures(render(body, orientation="landscape"))
    box = page.convert("L").point(lambda v: 255 - v).getbbox()
    assert box is not None
    assert box[2] > 1500
    assert 0.3 < share(page.crop(box)) < 0.7


def lettered(paper: int) -> Image.Image:
    """Return smooth letters on paper of a shade, as a page is drawn."""
    page = flat(paper)
    ImageDraw.Draw(page).text((40, 200), "Hello", font=ImageFont.load_default(60), fill=0)
    return page


def test_on_request_every_area_of_a_shade_gets_dots_as_dark_as_it_is() -> None:
    for shade in (60, 128, 204, 238):
        shown = to_bilevel(Drawing(flat(shade)), shades="grayscale")
        assert share(shown) == pytest.approx(1 - shade / 255, abs=0.05)


def test_letters_on_white_are_the_same_with_and_without_shades() -> None:
    page = Drawing(lettered(255))
    assert to_bilevel(page, shades="grayscale").tobytes() == to_bilevel(page).tobytes()


def test_letters_on_grey_stay_whole_among_the_dots() -> None:
    shown, plain = to_bilevel(Drawing(lettered(204)), shades="grayscale"), to_bilevel(Drawing(lettered(204)))
    lost = ImageChops.subtract(shown.convert("L"), plain.convert("L"))
    letters = ink(plain)
    assert letters > 1000
    assert lost.histogram()[255] < letters * 0.1  # a few pels of their grey edge


def test_black_and_white_on_request_has_no_dot_even_in_a_photograph() -> None:
    shown = to_bilevel(Drawing(gradient(), WHOLE), shades="bw")
    column = [shown.getpixel((x, 100)) for x in range(480)]
    assert column == sorted(column)  # black, then white, and no way back


def test_the_wish_for_shades_reaches_the_page() -> None:
    grey = part(file_of(flat(200), "PNG", dpi=(100, 100)), "image/png", "x.png")
    page = '<div style="background: #bbb; height: 60mm"></div>'
    shares = {
        wish: ink(pictures(render(part(page, "text/html"), keep_backgrounds=True, rendering=wish))[0])
        for wish in ("", "bw", "grayscale")
    }
    assert shares[""] == shares["bw"] == 0
    assert shares["grayscale"] > 50_000
    assert ink(pictures(render(grey, rendering="bw"))[0]) == 0
