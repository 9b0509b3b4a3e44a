"""Whatever size of page a far machine may send: it can be looked at, kept and forwarded."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pikepdf
import pytest
from PIL import Image

from gateway.receive.document import in_format
from gateway.store.receptions import get_reception
from gateway.wording import RESOLUTIONS
from modem.coding import WIDTHS, Resolution
from render.coding import DENSITIES
from render.errors import UnreadableDocument
from render.preview import to_png
from render.tiff import TiffPage, read_tiff

if TYPE_CHECKING:
    from web_fixtures import Pages

EVERY = [(resolution.value, width) for resolution in Resolution for width in WIDTHS[resolution]]


@pytest.mark.parametrize(("resolution", "width"), EVERY)
async def test_a_received_page_of_any_size_can_be_seen(pages: Pages, resolution: str, width: int) -> None:
    number = pages.received_as(resolution, width)
    page = await pages.text(f"/fax/{number}")
    assert f"<strong>As received</strong>, {RESOLUTIONS[resolution]}" in page
    assert f"<td>MMR, {RESOLUTIONS[resolution]}</td>" in page
    across, down = DENSITIES[resolution]
    for size, pels in (("thumb", 168), ("page", 864), ("large", 1728)):
        answer = await pages.get(f"/fax/{number}/page/1.png?size={size}")
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert picture.width == pels
            assert picture.height / pels == pytest.approx((600 / down) / (width / across), rel=0.02)


@pytest.mark.parametrize(("resolution", "width"), EVERY)
async def test_a_received_page_of_any_size_can_be_kept(pages: Pages, resolution: str, width: int) -> None:
    number = pages.received_as(resolution, width)
    [kept] = read_tiff((await pages.get(f"/fax/{number}/fax-{number}.tif")).content)
    assert (kept.resolution, kept.width, kept.rows) == (resolution, width, 600)
    pdf = pikepdf.open(io.BytesIO((await pages.get(f"/fax/{number}/fax-{number}.pdf")).content))
    assert float(pdf.pages[0].mediabox[2]) == pytest.approx(width / DENSITIES[resolution][0] * 72, abs=0.01)


@pytest.mark.parametrize("language", ["en", "ja", "zh-CN", "ru"])
async def test_the_words_of_a_resolution_are_of_the_readers_language(pages: Pages, language: str) -> None:
    number = pages.received_as("ultrafine", 3456)
    page = await pages.text(f"/fax/{number}", accept_language=language)
    assert (RESOLUTIONS["ultrafine"] in page) == (language == "en")


@pytest.mark.parametrize("form", ["pdf", "tiff"])
@pytest.mark.parametrize(("resolution", "width"), EVERY)
def test_a_forward_takes_pages_of_any_size(pages: Pages, resolution: str, width: int, form: str) -> None:
    number = pages.received_as(resolution, width)
    reception = pages.house.store.read(get_reception, number)
    assert reception is not None
    document = pages.blobs.read(reception.pages[0].blob)
    assert in_format(document, form, str(number)).startswith(b"%PDF" if form == "pdf" else b"II")


def test_metres_of_paper_are_an_error_with_a_name_not_a_crash() -> None:
    with pytest.raises(UnreadableDocument):
        to_png(TiffPage(b"\0", 4864, 40_000, "MMR", 408, 391))
