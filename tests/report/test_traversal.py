"""A figure that a reader can play: safe markup, and a script that shows the frames it says."""

import base64
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from test_figures import CHROMIUM, driven, interactive
from test_report import HINTON, TEMPLATES, picture

from ae.report import render

STEPS, HIGH, WIDE = 5, 2, 3


def sheet(first: int) -> str:
    """Two rows of frames of one grey each: first, first + 10, ..., and 100 more in the second."""
    grey = first + 10 * np.arange(STEPS) + np.array([[0], [100]])
    whole = np.repeat(np.repeat(grey, HIGH, 0), WIDE, 1).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(whole).save(stream, format="png")
    return base64.b64encode(stream.getvalue()).decode()


def seed(number: int, first: int, names: list[str]) -> dict[str, object]:
    rows = [{"name": n, "said": [f"KL, nats: {i}.00", "</script><b>"]} for i, n in enumerate(names)]
    return {"seed": number, "note": "", "sheet": sheet(first), "rows": rows}


DATA = {
    "steps": STEPS,
    "width": WIDE,
    "height": HIGH,
    "span": 2.0,
    "image": 4,
    "panels": [{"title": "A & B", "seeds": [seed(3, 0, ["z4", "z1"]), seed(8, 50, ["z2", "z3"])]}],
}
DRIVE = """
document.addEventListener("DOMContentLoaded", () => setTimeout(() => {
  const all = () => [...document.querySelectorAll(".cells canvas")], said = [];
  const grey = one => one.getContext("2d").getImageData(1, 1, 1, 1).data[0];
  const say = () => said.push(all().map(one => one.dataset.frame + ":" + grey(one)).join(" "));
  const slider = document.querySelector("input"), seeds = document.querySelector("select");
  say();
  slider.value = 4; slider.dispatchEvent(new Event("input")); say();
  said.push(slider.getAttribute("aria-valuetext") + ", " + document.querySelector(".cells strong").textContent);
  const one = all()[1], box = one.getBoundingClientRect();
  one.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 0.3 * box.width })); say();
  one.dispatchEvent(new PointerEvent("pointerleave", {})); say();
  seeds.value = "1"; seeds.dispatchEvent(new Event("change"));
  setTimeout(() => {
    say();
    said.push(document.querySelector(".cells strong").textContent);
    document.querySelector(".controls button").click();
    setTimeout(() => {
      said.push(document.querySelector(".controls button").textContent); say();
      document.querySelector(".controls button").click();
      said.push(document.querySelector(".controls button").textContent);
      document.title = said.join("; ");
    }, 500);
  }, 200);
}, 200));
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    made = interactive(tmp_path, json.dumps(DATA).encode(), "traversal")
    render([made], tmp_path / "out", templates=TEMPLATES, pdf=False)
    return tmp_path / "out" / HINTON


def test_the_strip_stands_and_the_data_are_beside_it(page: Path) -> None:
    root = ElementTree.fromstring(page.read_text().removeprefix("<!doctype html>"))
    (figure,) = root.iterfind(".//figure[@data-live]")
    assert figure.attrib["data-live"] == "traversal"
    assert base64.b64decode(figure.find("label/img").attrib["src"].partition(",")[2]) == picture()
    assert json.loads(figure.find("script").text) == DATA
    assert "</script><b>" not in page.read_text()


def test_in_print_the_strip_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[bytes] = []
    monkeypatch.setattr("ae.report.printed.to_pdf", printed.append)
    made = interactive(tmp_path, json.dumps(DATA).encode(), "traversal")
    render([made], tmp_path / "out", templates=TEMPLATES)
    assert b"data-live" not in printed[0]
    assert base64.b64encode(picture()) in printed[0]


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_slider_pointer_seeds_and_play_move_the_frames(page: Path) -> None:
    assert driven(page, DRIVE).split("; ") == [
        "2:20 2:120",  # the middle
        "4:40 4:140",
        "at 2.00, z4 = 2.00",
        "4:40 1:110",  # the second alone, three tenths along
        "4:40 4:140",
        "4:90 4:190",  # the other seed, at the same place
        "z2 = 2.00",
        "Pause",
        "1:60 1:160",  # back from the end: three steps of 150 ms
        "Play",
    ]
