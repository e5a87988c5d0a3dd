"""What a reader does with figures and curves, by real keys and a real pointer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from test_figures import interactive
from test_report import TEMPLATES
from test_traversal import STEPS, sheet
from watched import HOSTILE

from ae.report import render

Open = Callable[..., Any]
DATA = {  # four points around the middle, and a fifth picture that is left out
    "steps": 1000,
    "axes": ["code 1", "code 2"],
    "classes": [
        {"label": "4", "colour": "#0072b2"},
        {"label": "<b>7</b>", "colour": "#d55e00"},
    ],
    # One row of five pictures, each of one grey: 0, 10, ..., 40.
    "sprites": {"sheet": sheet(0), "columns": STEPS, "count": 5, "width": 3, "height": 2},
    "panels": [
        {
            "title": "A & B",
            "note": "n",
            "points": [[-500, 0, 0], [500, 0, 0], [0, 500, 1], [0, -500, 1]],
            "names": [[0, 0, 0]],
            "left_out": [1],
        }
    ],
}
POSITIONS = {0: (0.25, 0.5), 1: (0.75, 0.5), 2: (0.5, 0.25), 3: (0.5, 0.75)}

PIXEL = """(() => {
  const pen = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  pen.drawImage(document.querySelector(".tip canvas"), 0, 0);
  return pen.getImageData(1, 1, 1, 1).data;
})()"""


@pytest.fixture
def plane(tmp_path: Path) -> Path:
    made = interactive(tmp_path, json.dumps(DATA).encode(), "points-2d")
    render([made], tmp_path / "out", templates=TEMPLATES, pdf=False)
    return tmp_path / "out" / HOSTILE


def tip(tab: Any) -> tuple[str, int] | None:
    """The words and the grey of the picture beside the chosen point."""
    found = tab.locator(".tip")
    if not found.is_visible():
        return None
    tab.wait_for_function(f"{PIXEL}[3]")
    return found.inner_text().strip(), tab.evaluate(f"{PIXEL}[0]")


def hover(tab: Any, point: int, aside: int = 0) -> None:
    canvas = tab.locator(".stage > canvas")
    canvas.scroll_into_view_if_needed()
    edge, box = 22, canvas.bounding_box()
    side = box["width"] - edge
    across, along = POSITIONS[point]
    tab.mouse.move(box["x"] + edge + across * side + aside, box["y"] + along * side)


def test_a_pointer_on_a_dot_shows_its_image(opened: Open, plane: Path) -> None:
    tab = opened(plane)
    assert tip(tab) is None
    hover(tab, 0)
    assert tip(tab) == ("test image 0: 4", 0)
    hover(tab, 1, aside=9)
    assert tip(tab) == ("test image 2: 4", 20)
    hover(tab, 2)
    assert tip(tab) == ("test image 3: <b>7</b>", 30)
    hover(tab, 3, aside=30)
    assert tip(tab) is None
    assert tab.locator("output").inner_text() == ""


def test_arrow_keys_go_from_point_to_point(opened: Open, plane: Path) -> None:
    tab = opened(plane)
    tab.locator(".stage > canvas").focus()
    for key, said in (
        ("ArrowRight", "test image 2: 4"),
        ("ArrowUp", "test image 3: <b>7</b>"),
        ("ArrowLeft", "test image 0: 4"),
        ("ArrowLeft", "test image 0: 4"),
        ("ArrowDown", "test image 4: <b>7</b>"),
    ):
        tab.keyboard.press(key)
        assert tab.locator("output").inner_text() == said
    assert tip(tab) == ("test image 4: <b>7</b>", 40)
    tab.keyboard.press("Escape")
    assert tip(tab) is None


def test_the_slider_goes_through_the_images(opened: Open, plane: Path) -> None:
    tab = opened(plane, width=380)
    slider = tab.get_by_role("slider")
    slider.focus()
    tab.keyboard.press("End")
    assert tip(tab) == ("test image 4: <b>7</b>", 40)
    tab.keyboard.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "test image 3: <b>7</b>"


def test_points_of_a_hidden_class_cannot_be_chosen(opened: Open, plane: Path) -> None:
    tab = opened(plane)
    entry = tab.locator(".legend button").nth(1)
    entry.focus()
    tab.keyboard.press("Enter")
    assert entry.get_attribute("aria-pressed") == "false"
    hover(tab, 2)
    assert tip(tab) is None
    hover(tab, 1)
    assert tip(tab) == ("test image 2: 4", 20)


def test_without_a_script_the_picture_stands(opened: Open, plane: Path) -> None:
    tab = opened(plane, script=False)
    assert tab.locator("figure[data-live] .zoom > img").is_visible()
    assert tab.locator("canvas").count() == 0


def test_points_that_turn_show_their_images_too(opened: Open, published: Path) -> None:
    tab = opened(published / "cs182-ae-vae-quick.html")
    canvas = tab.locator("figure[data-live='points-3d'] .stage > canvas").first
    canvas.focus()
    turn = canvas.get_attribute("data-turn")
    tab.keyboard.press("ArrowRight")
    assert float(canvas.get_attribute("data-turn")) == pytest.approx(float(turn) + 0.1)
    slider = tab.get_by_role("slider").first
    slider.focus()
    tab.keyboard.press("ArrowRight")
    assert tab.locator("output").first.inner_text().startswith("test image ")
    assert tab.locator(".tip").first.is_visible()


def test_a_traversal_moves_by_keys(opened: Open, hostile: Path) -> None:
    tab = opened(hostile / HOSTILE)
    slider = tab.locator(".walks input[type=range]")
    slider.focus()
    tab.keyboard.press("End")
    frames = "[...document.querySelectorAll('.cells canvas')].map(one => one.dataset.frame)"
    assert tab.evaluate(frames) == ["4", "4"]
    tab.keyboard.press("ArrowLeft")
    assert tab.evaluate(frames) == ["3", "3"]


def test_a_press_hides_a_runs_curves_in_every_plot(opened: Open, hostile: Path) -> None:
    tab = opened(hostile / HOSTILE)
    section = tab.locator("section.training")
    shown = "all => all.filter(one => one.checkVisibility()).map(one => one.dataset.series)"
    lines = section.locator(".curves path.series-line")
    plots = section.locator(".curves svg").count()
    before = lines.evaluate_all(shown)
    button = section.get_by_role("button", name="AE TIED")
    button.focus()
    tab.keyboard.press("Space")
    assert button.get_attribute("aria-pressed") == "false"
    series = button.get_attribute("data-series")
    after = lines.evaluate_all(shown)
    assert before.count(series) == 2 * plots  # the curve and its entry in the legend
    assert after.count(series) == plots
    assert len(before) - len(after) == plots
    areas = section.locator(f".curves path.series-area[data-series='{series}']")
    assert areas.evaluate_all(shown) == []
    section.locator(".curves svg text", has_text="AE TIED").first.click()
    assert lines.evaluate_all(shown) == before
    section.get_by_role("button", name="None").click()
    assert len(lines.evaluate_all(shown)) == len(before) // 2
    section.get_by_role("button", name="All").click()
    assert lines.evaluate_all(shown) == before


def test_without_a_script_all_curves_stand(opened: Open, hostile: Path) -> None:
    tab = opened(hostile / HOSTILE, script=False)
    assert tab.locator("section.training button").count() == 0
    assert tab.locator(".curves path.series-line").first.is_visible()
