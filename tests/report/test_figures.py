"""Figures that a reader can turn: safe markup for everyone, and a script that does what it says."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_report import HINTON, TEMPLATES, hinton, picture, store

from ae.errors import UserError
from ae.records.figures import FigureRecord, Interaction
from ae.records.record import Record
from ae.report import render

CHROMIUM = shutil.which("chromium")
DATA = {
    "steps": 1000,
    "span": 1.85,
    "view": [-0.6, 0.45],
    "axes": ["code 1", "code 2", "code 3"],
    "classes": [
        {"label": "</script><b>", "colour": "#0072b2"},
        {"label": "7", "colour": "#d55e00"},
    ],
    "panels": [
        {
            "title": "A & B",
            "note": "n",
            "points": [[0, 0, 0, 0], [9, 8, 7, 1]],
            "names": [[0, 0, 0, 0]],
        }
    ],
}
DRIVE = """
document.addEventListener("DOMContentLoaded", () => {
  const canvas = document.querySelector("canvas"), press = key =>
    canvas.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));
  const said = [], say = () => said.push(canvas.dataset.turn + " " + canvas.dataset.tilt);
  const point = (kind, x, y) => canvas.dispatchEvent(
    new PointerEvent(kind, { clientX: x, clientY: y, pointerId: 1 }));
  canvas.setPointerCapture = () => {};
  press("Home"); say(); press("ArrowRight"); say(); press("ArrowDown"); say();
  point("pointermove", 90, 90); say();
  point("pointerdown", 0, 0); point("pointermove", 60, -120); point("pointerup", 60, -120); say();
  press("Home"); say();
  for (let i = 0; i !== 30; i += 1) press("ArrowDown");
  say();
  document.querySelector(".controls button:last-child").click(); say();
  const entry = document.querySelector(".legend button"), pen = canvas.getContext("2d");
  const ink = () => pen.getImageData(0, 0, canvas.width, canvas.height).data.reduce((a, b) => a + b);
  const before = ink(); entry.click();
  said.push(entry.getAttribute("aria-pressed") + " " + (ink() !== before));
  document.title = said.join("; ");
});
"""


def interactive(
    root: Path, content: bytes | None = None, kind: str = "points-3d"
) -> tuple[Record, Path]:
    """A record whose first figure can be turned."""
    content = json.dumps(DATA).encode() if content is None else content
    made = hinton()
    given = Interaction(
        kind=kind, data="codes.data.json", digest=hashlib.sha256(content).hexdigest()
    )
    first = made.figures[0].model_copy(update={"interaction": given})
    made = made.model_copy(update={"figures": [first, *made.figures[1:]]})
    made, path = store(made, root)
    (path.parent / "codes.data.json").write_bytes(content)
    return made, path


def driven(page: Path, script: str) -> str:
    """What the title of a page says after a script of the test's has run in it."""
    text = page.read_text().replace("script-src", "script-src 'unsafe-inline'; x")
    page.write_text(text.replace("</head>", f"<script>{script}</script></head>"))
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    done = subprocess.run(
        [*command, "--virtual-time-budget=4000", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    (title,) = re.findall(r"<title>(.*?)</title>", done.stdout)
    return title


@pytest.fixture
def page(tmp_path: Path) -> Path:
    render([interactive(tmp_path)], tmp_path / "out", templates=TEMPLATES, pdf=False)
    return tmp_path / "out" / HINTON


def test_a_record_without_the_key_is_read_and_an_interaction_survives(tmp_path: Path) -> None:
    made, _ = interactive(tmp_path)
    first, second, _ = made.figures
    assert first.files == ["reconstructions.png", "reconstructions.npz", "codes.data.json"]
    assert first.interaction is not None
    old = {k: v for k, v in second.model_dump().items() if k != "interaction"}
    assert FigureRecord.model_validate(old) == second


def test_the_picture_stands_and_the_data_are_beside_it(page: Path) -> None:
    root = ElementTree.fromstring(page.read_text().removeprefix("<!doctype html>"))
    (figure,) = root.iterfind(".//figure[@data-live]")
    assert figure.attrib["data-live"] == "points-3d"
    assert base64.b64decode(figure.find("label/img").attrib["src"].partition(",")[2]) == picture()
    assert json.loads(figure.find("script").text) == DATA


def test_data_cannot_end_their_element(page: Path) -> None:
    text = page.read_text()
    assert text.count("</script>") == 2
    assert "</script><b>" not in text
    assert "\\u003c/script\\u003e\\u003cb\\u003e" in text


def test_only_the_reports_own_script_may_run(page: Path) -> None:
    text = page.read_text()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    (code,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert policy.startswith("default-src 'none'; ")
    assert policy.endswith(f"; script-src 'sha256-{digest}'")
    assert not re.search(r"""(?:src|srcset|data|action)=["'](?!data:)""", text)


def test_pages_on_which_nothing_can_be_done_hold_no_script(tmp_path: Path, page: Path) -> None:
    made = hinton()
    figures = [f.model_copy(update={"paper": ""}) for f in made.figures]
    runs = [run.model_copy(update={"curves": []}) for run in made.runs]
    made = made.model_copy(update={"figures": figures, "runs": runs})
    render([store(made, tmp_path / "plain")], tmp_path / "out", templates=TEMPLATES, pdf=False)
    for path in (tmp_path / "out").glob("hinton*.html"):
        assert "<script" not in path.read_text()
        assert "script-src" not in path.read_text()


def test_in_print_the_picture_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[bytes] = []
    monkeypatch.setattr("ae.report.printed.to_pdf", printed.append)
    render([interactive(tmp_path)], tmp_path / "out", templates=TEMPLATES)
    (text,) = printed
    assert b"<script" not in text
    assert b"data-live" not in text
    assert base64.b64encode(picture()) in text


def test_a_figure_that_answers_none_of_the_papers_does_not_say_so(tmp_path: Path) -> None:
    made, path = interactive(tmp_path)
    figures = [f.model_copy(update={"paper": ""}) for f in made.figures]
    made = made.model_copy(update={"figures": figures})
    render([(made, path)], tmp_path / "out", templates=TEMPLATES, pdf=False)
    assert "Answers" not in (tmp_path / "out" / HINTON).read_text()


def test_data_that_are_not_the_figures_are_refused(tmp_path: Path) -> None:
    made, path = interactive(tmp_path)
    lost = path.parent / "codes.data.json"
    lost.write_bytes(b"{}")
    with pytest.raises(UserError, match=r"codes\.data\.json: figure 'reconstructions' of the rec"):
        render([(made, path)], tmp_path / "out", templates=TEMPLATES, pdf=False)
    lost.unlink()
    with pytest.raises(UserError, match=r"codes\.data\.json: figure .* cannot be read: No such"):
        render([(made, path)], tmp_path / "out", templates=TEMPLATES, pdf=False)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium")
def test_keys_pointer_and_buttons_turn_the_points(page: Path) -> None:
    title = driven(page, DRIVE)
    start = "-0.600 0.450"
    assert title.split("; ") == [
        start,
        "-0.500 0.450",
        "-0.500 0.550",
        "-0.500 0.550",  # moved, but not held
        "0.000 -0.450",
        start,
        "-0.600 1.571",  # straight from above, and no farther
        start,
        "false true",
    ]
