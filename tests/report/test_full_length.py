"""A page of a reduced tier shows the paper tier's figure of the same name beside its own."""

from pathlib import Path

import pytest
from test_report import TEMPLATES, hinton, store, tree, words

from ae.cli.report import rendered
from ae.errors import UserError
from ae.library import Library
from ae.records.record import read
from ae.report import render

NAME = "hinton2006-deep-autoencoder"


def captions(page: Path) -> list[str]:
    """What is said of the figures of a page, in order."""
    found = tree(page).iter("figure")
    return [words(f) for f in found if f.get("class", "").startswith("picture-plate")]


def long(page: Path) -> list[str]:
    """Of those, the ones at full length."""
    return [said for said in captions(page) if said.startswith("At full length")]


def test_the_figure_at_full_length_stands_beside_the_short_one(tmp_path: Path) -> None:
    quick, paper = store(hinton("quick"), tmp_path / "a"), store(hinton("paper"), tmp_path / "b")
    render([quick], tmp_path / "out", templates=TEMPLATES, papers={NAME: paper}, pdf=False)
    said = captions(tmp_path / "out" / f"{NAME}-quick.html")
    assert [s.startswith("At full length") for s in said] == [False, True] * len(quick[0].figures)
    assert "at the length of the paper’s own protocol (paper tier, 20" in said[1]
    assert paper[0].figures[0].digest[:12] in said[1]


def test_a_record_of_the_paper_tier_in_the_report_comes_first(tmp_path: Path) -> None:
    quick, paper = store(hinton("quick"), tmp_path), store(hinton("paper"), tmp_path)
    gone = (paper[0], tmp_path / "gone" / "record.json")
    given = {"templates": TEMPLATES, "pdf": False, "papers": {NAME: gone}}
    render([quick, paper], tmp_path / "out", **given)
    assert len(long(tmp_path / "out" / f"{NAME}-quick.html")) == len(quick[0].figures)
    assert long(tmp_path / "out" / f"{NAME}-paper.html") == []
    with pytest.raises(UserError, match="gone"):
        render([quick], tmp_path / "out", **given)


def test_a_figure_that_the_paper_tier_lacks_stands_alone(tmp_path: Path) -> None:
    quick, (made, path) = store(hinton("quick"), tmp_path), store(hinton("paper"), tmp_path)
    other = [f.model_copy(update={"name": "another"}) for f in made.figures[1:]]
    papers = {NAME: (made.model_copy(update={"figures": made.figures[:1] + other}), path)}
    render([quick], tmp_path / "out", templates=TEMPLATES, papers=papers, pdf=False)
    assert len(long(tmp_path / "out" / f"{NAME}-quick.html")) == 1


def test_published_records_are_what_is_shown_at_full_length(tmp_path: Path) -> None:
    library = Library.at(tmp_path)
    store(hinton("paper"), tmp_path / "reports" / "published")
    quick = store(hinton("quick"), tmp_path / "results")
    (tmp_path / "reports" / "templates").symlink_to(TEMPLATES)
    rendered(library, [tmp_path / "results"], [quick], tmp_path / "out")
    assert len(long(tmp_path / "out" / f"{NAME}-quick.html")) == len(quick[0].figures)
    assert read(library.published_record(NAME, "paper")).tier == "paper"


def test_a_figure_of_an_older_spec_says_so(tmp_path: Path) -> None:
    quick, paper = store(hinton("quick"), tmp_path / "a"), store(hinton("paper"), tmp_path / "b")
    other = quick[0].meaning.model_copy(update={"family": "another"})
    specs = {NAME: other}
    render(
        [quick], tmp_path / "out", templates=TEMPLATES, papers={NAME: paper}, pdf=False, specs=specs
    )
    (first, *_) = long(tmp_path / "out" / f"{NAME}-quick.html")
    assert "The spec has changed since." in first
