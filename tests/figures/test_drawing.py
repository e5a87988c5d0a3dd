"""Files that are the same bytes for the same arrays, and nothing left behind."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib import pyplot
from PIL import Image

from ae.errors import UserError
from ae.figures.layout.drawing import DPI, LIMIT, Drawing, digest, member, packed, save, style

ARRAYS = {
    "values": np.array([1.0, 4.0, 2.0]),
    "names": np.array(["ä", "b"]),
    "one": np.array(0.5),
}


def _line(arrays):
    from ae.figures.layout.sheet import sheet

    figure = sheet(600, 300)
    axes = figure.subplots()
    axes.plot(arrays["values"], label=str(arrays["names"][0]))
    axes.legend()
    return figure


def test_arrays_survive_the_file_and_their_order_does_not_count(tmp_path):
    turned = dict(reversed(ARRAYS.items()))
    assert packed(ARRAYS) == packed(turned)
    assert digest(ARRAYS) == digest(turned)
    (tmp_path / "a.npz").write_bytes(packed(ARRAYS))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as file:
        assert sorted(file) == ["names", "one", "values"]
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(file[name], array)
            assert (file[name].dtype, file[name].shape) == (array.dtype, array.shape)


@pytest.mark.parametrize(
    "other",
    [
        {**ARRAYS, "values": np.array([1.0, 4.0, 2.0 + 1e-15])},
        {**ARRAYS, "values": np.array([1.0, 4.0, 2.0], np.float32)},
        {**ARRAYS, "values": np.array([[1.0, 4.0, 2.0]])},
        {**{k: v for k, v in ARRAYS.items() if k != "one"}, "two": ARRAYS["one"]},
    ],
    ids=["value", "type", "shape", "name"],
)
def test_the_digest_notices(other):
    assert digest(other) != digest(ARRAYS)


def test_objects_are_not_packed():
    with pytest.raises(ValueError, match="allow_pickle=False"):
        packed({"a": np.array([{}, None])})


def test_saved_says_what_is_in_the_folder(tmp_path):
    saved = save(Drawing(ARRAYS, _line, vector=True), tmp_path, "line")
    assert {p.name for p in tmp_path.iterdir()} == {"line.png", "line.svg", "line.npz"}
    assert (saved.image, saved.vector, saved.arrays) == ("line.png", "line.svg", "line.npz")
    assert saved.digest == digest(ARRAYS)
    with Image.open(tmp_path / "line.png") as image:
        assert image.size == (saved.width, saved.height) == (600, 300)
        assert image.info["dpi"] == pytest.approx((150, 150), abs=0.1)
        assert set(image.info) == {"dpi"}
    svg = (tmp_path / "line.svg").read_text()
    assert "<svg" in svg
    assert "dc:date" not in svg
    again = save(Drawing(ARRAYS, _line, vector=False), tmp_path, "line")
    assert again.vector is None
    assert not (tmp_path / "line.svg").exists()


def test_the_machines_settings_neither_count_nor_change(tmp_path):
    def files(folder: Path) -> list[bytes]:
        save(Drawing(ARRAYS, _line, vector=True), folder, "line")
        return [p.read_bytes() for p in sorted(folder.iterdir())]

    plain = files(tmp_path / "plain")
    odd = {"font.size": 31, "lines.linewidth": 9, "savefig.dpi": 40, "svg.hashsalt": None}
    with matplotlib.rc_context(odd):
        assert files(tmp_path / "odd") == plain
        assert {key: matplotlib.rcParams[key] for key in odd} == odd
    assert pyplot.get_fignums() == []


def test_a_dollar_in_a_label_is_a_dollar(tmp_path):
    save(Drawing({**ARRAYS, "names": np.array(["$x_{"])}, _line, vector=True), tmp_path, "line")


def test_a_large_image_is_made_smaller(tmp_path):
    def noise(arrays):
        from ae.figures.layout.sheet import place, sheet

        figure = sheet(700, 700)
        place(figure, arrays["grey"], 0, 0, 1)
        return figure

    grey = np.random.default_rng(0).random((700, 700))
    saved = save(Drawing({"grey": grey}, noise, vector=False), tmp_path, "noise")
    assert (saved.width, saved.height) == (700, 700)
    assert 100_000 < (tmp_path / "noise.png").stat().st_size < LIMIT
    with Image.open(tmp_path / "noise.png") as image:
        shown = np.asarray(image.convert("L")) / 255
    assert np.corrcoef(shown.ravel(), grey.ravel())[0, 1] > 0.99


def test_a_seed_that_a_run_lacks_is_named(linear):
    run = linear("a", torch.zeros(2, 1, 4), torch.zeros(1, 4))
    assert member(run, 1) == 1
    with pytest.raises(UserError, match=r"^seed_index: found 2; run 'a' has 2 seeds: expected 0 "):
        member(run, 2)


def test_the_image_is_what_matplotlib_saves(tmp_path):
    save(Drawing(ARRAYS, _line, False), tmp_path, "a")
    with style():
        _line(ARRAYS).savefig(tmp_path / "b.png", dpi=DPI)
    mine, theirs = (Image.open(tmp_path / f"{name}.png") for name in "ab")
    assert mine.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(mine), np.asarray(theirs.convert("RGB")))


def test_style_is_white_small_and_undone():
    before = dict(matplotlib.rcParams)
    with style():
        assert matplotlib.rcParams["font.family"] == ["DejaVu Sans"]
        assert matplotlib.rcParams["savefig.facecolor"] == "white"
    assert dict(matplotlib.rcParams) == before


def test_the_style_is_seaborns_ticks_but_for_what_is_our_own():
    """Which is not imported for it: that takes longer than a drawing."""
    import seaborn

    with style():
        ours = dict(matplotlib.rcParams)
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        theirs = seaborn.axes_style("ticks")
    own = {k for k, v in theirs.items() if matplotlib.rcParams.validate[k](v) != ours[k]}
    assert own == {
        "axes.edgecolor",
        "axes.spines.right",
        "axes.spines.top",
        "font.family",
        "image.cmap",
        "text.color",
    }


def test_a_drawing_needs_no_pyplot_and_no_seaborn(tmp_path):
    """Nor what only these would load: a process that draws one figure starts in half the time."""
    code = """
import sys
from pathlib import Path
import numpy as np
from ae.figures.layout.drawing import Drawing, save
from ae.figures.layout.sheet import sheet

def paint(arrays):
    figure = sheet(600, 300)
    figure.subplots().plot(arrays["x"])
    return figure

save(Drawing({"x": np.ones(3)}, paint, True), Path(sys.argv[1]), "a")
print([m for m in ("matplotlib.pyplot", "seaborn", "pandas", "scipy.stats") if m in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_importing_metrics_and_figures_imports_no_plotting_and_no_sklearn():
    code = """
import sys
import ae.metrics.filters, ae.metrics.neighbours, ae.metrics.probe, ae.metrics.reconstruction
import ae.figures.embedding, ae.figures.filters, ae.figures.reconstructions
print([m for m in ("sklearn", "matplotlib", "seaborn", "pandas", "PIL") if m in sys.modules])
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
