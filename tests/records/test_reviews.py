"""A sign-off holds for one figure's data, says who and when, and is read strictly."""

import os
import threading
import time
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from test_report import HINTON, TEMPLATES, hinton, store, tree, words

from ae.cli.main import cli
from ae.errors import OutsideError, UserError
from ae.locks import locked
from ae.records.reviews import (
    HEAD,
    Review,
    of,
    problems,
    quoted,
    read,
    read_all,
    signed,
    visual,
    write,
)
from ae.report import render

DIGEST = "ab" * 32  # as the record of the tests has it of every figure
NAME = "hinton2006-deep-autoencoder"


def review(**keys: Any) -> Review:
    table = {
        "figure": "codes",
        "tier": "quick",
        "digest": DIGEST,
        "verdict": "accept",
        "reviewer": "A. Reader",
        "date": "2026-11-21",
        "note": "as the paper's",
    }
    return Review.model_validate(table | keys)


TEXT = f"""[[review]]
figure = "codes"
tier = "quick"
digest = "{DIGEST}"
verdict = "accept"
reviewer = "A. Reader"
date = "2026-11-21"
note = "as the paper's"
"""


def test_a_file_reads_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "reviews" / "x.toml"
    assert read(path) == ()
    write(path, [review()])
    assert path.read_text() == f"{HEAD}\n{TEXT}"
    assert read(path) == (review(),)
    assert read_all(path.parent) == {"x": (review(),)}


def test_the_order_of_a_file_is_its_own(tmp_path: Path) -> None:
    all_ = [
        review(figure="b"),
        review(figure="a", date="2026-11-22"),
        review(figure="a", reviewer="Z"),
        review(figure="a", reviewer="B"),
    ]
    write(tmp_path / "one", all_)
    write(tmp_path / "two", reversed(all_))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    found = [(r.figure, r.date[-2:], r.reviewer) for r in read(tmp_path / "one")]
    assert found == [
        ("a", "21", "B"),
        ("a", "21", "Z"),
        ("a", "22", "A. Reader"),
        ("b", "21", "A. Reader"),
    ]


@given(st.text())
def test_any_text_is_a_string_of_toml(text: str) -> None:
    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}
    assert "\n" not in quoted(text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "figure =",
            "figur =",
            "unknown key 'figur' (did you mean 'figure'?); it may hold figure,",
        ),
        ('"accept"', '"accepted"', "verdict: found 'accepted'; expected one of 'accept', 'reject'"),
        ('"accept"', "true", "verdict: found true; expected one of 'accept', 'reject'"),
        ('"quick"', '"fast"', "tier: found 'fast'; expected one of 'paper', 'quick', 'smoke'"),
        (DIGEST, "ab", "digest: found 'ab'; expected the 64 digits that the record has"),
        ('"A. Reader"', '" "', "reviewer: found ' '; expected one line that is not empty"),
        ('"A. Reader"', '"A\\nB"', "reviewer: found 'A\\nB'; expected one line"),
        ("2026-11-21", "2026-02-30", "date: found '2026-02-30'; expected a day such as"),
        ("2026-11-21", "20261121", "date: found '20261121'; expected a day such as"),
        ('"2026-11-21"', "2026-11-21", "date: found the date or time 2026-11-21; expected"),
        ('note = "as the paper\'s"', "", "missing key 'note'; expected one line of text"),
        ('"accept"', '"reject"', None),
    ],
)
def test_a_wrong_file_is_refused_in_one_line(
    tmp_path: Path, old: str, new: str, said: str | None
) -> None:
    path = tmp_path / "x.toml"
    path.write_text(TEXT.replace(old, new, 1))
    if said is None:
        assert read(path)[0].verdict == "reject"
        return
    with pytest.raises(UserError) as error:
        read(path, "reviews/x.toml")
    assert str(error.value).startswith("reviews/x.toml: [[review]] number 1: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_reject_gives_its_reason_and_a_person_says_one_thing(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(TEXT.replace('"accept"', '"reject"').replace("as the paper's", " "))
    with pytest.raises(UserError, match="note: found nothing; expected the reason of the reject"):
        read(path)
    path.write_text(TEXT + TEXT.replace('"accept"', '"reject"'))
    with pytest.raises(UserError, match=r"two are of figure 'codes', tier 'quick', digest abab"):
        read(path)


def test_a_second_word_replaces_the_first_and_other_words_stay() -> None:
    old, other = review(), review(reviewer="B")
    lapsed = review(digest="00" * 32)
    new = review(verdict="reject", note="no")
    assert signed([old, other, lapsed], [new]) == (new, other, lapsed)


def test_a_review_lapses_when_the_figure_changes() -> None:
    figure = hinton().figures[1]
    old, new = review(digest="00" * 32, date="2026-11-22"), review()
    assert [old.holds(figure), new.holds(figure)] == [False, True]
    strange = [review(tier="paper"), review(figure="filters")]
    assert of([old, new, *strange], figure, "quick") == [new, old]


def test_visual_claims_are_figures_that_answer_one_of_the_papers() -> None:
    made = hinton()
    own = made.figures[0].model_copy(update={"paper": ""})
    made = made.model_copy(update={"figures": [own, *made.figures[1:]]})
    assert [f.name for f in visual(made)] == ["codes", "filters"]


def page(root: Path, *reviews: Review) -> Any:
    out = root / "out"
    given_ = {NAME: reviews}
    render([store(hinton(), root / "r")], out, templates=TEMPLATES, pdf=False, reviews=given_)
    return tree(out / HINTON)


def said_of(page_: Any, figure: int) -> list[str]:
    return [words(p) for p in page_.findall(".//div[@class='review']")[figure].iterfind("p")]


def test_the_page_says_who_signed_what_and_what_has_lapsed(tmp_path: Path) -> None:
    shown = page(
        tmp_path,
        review(note="<script>alert(1)</script> & so"),
        review(reviewer="<b>B</b>", verdict="reject", note="no"),
        review(digest="00" * 32, reviewer="C", note=""),
        review(figure="filters", digest="00" * 32, reviewer="C", note=""),
    )
    assert said_of(shown, 0) == ["Not yet reviewed by a person."]
    assert said_of(shown, 1) == [
        "✘ rejected by <b>B</b>, 2026-11-21. no",
        "✔ accepted by A. Reader, 2026-11-21. <script>alert(1)</script> & so",
        "✔ Lapsed, for the figure’s data have changed since: accepted by C, 2026-11-21.",
    ]
    assert said_of(shown, 2) == [
        "Not yet reviewed by a person as it is now.",
        "✔ Lapsed, for the figure’s data have changed since: accepted by C, 2026-11-21.",
    ]
    assert (
        "Of the 3 figures here that answer one of the paper’s, a person has reviewed 1."
        in words(shown)
    )


def test_the_page_says_what_to_type_and_what_was_measured(tmp_path: Path) -> None:
    first = page(tmp_path).find(".//details[@class='sign']")
    command = " ".join(words(first.find("pre")).split())
    assert command == (
        f'ae review {NAME} --tier quick \\ --accept reconstructions --reviewer "NAME" --note "NOTE"'
    )
    measured = [words(line) for line in first.iter("li")]
    assert measured[0].startswith("squared error, per image: PCA 13.87 ± 0; LOGISTIC 8.")
    assert len(measured) == 2


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a spec's file and a record of it."""
    for folder in ("ae", "benchmarks", "datasets"):  # which makes it a checkout
        (tmp_path / folder).mkdir()
    (tmp_path / "benchmarks" / f"{NAME}.toml").touch()
    store(hinton(), tmp_path / "results")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*arguments: str, typed: str = "") -> str:
    done = CliRunner().invoke(cli, ["review", NAME, *arguments], input=typed)
    if done.exception is not None:
        raise done.exception
    return done.output


def file(root: Path) -> Path:
    return root / "reports" / "reviews" / f"{NAME}.toml"


def test_a_script_signs_without_being_asked(project: Path) -> None:
    ran("--accept", "codes", "--accept", "filters", "--reviewer", "B", "--note", "so")
    ran("--reject", "codes", "--reviewer", "A", "--note", "a 'note' with \"quotes\"")
    found = [(r.figure, r.verdict, r.reviewer, r.note, r.digest) for r in read(file(project))]
    assert found == [
        ("codes", "reject", "A", "a 'note' with \"quotes\"", DIGEST),
        ("codes", "accept", "B", "so", DIGEST),
        ("filters", "accept", "B", "so", DIGEST),
    ]
    assert "accepted by B" in ran("--list")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--accept", "coeds", "--reviewer", "A"], "no figure 'coeds' (did you mean 'codes'?)"),
        (["--accept", "codes"], "review of figure 'codes': reviewer: found ''; expected one line"),
        (["--reject", "codes", "--reviewer", "A"], "note: found nothing; expected the reason"),
        (
            ["--accept", "codes", "--reject", "codes"],
            "--accept and --reject: found 'codes' in both",
        ),
        (["--published"], f"found no record of tier paper or quick; `ae run {NAME}` makes one"),
        (["--tier", "paper"], "found no record of tier paper; "),
    ],
)
def test_what_cannot_be_signed_is_said_and_nothing_written(
    project: Path, arguments: list[str], said: str
) -> None:
    with pytest.raises(UserError) as error:
        ran(*arguments)
    assert said in str(error.value)
    assert not file(project).exists()


def test_a_tier_without_figures_does_not_hide_those_of_another(project: Path) -> None:
    """Of a paper's record without figures it was said that there are none at all."""
    bare = hinton("paper").model_copy(update={"figures": []})
    store(bare, project / "results")
    assert ran("--list").startswith(f"{NAME}, quick tier: 3 figures answer the paper's\n")
    assert ran("--list", "--tier", "paper") == (
        f"{NAME}, paper tier: 0 figures answer the paper's; 3 of the quick tier: --tier quick\n"
    )
    with pytest.raises(UserError) as error:
        ran("--tier", "paper", "--accept", "codes", "--reviewer", "A")
    assert str(error.value) == (
        f"{NAME}, paper tier: no figure 'codes'; there are none; the quick tier has it: --tier quick"
    )
    ran("--accept", "codes", "--reviewer", "A")
    assert [(r.figure, r.tier) for r in read(file(project))] == [("codes", "quick")]


def test_the_papers_tier_comes_first_where_it_has_figures(project: Path) -> None:
    made = hinton("paper")
    one = made.model_copy(update={"figures": made.figures[:1]})
    store(one, project / "results")
    first = ran("--list").splitlines()[0]
    assert first.startswith(f"{NAME}, paper tier: 1 figure answers the paper's")
    assert first.endswith("; 3 of the quick tier: --tier quick")


def test_of_several_figures_all_are_signed_or_none(project: Path) -> None:
    with pytest.raises(UserError, match="no figure 'x'"):
        ran("--accept", "codes", "--reject", "x", "--reviewer", "A", "--note", "n")
    assert not file(project).exists()


def test_a_figure_that_is_gone_cannot_be_signed(project: Path) -> None:
    (project / "results" / NAME / "quick" / "codes.png").unlink()
    with pytest.raises(UserError, match=r"codes\.png: figure 'codes' of the record is not there"):
        ran("--accept", "codes", "--reviewer", "A")


def test_a_walk_shows_each_figure_and_writes_each_answer(project: Path) -> None:
    output = ran(typed="a\n\nA. Reader\ns\nr\n\nno strokes\n\n")
    found = [(r.figure, r.verdict, r.reviewer, r.note) for r in read(file(project))]
    assert found == [
        ("filters", "reject", "A. Reader", "no strokes"),
        ("reconstructions", "accept", "A. Reader", ""),
    ]
    for said in (
        "3 figures answer the paper's",
        "the paper's  figure 2B",
        f"ours         Codes: {os.path.join('results', NAME, 'quick', 'codes.png')}",
        "look for     The codes of ten test digits",
        "measured     squared error, per image: PCA 13.87 ± 0; LOGISTIC 8.",
        "reviewed     not yet by a person",
    ):
        assert said in output


def test_a_walk_that_is_left_keeps_what_was_said(project: Path) -> None:
    ran(typed="a\ngood\nA\nq\n")
    assert [r.figure for r in read(file(project))] == ["reconstructions"]


def test_a_lapsed_review_is_listed_as_such(project: Path) -> None:
    write(file(project), [review(digest="00" * 32)])
    output = ran("--list")
    assert "codes" in output
    assert "accepted by A. Reader, 2026-11-21, lapsed: the figure has changed since" in output


def test_check_knows_figures_and_specs(tmp_path: Path) -> None:
    write(tmp_path / f"{NAME}.toml", [review(), review(figure="cods")])
    write(tmp_path / "nobody2020-x.toml", [review()])
    (tmp_path / "broken2020-x.toml").write_text("[[review]]\n")
    specs = {NAME: hinton().meaning, "broken2020-x": None}
    found = list(problems(tmp_path, specs))
    assert [line.partition(": ")[0] for line in found] == [
        "reports/reviews/broken2020-x.toml",
        f"reports/reviews/{NAME}.toml",
        "reports/reviews/nobody2020-x.toml",
    ]
    assert "[[review]] number 1: missing key 'figure'" in found[0]
    assert "[[review]] number 2: figure: no figure 'cods' (did you mean 'codes'?)" in found[1]
    assert "file name: no spec 'nobody2020-x'" in found[2]


def test_a_folder_that_cannot_be_written_is_named(project: Path) -> None:
    (project / "reports").mkdir()
    (project / "reports" / "reviews").touch()
    with pytest.raises((OutsideError, UserError), match="reviews"):
        ran("--accept", "codes", "--reviewer", "A")


def test_two_who_sign_at_once_lose_no_word(project: Path) -> None:
    path = file(project)
    begun = threading.Event()

    def other() -> None:
        with locked(path.with_name(f".{path.name}.lock")):
            begun.set()
            time.sleep(0.3)  # the other reads meanwhile, and would write without this
            write(path, [review(reviewer="B. Reader")])

    thread = threading.Thread(target=other)
    thread.start()
    begun.wait()
    ran("--accept", "codes", "--reviewer", "A")
    thread.join()
    assert sorted(r.reviewer for r in read(path)) == ["A", "B. Reader"]
