"""Pictures to the pixel, and words that fit."""

import io

import numpy as np
import pytest
from PIL import Image

from ae.figures.layout.drawing import DPI, style
from ae.figures.layout.sheet import Pen, mosaic, pictures, place, sheet, wrapped


def _pixels(figure) -> np.ndarray:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    return np.asarray(Image.open(buffer).convert("L"))


@pytest.mark.parametrize("zoom", [1, 2, 3])
@pytest.mark.parametrize(("left", "top"), [(0, 0), (17, 31)])
def test_a_picture_is_drawn_to_the_pixel(zoom, left, top):
    grey = np.arange(77).reshape(7, 11) / 76
    figure = sheet(101, 83)
    with style():
        place(figure, grey, left, top, zoom)
        found = _pixels(figure)
    large = grey.repeat(zoom, 0).repeat(zoom, 1)
    expected = np.full((83, 101), 255.0)
    expected[top : top + 7 * zoom, left : left + 11 * zoom] = 255 * large
    assert found.shape == (83, 101)
    np.testing.assert_allclose(found, expected, atol=2)


def test_mosaic_puts_tiles_in_rows_with_white_between():
    tiles = np.arange(6.0).reshape(2, 3, 1, 1) / 10
    tiles[1, 2] = np.nan
    expected = np.array([[0, 1, 0.1, 1, 0.2], [1, 1, 1, 1, 1], [0.3, 1, 0.4, 1, 1]])
    np.testing.assert_array_equal(mosaic(tiles, gap=1), expected)


def test_wrapped_text_is_cut_off_visibly():
    assert wrapped("one two three four", 8, 2) == "one two\nthree…"
    assert wrapped("one two", 8, 2) == "one two"


@pytest.mark.parametrize(
    "text", ["784-1000-500-250-30, not pretrained", "WWWWWWWWWWWWWWWWWWWWWWWW"]
)
def test_written_words_stay_in_their_room(text):
    with style():
        figure = sheet(400, 200)
        Pen(figure).write(text, (100, 50), "left top", room=150, lines=2)
        found = _pixels(figure)
    rows, columns = np.nonzero(found < 200)
    assert 98 <= columns.min() <= 104
    assert 200 < columns.max() <= 252
    assert rows.min() >= 50
    assert rows.max() < 50 + 2 * Pen(figure).line + 5


def test_letters_grow_with_a_figure_that_is_shown_smaller():
    assert Pen(sheet(3000, 100)).line == pytest.approx(2 * Pen(sheet(1500, 100)).line)
    assert Pen(sheet(700, 100)).line == pytest.approx(Pen(sheet(1500, 100)).line)


def test_colours_are_three_planes_made_a_last_axis():
    rows = np.arange(12.0).reshape(1, 12) / 12
    grey, colours = pictures(rows, (3, 4)), pictures(rows, (3, 2, 2))
    assert grey.shape == (1, 3, 4)
    assert colours.shape == (1, 2, 2, 3)
    np.testing.assert_array_equal(colours[0, 1, 0], rows[0, [2, 6, 10]])
    np.testing.assert_array_equal(pictures(rows, (1, 3, 4)), grey)


def test_a_mosaic_of_colours_is_drawn_in_them():
    tiles = np.zeros((1, 2, 2, 2, 3))
    tiles[0, 0, ..., 0] = tiles[0, 1, ..., 1] = 1
    whole = mosaic(tiles, gap=1)
    assert whole.shape == (2, 5, 3)
    np.testing.assert_array_equal(whole[0], [[1, 0, 0], [1, 0, 0], [1, 1, 1], [0, 1, 0], [0, 1, 0]])
    with style():
        figure = sheet(20, 20)
        place(figure, whole, 0, 0, 2)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=DPI)
    found = np.asarray(Image.open(buffer).convert("RGB"))
    assert found[1, 1].tolist() == [255, 0, 0]
    assert found[1, 8].tolist() == [0, 255, 0]
