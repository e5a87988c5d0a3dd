"""A report shows what its records hold: numbers, words and pictures, the same each time."""

import base64
import csv
import functools
import hashlib
import io
import math
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from ae.disk import visible
from ae.errors import OutsideError, UserError
from ae.records.record import Record, read, write
from ae.report import Rendered, pdf, plots, render, text
from ae.report.text import typeset
from ae.report.told import detail, told
from ae.verdict import judge, numbers
from ae.verdict.present import spread, target, tolerance, whose
from ae.verdict.skewed import quantile

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "reports" / "templates"
SEEDS = [0, 1, 2, 3, 4]


def claim(kind: str, name: str, **keys: Any) -> dict[str, Any]:
    base = {
        "id": name,
        "kind": kind,
        "statement": f"What {name} says, in the words of a person who read the paper.",
        "metric": "error",
        "source": "figure 2, caption",
        "status": "read",
        "primary": False,
        "tiers": ["paper", "quick"],
    }
    reason = {"tolerance_reason": "printed digits"} if kind == "exact" else {}
    if kind != "exact":
        reason = {"margin_reason": "half the gap to the next row of the table"}
    return base | reason | keys


NONE = {"kind": "none"}
HINTON_CLAIMS = [
    claim(
        "value",
        "ae-30",
        run="ae",
        value=3.0,
        digits=2,
        unit="per image",
        spread=NONE,
        margin=0.4,
        primary=True,
        tiers=["paper"],
        statement="The 30-dimensional deep autoencoder reconstructs test digits with an error of 3.00.",
    ),
    claim(
        "value",
        "logistic-pca",
        run="logistic",
        value=8.01,
        digits=2,
        unit="per image",
        spread=NONE,
        margin=0.5,
        tiers=["paper"],
        status="recalled",
    ),
    claim(
        "order",
        "ae-below-pca",
        better="ae",
        worse="pca",
        margin=1.0,
        primary=True,
        statement="A deep autoencoder reconstructs better than principal components of equal size.",
    ),
    claim(
        "order",
        "codes-2d",
        better="ae-2d",
        worse="pca",
        metric="accuracy",
        margin=0.05,
        primary=True,
    ),
    claim(
        "exact",
        "pca-30",
        run="pca",
        value=13.87,
        unit="per image",
        tolerance=0.005,
        control=True,
        statement="Thirty principal components leave an error of 13.87.",
    ),
    claim(
        "exact",
        "mean-image",
        run="stuck",
        value=52.9,
        unit="per image",
        tolerance=0.5,
        control=True,
        status="calculated",
    ),
    claim("equal", "seeds-agree", runs=["ae", "ae-tied"], margin=0.3),
]
VINCENT_CLAIMS = [
    claim(
        "trend",
        "structure",
        runs=["nu-0", "nu-10", "nu-25", "nu-50"],
        moves="up",
        metric="structure",
        margin=0.02,
        primary=True,
        statement="The more noise, the more structure the filters show.",
    ),
    claim(
        "value",
        "rot",
        run="nu-25",
        value=10.29,
        digits=2,
        unit="per image",
        spread={"kind": "binomial", "value": 0.27},
        margin=0.5,
        status="recalled",
    ),
    claim(
        "figure",
        "curve",
        run="nu-10",
        readings=[2.9, 3.0],
        half_width=0.1,
        unit="per image",
        figure="figure 4",
        margin=0.3,
    ),
    claim(
        "value",
        "unstable",
        run="nu-75",
        value=10.0,
        digits=1,
        unit="per image",
        spread=NONE,
        margin=1.0,
    ),
    claim("order", "noise-helps", better="nu-25", worse="nu-0", margin=0.1),
    claim(
        "value", "basic", run="nu-0", value=2.9, digits=1, unit="per image", spread=NONE, margin=0.6
    ),
]


def measure(name: str, label: str, unit: str, direction: str) -> dict[str, Any]:
    return {
        "name": name,
        "function": f"probe.{name}",
        "label": label,
        "unit": unit,
        "direction": direction,
    }


def spec(title: str, claims: list[dict[str, Any]], runs: list[str], tier: str) -> dict[str, Any]:
    stage = {
        "objective": "objective",
        "modules": "all",
        "batch": 100,
        "epochs": 10.0,
        "optimizer": {"class": "SGD", "lr": 0.1},
    }
    return {
        "paper": {
            "title": title,
            "authors": "G. E. Hinton, R. R. Salakhutdinov",
            "year": 2006,
            "venue": "Science 313(5786)",
            "url": "https://doi.org/10.1126/science.1127647",
            "family": "deterministic",
            "idea": "Pretrain a deep autoencoder layer by layer; fine-tuned, its codes beat PCA.",
            "formula": r"-\sum_i p_i \log \hat{p}_i",
        },
        "data": {
            "name": "mnist",
            "train": "train",
            "test": "test",
            "limit": "all",
            "test_limit": "all",
        },
        "model": {"class": "deep.Deep"},
        "train": {"seeds": SEEDS, "use": ["finetune"], "stages": {"finetune": stage}},
        "measure": [
            measure("error", "squared error", "per image", "lower"),
            measure("accuracy", "5-NN accuracy of the codes", "", "higher"),
            measure("structure", "filter structure", "nats", "higher"),
        ],
        "figure": [
            {
                "name": n,
                "function": f"samples.{n}",
                "title": n.capitalize(),
                "runs": runs[:2],
                "caption": f"The {n} of ten test digits, one column a digit.",
                "paper": "figure 2B",
            }
            for n in ("reconstructions", "codes", "filters")
        ],
        "run": [{"name": r, "label": r.upper().replace("-", " ")} for r in runs],
        "claim": claims,
        "deviation": [
            {
                "paper": "conjugate gradients",
                "here": "Adam at 0.001",
                "why": "no line search in a stack of seeds",
            },
            {
                "paper": "not stated",
                "here": "weights from N(0, 0.1²)",
                "why": "the released code's choice",
            },
            {
                "paper": "200 epochs",
                "here": "10 epochs",
                "why": "minutes on two cores",
                "tiers": ["quick"],
            },
        ],
        "omitted": [
            {
                "statement": "On NORB < 9 % err.",
                "source": "table 2",
                "status": "recalled",
                "why": "the data are not at hand",
            },
        ],
        "tier": {tier: {}},
    }


def normal(center: float, spread: float, key: str) -> list[float]:
    draw = random.Random(key)
    return [draw.gauss(center, spread) for _ in SEEDS]


def curves(key: str, level: float) -> list[dict[str, Any]]:
    draw = random.Random(key)
    steps = list(range(0, 6000, 10))
    made = []
    for stage in ("rbm-1", "finetune"):
        for part, factor in (("reconstruction", 1.0), ("penalty", 0.01)):
            values = [
                [
                    factor * (level + 50 * math.exp(-s / (100 * level)) + draw.uniform(0, 1))
                    for s in steps
                ]
                for _ in SEEDS
            ]
            made.append(
                {
                    "stage": stage,
                    "part": part,
                    "steps": steps,
                    "examples": [100 * s for s in steps],
                    "values": values,
                }
            )
    return made


def run(name: str, metrics: dict[str, list[float]], level: float, **keys: Any) -> dict[str, Any]:
    base = {
        "name": name,
        "label": name.upper().replace("-", " "),
        "seeds": SEEDS,
        "stack": "a, b",
        "diverged": {},
        "metrics": metrics,
        "curves": curves(name, level),
        "parameters": 2837314,
        "steps": 6000,
        "seconds": 93.4,
    }
    return base | keys


def record(name: str, tier: str, meant: dict[str, Any], runs: list[dict[str, Any]]) -> Record:
    files = [
        {
            "name": n,
            "title": n.capitalize(),
            "caption": f"The {n} of ten test digits, one column a digit.",
            "paper": "figure 2B",
            "image": f"{n}.png",
            "vector": None,
            "arrays": f"{n}.npz",
            "digest": "ab" * 32,
            "width": 640,
            "height": 320,
        }
        for n in ("reconstructions", "codes", "filters")
    ]
    split = {
        "name": "mnist",
        "licence": "CC BY-SA 3.0",
        "citation": "LeCun, Cortes, Burges 1998.",
        "url": "http://yann.lecun.com/exdb/mnist/",
        "note": "",
        "sha256": "cd" * 32,
    }
    return Record.model_validate(
        {
            "schema_version": 1,
            "name": name,
            "tier": tier,
            "spec": meant,
            "spec_digest": "12" * 32,
            "source": f'[paper]\ntitle = "{meant["paper"]["title"]}"\n' + "# a comment\n" * 20,
            "started": "2025-11-03T09:12:44+00:00",
            "seconds": 412.7,
            "environment": {
                "python": "3.11.9",
                "platform": "Linux-6.1 x86_64",
                "machine": "node-3",
                "processor": "Xeon 2.1 GHz",
                "cores": 2,
                "memory_gib": 15.6,
                "device": "CPU, 2 threads",
                "threads": 2,
                "thread_policy": "passive waiting",
                "precision": "float32",
                "versions": {"torch": "2.13.0", "numpy": "2.4.1"},
                "commit": "0123456789abcdef0123456789abcdef01234567",
                "dirty": True,
                "code": "ef" * 32,
            },
            "data": [
                dict(split, split="train", examples=10000, available=60000),
                dict(split, split="test", examples=10000, available=10000),
            ],
            "runs": runs,
            "figures": files,
        }
    )


def hinton(tier: str = "quick", title: str = "Reducing the Dimensionality of Data") -> Record:
    names = ["pca", "logistic", "ae", "ae-tied", "ae-2d", "stuck"]
    runs = [
        run("pca", {"error": [13.8662] * 5, "accuracy": [0.409] * 5}, 14.0, curves=[]),
        run("logistic", {"error": normal(8.2, 0.2, "l")}, 8.0),
        run("ae", {"error": normal(3.05, 0.06, "a"), "accuracy": normal(0.91, 0.003, "b")}, 3.0),
        run("ae-tied", {"error": normal(3.06, 0.05, "t")}, 3.1),
        run("ae-2d", {"error": normal(25.0, 0.6, "z"), "accuracy": normal(0.66, 0.01, "k")}, 20.0),
        run("stuck", {"error": normal(52.92, 0.02, "s")}, 52.9),
    ]
    return record(
        "hinton2006-deep-autoencoder", tier, spec(title, HINTON_CLAIMS, names, tier), runs
    )


def vincent(tier: str = "paper") -> Record:
    error = {"nu-0": 2.0, "nu-10": 3.2, "nu-25": 10.2, "nu-50": 2.9, "nu-75": 9.9}
    names = list(error)
    runs = [
        run(
            n,
            {"error": normal(error[n], 0.1, n), "structure": normal(0.1 + 0.1 * i, 0.02, n)},
            0.2 + 3 * i,
        )
        for i, n in enumerate(names)
    ]
    runs[4]["metrics"]["error"][1] = runs[4]["metrics"]["error"][3] = math.nan
    runs[4]["diverged"] = {1: "the loss became NaN at step 212", 3: "the loss became NaN at step 9"}
    meant = spec("Extracting and Composing Robust Features", VINCENT_CLAIMS, names, tier)
    meant["paper"] |= {
        "authors": "P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol",
        "year": 2008,
        "venue": "ICML 2008",
        "url": "https://doi.org/10.1145/1390156.1390294",
        "idea": "Train an autoencoder to undo a corruption of its input.",
    }
    return record("vincent2008-denoising", tier, meant, runs)


@functools.cache
def picture() -> bytes:
    """A picture such as the figures are: ten grey squares."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.2), dpi=100)
    for i in range(10):
        axes = figure.add_subplot(2, 5, i + 1)
        axes.imshow([[(i * j * k) % 7 for j in range(14)] for k in range(14)], cmap="gray")
        axes.set_axis_off()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


def store(made: Record, root: Path) -> tuple[Record, Path]:
    path = root / made.name / made.tier / "record.json"
    write(made, path)
    for figure in made.figures:
        (path.parent / figure.image).write_bytes(picture())
    return read(path), path


def both(root: Path) -> list[tuple[Record, Path]]:
    return [store(vincent(), root), store(hinton(), root)]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rendered, Path]:
    root = tmp_path_factory.mktemp("report")
    return render(both(root / "results"), root / "out", templates=TEMPLATES), root / "out"


def tree(page: Path) -> ElementTree.Element:
    """A page as strict XML: every tag closed, every character escaped."""
    return ElementTree.fromstring(page.read_text().removeprefix("<!doctype html>"))


def words(element: ElementTree.Element) -> str:
    return " ".join(" ".join(element.itertext()).split())


def declared(page: Path) -> str:
    """A page without the scripts that its own policy allows by their sha256."""
    text = page.read_text()
    for script in re.findall(r"<script>(.*?)</script>", text, re.DOTALL):
        named = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{named}'" in text
        text = text.replace(f"<script>{script}</script>", "")
    return text


def rows(page: Path, table: str) -> list[list[str]]:
    found = tree(page).iterfind(f".//table[@class='{table}']/tbody/tr")
    return [[words(cell) for cell in row] for row in found]


HINTON, VINCENT = "hinton2006-deep-autoencoder-quick.html", "vincent2008-denoising-paper.html"


def test_a_report_is_an_index_a_page_a_record_a_summary_a_table_and_a_pdf(
    rendered: tuple[Rendered, Path],
) -> None:
    files, out = rendered[0].files, rendered[1]
    names = ["index.html", HINTON, VINCENT, "summary.md", "results.csv", "claims.csv", "badge.svg"]
    assert [f.name for f in files][:7] == names
    assert [p.name for p in visible(out, "*")] == sorted(f.name for f in files)


def test_the_results_are_the_records_means_with_their_intervals(
    rendered: tuple[Rendered, Path],
) -> None:
    values = hinton().runs[2].metrics["error"]
    mean = sum(values) / 5
    sd = math.sqrt(sum((v - mean) ** 2 for v in values) / 4)
    half = float(quantile(5, 0.05)) * sd / math.sqrt(5)
    shown = next(r for r in rows(rendered[1] / HINTON, "results") if r[0] == "AE")
    assert shown[1:4] == [f"{mean:.3f}", f"{half:.3f}", "5 of 5"]
    assert len(shown[2].strip("0.")) == 2  # two significant digits of the uncertainty


def test_every_seeds_value_stands_in_its_column(rendered: tuple[Rendered, Path]) -> None:
    shown = next(r for r in rows(rendered[1] / HINTON, "seeds") if r[0] == "AE TIED")
    values = hinton().runs[3].metrics["error"]
    assert [float(v) for v in shown[1:]] == pytest.approx(values, abs=5.1e-5)
    assert {len(v.partition(".")[2]) for v in shown[1:]} == {
        4
    }  # as its neighbours have, of 13.8663


def test_the_objective_is_typeset_on_the_page_and_in_print(
    rendered: tuple[Rendered, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (there,) = tree(rendered[1] / HINTON).iter("{http://www.w3.org/1998/Math/MathML}math")
    assert there.attrib["alttext"] == r"-\sum_i p_i \log \hat{p}_i"
    assert "".join(there.itertext()) == "−∑ipilogpˆi"
    printed: list[bytes] = []
    monkeypatch.setattr("ae.report.printed.to_pdf", printed.append)
    render([store(hinton(), tmp_path)], tmp_path / "out", templates=TEMPLATES)
    assert b"<math" not in printed[0]
    assert b'class="formula-outline"' in printed[0]


def test_a_record_of_before_formulas_is_shown_without_one(tmp_path: Path) -> None:
    made = hinton()
    del made.spec["paper"]["formula"]
    render([store(made, tmp_path)], tmp_path / "out", templates=TEMPLATES, pdf=False)
    assert "<math" not in (tmp_path / "out" / HINTON).read_text()


def test_a_formula_that_cannot_be_typeset_is_one_line(tmp_path: Path) -> None:
    made = hinton()
    made.spec["paper"]["formula"] = r"\asterisk"
    with pytest.raises(
        UserError, match=r"tier quick: \[paper\]: formula: latex2mathml does not"
    ) as e:
        render([store(made, tmp_path)], tmp_path / "out", templates=TEMPLATES, pdf=False)
    assert "\n" not in str(e.value)


def test_claims_show_what_the_verdicts_say(rendered: tuple[Rendered, Path]) -> None:
    text = words(tree(rendered[1] / VINCENT))
    labels = {run.name: run.label for run in vincent().runs}
    for verdict in judge(vincent()):
        claim, measure, finding = verdict.claim, verdict.measure, verdict.finding
        found = [spread(claim), tolerance(claim, measure)]
        ours = [told(claim, measure, finding), detail(finding)]
        asked = [target(claim, measure, labels), whose(claim)]
        cells = [*asked, *found, *ours, str(finding.seeds)]
        assert typeset(" ".join(filter(None, cells))) in text, verdict.id
        assert verdict.note in text


def test_the_scoreboard_has_a_symbol_and_a_word_for_every_claim(
    rendered: tuple[Rendered, Path],
) -> None:
    shown = rows(rendered[1] / "index.html", "claims scoreboard")
    found = {re.split(r"[ A-Z]", row[0])[0]: " ".join(row[-1].split()[:2]) for row in shown}
    assert len(shown) == len(HINTON_CLAIMS) + len(VINCENT_CLAIMS)
    assert found["rot"] == "✔ REPRODUCED"
    assert found["basic"] == "▲ BETTER"
    assert found["noise-helps"] == "✘ SHORT"
    (short,) = [row for row in shown if row[0].startswith("noise-helps")]
    assert short[-1].split()[2] == "reversed"  # and why
    assert found["curve"] == "? INCONCLUSIVE"
    assert found["ae-30"] == "– UNTESTED"


def test_a_quick_run_says_that_it_tests_no_published_number(
    rendered: tuple[Rendered, Path],
) -> None:
    note = "quick tier: tests orderings and exact properties only, never a published number"
    for name in ("index.html", HINTON, "summary.md"):
        assert note[1:] in (rendered[1] / name).read_text()
    assert note not in (rendered[1] / VINCENT).read_text()
    page = (rendered[1] / HINTON).read_text()
    assert "Not tested in this tier" in page
    assert "claims: a quick run never tests a published number" in page


def test_a_page_has_its_claims_first_and_its_contents_name_every_section(
    rendered: tuple[Rendered, Path],
) -> None:
    root = tree(rendered[1] / HINTON)
    titles = {h.attrib["id"]: words(h) for h in root.iter("h2")}
    assert list(titles.values()) == [
        "The paper’s claims",
        "Not tested in this tier",
        "Figures",
        "Deviations from the paper",
        "Controls and exact checks",
        "Results",
        "Training curves",
        "What this suite leaves out",
        "Provenance",
        "Glossary",
    ]
    (side,) = root.iterfind(".//nav[@class='side']")
    summary, *listed = [a.attrib["href"].removeprefix("#") for a in side.iter("a")]
    assert listed == list(titles)
    assert root.find(f".//article[@id='{summary}']") is not None


def test_recalled_numbers_are_marked(rendered: tuple[Rendered, Path]) -> None:
    for name in ("index.html", VINCENT):
        marked = tree(rendered[1] / name).findall(".//span[@class='tag recalled']")
        assert "recalled" in [words(m) for m in marked]


def test_diverged_seeds_are_named_and_left_out(rendered: tuple[Rendered, Path]) -> None:
    page = rendered[1] / VINCENT
    each = next(r for r in rows(page, "seeds") if r[0] == "NU 75")
    assert [each[2], each[4]] == ["diverged", "diverged"]
    kept = next(r for r in rows(page, "results") if r[0] == "NU 75")
    values = [v for v in vincent().runs[4].metrics["error"] if not math.isnan(v)]
    assert float(kept[1]) == pytest.approx(sum(values) / 3, abs=0.005)
    assert kept[3] == "3 of 5"
    assert "seed 3 diverged: the loss became NaN at step 9" in words(tree(page))


def test_provenance_names_digests_data_commit_and_the_command(
    rendered: tuple[Rendered, Path],
) -> None:
    text, made = words(tree(rendered[1] / HINTON)), hinton()
    assert made.digest in text
    assert made.spec_digest in text
    assert "0123456789abcdef0123456789abcdef01234567 with uncommitted changes" in text
    assert "ae run hinton2006-deep-autoencoder --tier quick" in text
    assert "cd" * 32 in text
    assert "200 epochs 10 epochs" in text  # a deviation of the quick tier alone
    assert "200 epochs 10 epochs" not in words(tree(rendered[1] / VINCENT))


def test_what_is_not_tested_is_listed_with_the_reason(
    rendered: tuple[Rendered, Path],
) -> None:
    text = words(tree(rendered[1] / HINTON))
    assert "On NORB < 9 % err. table 2 (recalled) the data are not at hand" in text


def test_figures_are_inside_the_page_with_caption_and_alternative(
    rendered: tuple[Rendered, Path],
) -> None:
    images = list(tree(rendered[1] / HINTON).iter("img"))
    assert len(images) == 3
    sent = images[0].attrib["src"].removeprefix("data:image/png;base64,")
    assert base64.b64decode(sent) == picture()
    assert images[0].attrib["alt"].startswith("Reconstructions, of PCA, LOGISTIC:")
    assert "Answers figure 2B" in words(tree(rendered[1] / HINTON))


def test_every_plot_has_a_title_and_a_description_of_its_own(
    rendered: tuple[Rendered, Path],
) -> None:
    for name in ("index.html", HINTON, VINCENT):
        root = tree(rendered[1] / name)
        ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
        assert len(ids) == len(set(ids))
        plotted = list(root.iter("{http://www.w3.org/2000/svg}svg"))
        assert plotted
        for svg in plotted:
            if "aria-hidden" in svg.attrib:  # a row's plot, whose numbers stand beside it
                continue
            assert set(svg.attrib["aria-labelledby"].split()) <= set(ids)


def test_links_inside_the_report_lead_somewhere(rendered: tuple[Rendered, Path]) -> None:
    out = rendered[1]
    names = {p.name: {e.attrib.get("id") for e in tree(p).iter()} for p in out.glob("*.html")}
    for page in names:
        for link in tree(out / page).iter("a"):
            address, _, anchor = link.attrib["href"].partition("#")
            if not address.startswith("http"):
                assert (out / address).exists()
                assert not anchor or anchor in names[address or page]


def test_no_page_asks_the_network_for_anything(rendered: tuple[Rendered, Path]) -> None:
    for page in rendered[1].glob("*.html"):
        text = declared(page)
        assert not re.search(r"""(?:src|srcset|data|action)=["'](?!data:)""", text)
        assert not re.search(r"@import|<script|<link|<iframe|<object", text)
        assert not re.search(r"url\((?!data:)", text)
        assert "default-src 'none'" in text


def test_the_table_holds_every_value_in_full(rendered: tuple[Rendered, Path]) -> None:
    with (rendered[1] / "results.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == 5 * (6 + 3) + 5 * 5 * 2
    found = [float(r["value"]) for r in table if (r["run"], r["metric"]) == ("ae", "error")]
    assert found == hinton().runs[2].metrics["error"]
    lost = [r for r in table if r["diverged"]]
    assert [(r["seed"], r["value"]) for r in lost if r["metric"] == "error"] == [
        ("1", ""),
        ("3", ""),
    ]


def test_the_summary_is_one_table_row_a_claim(rendered: tuple[Rendered, Path]) -> None:
    lines = (rendered[1] / "summary.md").read_text().splitlines()
    wide = [line for line in lines if len(re.findall(r"(?<!\\)\|", line)) == 9]
    claims = [line for line in wide if not line.startswith(("| claim |", "|--"))]
    assert len(claims) == len(HINTON_CLAIMS) + len(VINCENT_CLAIMS)
    line = "| basic | 2.9 per image | read | – | ± 0.6 per image | 2.04 ± 0.21 per image | 5 | ▲ BETTER |"
    assert line in claims
    tables = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {4, 9}


def test_the_same_records_give_the_same_bytes(
    rendered: tuple[Rendered, Path], tmp_path: Path
) -> None:
    records = both(tmp_path / "elsewhere")[::-1]
    again = render(records, tmp_path / "out", templates=TEMPLATES)
    assert [f.name for f in again.files] == [f.name for f in rendered[0].files]
    for file in again.files:
        assert file.read_bytes() == (rendered[1] / file.name).read_bytes(), file.name


def test_markup_in_a_spec_is_shown_as_text(tmp_path: Path) -> None:
    title = '<script>alert("1")</script> & | <b>bold</b>'
    made = hinton(title=title)
    made.spec["paper"]["url"] = "javascript:alert(1)"
    out = tmp_path / "out"
    render([store(made, tmp_path)], out, templates=TEMPLATES, pdf=False)
    for name in ("index.html", HINTON):
        assert "<script" not in declared(out / name)
        assert title in words(tree(out / name))
        assert all("javascript" not in a.attrib["href"] for a in tree(out / name).iter("a"))
    assert "&lt;script&gt;" in (out / "summary.md").read_text()
    assert "<script" not in (out / "summary.md").read_text()


def test_a_missing_figure_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    made, path = store(hinton(), tmp_path)
    lost = path.parent / "codes.png"
    lost.unlink()
    with pytest.raises(UserError) as caught:
        render([(made, path)], tmp_path / "out", templates=TEMPLATES, pdf=False)
    assert str(caught.value).startswith(f"{lost}: figure 'codes' of the record cannot be read: No")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_figure_outside_the_records_folder_is_refused(tmp_path: Path) -> None:
    made, path = store(hinton(), tmp_path)
    figure = made.figures[0].model_copy(update={"image": "../secret.png"})
    made = made.model_copy(update={"figures": [figure]})
    with pytest.raises(UserError, match=r"'\.\./secret\.png' is not the name of a file beside"):
        render([(made, path)], tmp_path / "out", templates=TEMPLATES, pdf=False)


def test_no_record_and_a_record_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no record to report"):
        render([], tmp_path, templates=TEMPLATES)
    one = store(hinton(), tmp_path)
    with pytest.raises(UserError, match="in tier quick is already in the report from"):
        render([one, one], tmp_path, templates=TEMPLATES)


def test_a_broken_template_is_named(tmp_path: Path) -> None:
    templates = tmp_path / "templates"
    shutil.copytree(TEMPLATES, templates)
    (templates / "index.html").write_text("{{ pages[0].nothing }}")
    with pytest.raises(UserError, match=r"templates: index\.html: .* has no attribute 'nothing'"):
        render([store(hinton(), tmp_path)], tmp_path / "out", templates=templates, pdf=False)


def test_without_pango_there_is_html_and_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoPango:
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            if name == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    for name in [n for n in sys.modules if n.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [NoPango(), *sys.meta_path])
    made = render([store(hinton(), tmp_path)], tmp_path / "out", templates=TEMPLATES)
    assert made.pdf_note is not None
    assert "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0" in made.pdf_note
    assert "\n" not in made.pdf_note
    assert (tmp_path / "out" / "index.html").exists()
    assert not (tmp_path / "out" / "report.pdf").exists()


def test_a_pdf_that_refers_outside_is_refused() -> None:
    pytest.importorskip("weasyprint", exc_type=OSError)
    with pytest.raises(OutsideError, match="refers to something outside itself"):
        pdf.to_pdf(b'<img src="file:///etc/hostname"/>')


def test_the_pdf_has_contents_page_numbers_and_the_verdicts(
    rendered: tuple[Rendered, Path],
) -> None:
    if rendered[0].pdf_note:
        pytest.skip("Pango is not installed")
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed")
    made = rendered[1] / "report.pdf"
    command = ["pdftotext", "-layout", str(made), "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    sheets = text.split("\f")[:-1]
    assert all(f"{i} / {len(sheets)}" in sheet for i, sheet in enumerate(sheets, 1))
    entry = re.search(
        r"Extracting and Composing Robust Features, paper tier vincent2008-denoising\W*\.+\s*(\d+)",
        text,
    )
    assert entry is not None
    there = sheets[int(entry[1]) - 1].lstrip().splitlines()
    assert "Extracting and Composing Robust Features" in " ".join(there[:3])
    for word in ("✔ REPRODUCED", "▲ BETTER", "✘ SHORT", "? INCONCLUSIVE", "– UNTESTED"):
        assert word in text
    assert "seed 3 diverged: the loss became NaN at step 9" in text


@pytest.mark.parametrize(
    ("mean", "half", "shown"),
    [
        (13.8662, 0.0119, "13.866 ± 0.012"),
        (3.02, 0.0996, "3.02 ± 0.10"),
        (1834.2, 123.0, "1\N{NARROW NO-BREAK SPACE}830 ± 120"),
        (-0.001, 0.4, "0.00 ± 0.40"),
        (-2.5, 1.0, "−2.5 ± 1.0"),
        (1.234e-9, 5.6e-11, "1.234 × 10⁻⁹ ± 0.056 × 10⁻⁹"),
        (13.8662, None, "13.87"),
        (13.8662, 0.0, "13.87 ± 0"),
        (-526.88621, 3.1e-8, "−526.9 ± 3.1 × 10⁻⁸"),
        (5.2, 6.1e-6, "5.2000000 ± 0.0000061"),
        (math.nan, 1.0, "n/a"),
    ],
)
def test_an_uncertainty_has_two_significant_digits(
    mean: float, half: float | None, shown: str
) -> None:
    assert numbers.plus_minus(mean, half) == shown


def test_numbers_of_a_column_share_the_place_of_the_point() -> None:
    padded = text.aligned(["13.87", "3.0", "300"])
    digit, point = text.DIGIT_SPACE, text.POINT_SPACE
    assert padded == ["13.87", "3.0" + digit, "300" + point + 2 * digit]


def test_the_name_of_an_axis_is_no_longer_than_its_plot() -> None:
    seeds = plots.Seeds(
        values=(1.0, 2.0),
        mean=1.5,
        ends=(1.0, 2.0),
        target=1.0,
        band=(0.5, 1.5),
        axis="a metric with a name " * 9,
        target_label="paper",
    )
    drawn = plots.strip("n", "t", seeds)
    lines = [str(t.text) for t in drawn.iter("text") if "metric" in (t.text or "")]
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(40 < len(line) < 320 / 5 for line in lines)


def test_a_long_curve_is_thinned_and_keeps_its_ends() -> None:
    kept = plots.thin(6000)
    assert (len(kept), kept[0], kept[-1]) == (200, 0, 5999)
    assert plots.thin(3) == [0, 1, 2]


def test_curves_over_many_decades_have_a_log_axis(rendered: tuple[Rendered, Path]) -> None:
    assert "reconstruction, mean per example (log scale)" in words(tree(rendered[1] / VINCENT))
    assert "(log scale)" not in words(tree(rendered[1] / HINTON))


def test_reports_import_neither_torch_nor_mlflow_nor_matplotlib() -> None:
    code = (
        "import sys, ae.report; "
        "print([m for m in ('torch', 'mlflow', 'matplotlib', 'seaborn', 'weasyprint') "
        "if m in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
