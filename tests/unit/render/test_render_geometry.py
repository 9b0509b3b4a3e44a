"""Sizes of pages after T.4, and where documents lie on them."""

from __future__ import annotations

import pytest

from render.geometry import MM, Canvas, canvas, place, place_picture

FINE = canvas("a4", "fine")
A4 = (210 / MM, 297 / MM)


@pytest.mark.parametrize(
    ("paper", "resolution", "rows"),
    [
        ("a4", "standard", 1143), ("a4", "fine", 2287), ("a4", "superfine", 4574),
        ("letter", "standard", 1076), ("letter", "fine", 2151), ("letter", "superfine", 4303),
        ("legal", "standard", 1369), ("legal", "fine", 2738), ("legal", "superfine", 5476),
    ],
)  # fmt: skip
def test_a_page_has_as_many_lines_as_its_paper(paper: str, resolution: str, rows: int) -> None:
    assert (canvas(paper, resolution).width, canvas(paper, resolution).rows) == (1728, rows)


@pytest.mark.parametrize("paper", ["b4", "a3"])
def test_wide_papers_become_a4_pages_because_wide_scans_are_never_sent_unasked(paper: str) -> None:
    assert canvas(paper, "fine") == FINE


def test_an_unknown_paper_is_a4_and_case_does_not_matter() -> None:
    assert canvas("foolscap", "fine") == canvas("A4", "fine") == FINE


def test_a4_is_1687_pels_centred_in_1728() -> None:
    at = place(*A4, FINE)
    assert (at.width, at.height, at.x, at.y, at.turned) == (1687, 2287, 20, 0, False)


def test_letter_keeps_its_scale_and_loses_three_pels_on_each_side() -> None:
    at = place(8.5, 11, canvas("letter", "fine"))
    assert (at.width, at.height, at.x) == (1734, 2151, -3)


def test_a_larger_page_is_reduced_alike_on_both_axes() -> None:
    at = place(297 / MM, 420 / MM, FINE)
    assert at.height == 2287
    assert at.width / FINE.x_dpi / (at.height / FINE.y_dpi) == pytest.approx(297 / 420, rel=0.002)


def test_a_smaller_page_is_never_enlarged() -> None:
    at = place(4, 5, FINE)
    assert (at.width, at.height) == (816, 978)


def test_a_wide_page_is_turned_when_that_makes_it_larger() -> None:
    at = place(A4[1], A4[0], FINE)
    assert at.turned
    assert (at.width, at.height) == (1687, 2287)


def test_a_wide_page_that_fits_anyway_stays_upright() -> None:
    assert not place(4, 2, FINE).turned


@pytest.mark.parametrize(("width", "height"), [(200, 0.1), (0.1, 200), (1, 1), (14400 / 72, 14400 / 72)])
def test_nothing_is_ever_drawn_beyond_the_page_or_vanishes(width: float, height: float) -> None:
    at = place(width, height, FINE)
    assert 1 <= at.width <= FINE.width * 1.02
    assert 1 <= at.height <= FINE.rows * 1.02


def test_both_resolutions_show_the_same_part_of_the_paper() -> None:
    standard, fine = (place(5, 7, canvas("a4", r)) for r in ("standard", "fine"))
    assert standard.width == fine.width
    assert abs(fine.height - 2 * standard.height) <= 1


def test_a_small_picture_leaves_room_for_the_header_line() -> None:
    at = place_picture(3, 2, FINE)
    assert at.y == round(12 / MM * FINE.y_dpi)
    assert at.x == (1728 - at.width) // 2


def test_a_scanned_page_stays_where_it_is() -> None:
    at = place_picture(*A4, FINE)
    assert (at.width, at.height, at.y) == (1687, 2287, 0)


def test_a_large_picture_keeps_off_the_edges_a_fax_loses() -> None:
    at = place_picture(40, 30, FINE)
    assert at.turned
    assert at.x >= 60
    assert at.y >= 90
    assert at.y + at.height <= FINE.rows - 60


def test_a_fax_page_used_as_a_picture_covers_the_canvas_exactly() -> None:
    at = place_picture(1728 / 204, 2287 / 195.58, FINE)
    assert at == place(1728 / 204, 2287 / 195.58, FINE)
    assert (at.x, at.y, at.width, at.height) == (0, 0, 1728, 2287)


def test_a_canvas_has_the_exact_densities_not_the_rounded_ones() -> None:
    assert Canvas(1728, 1143, 204.0, 97.79, "standard") == canvas("a4", "standard")


def test_on_request_a_small_page_fills_the_paper() -> None:
    at = place(148 / MM, 210 / MM, FINE, fit=True)
    assert (at.height, at.turned) == (2287, False)
    assert at.width / FINE.x_dpi / (at.height / FINE.y_dpi) == pytest.approx(148 / 210, rel=0.002)
    assert at.x == (FINE.width - at.width) // 2


@pytest.mark.parametrize("size", [A4, (A4[1], A4[0]), (297 / MM, 420 / MM), (8.5, 11)])
def test_what_fills_the_paper_already_is_placed_as_ever(size: tuple[float, float]) -> None:
    assert place(*size, FINE, fit=True) == place(*size, FINE)


@pytest.mark.parametrize(
    ("size", "placed"),
    [
        ((4, 5), (456, 0, 816, 978, False)),  # small: centred
        ((297 / MM, 420 / MM), (0, 0, 2385, 3234, False)),  # A3: cut at the right and the bottom
        ((A4[1], A4[0]), (20, 0, 1687, 2287, True)),  # turned, for so all of it is seen
        ((20, 16), (0, 0, 4080, 3129, False)),  # turning would not help
    ],
)
def test_on_request_a_page_keeps_its_size_whatever_is_cut(
    size: tuple[float, float], placed: tuple[object, ...]
) -> None:
    at = place(*size, FINE, fit=False)
    assert (at.x, at.y, at.width, at.height, at.turned) == placed


def test_a_picture_is_enlarged_on_request_but_keeps_its_margins() -> None:
    at = place_picture(2, 1.5, FINE, fit=True)
    assert at.turned
    assert at.x > 0
    assert at.y > 0
    assert at.x + at.width < FINE.width
    assert at.y + at.height < FINE.rows
    assert at.height > FINE.rows * 0.8


def test_a_scan_of_a_whole_page_stays_where_it_is_whatever_is_wished() -> None:
    assert len({place_picture(*A4, FINE, fit=fit) for fit in (None, True, False)}) == 1


def test_a_picture_of_another_size_is_cut_on_request_and_not_made_smaller() -> None:
    at = place_picture(16, 12, FINE, fit=False)
    assert (at.x, at.y, at.width, at.height) == (0, 0, 16 * 204, round(12 * 195.58))
