"""The first page and what moved, in a real browser: filters, the address, narrow, printed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watched import faults

UNFOLD = "document.querySelectorAll('details').forEach(one => one.open = true)"
Open = Callable[..., Any]


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two records with the same title, of which metrics and verdicts moved."""
    import test_report as made
    from test_moved import earlier, of

    from ae.report import render

    root = tmp_path_factory.mktemp("moved")
    new = made.hinton()
    twin = new.model_copy(update={"name": "hinton2006-twin"})
    old = [earlier(r, ae=[v + 20 for v in of(new, "ae")]) for r in (new, twin)]
    records = [made.store(r, root / "results") for r in (new, twin, made.vincent())]
    reference = ("yesterday", old)
    render(records, root / "out", templates=made.TEMPLATES, pdf=False, reference=reference)
    return root / "out"


def said(tab: Any) -> str:
    return str(tab.locator("#shown").inner_text())


def test_filters_work_and_the_address_keeps_them(opened: Open, moved: Path) -> None:
    tab = opened(moved / "index.html")
    everything = said(tab)
    assert everything.endswith(" claims, 3 of 3 papers")
    assert tab.locator("details.sheet[open]").count() == 0
    tab.select_option("select[name=verdict]", "SHORT")
    assert tab.url.endswith("#verdict=SHORT")
    rows = tab.locator(".scoreboard tbody tr:visible")
    assert rows.count() == int(said(tab).split()[0]) > 0
    assert {row.get_attribute("data-verdict") for row in rows.all()} == {"SHORT"}
    for row in tab.locator(".forest tbody tr[data-verdict]:visible").all():
        assert row.get_attribute("data-verdict") == "SHORT"
    kept = said(tab)
    tab.reload()
    assert said(tab) == kept
    tab.locator("button[type=reset]").press("Enter")
    tab.wait_for_function(f"document.getElementById('shown').value === {everything!r}")
    assert "#" not in tab.url
    assert tab.locator("details.sheet[open]").count() == 0


def test_words_find_claims_and_papers_and_all_can_be_opened(opened: Open, moved: Path) -> None:
    tab = opened(moved / "index.html")
    tab.locator("input[name=words]").press_sequentially("noise structure")
    assert said(tab).startswith("1 of ")
    assert tab.locator(".scoreboard tbody tr:visible code").all_inner_texts() == ["structure"]
    tab.locator("input[name=words]").fill("twin")
    assert said(tab) == "7 of 20 claims, 1 of 3 papers"
    tab.locator("input[name=words]").fill("")
    tab.locator("button[name=fold]").press("Space")
    assert tab.locator("details.sheet[open]").count() == 3
    assert tab.locator("button[name=fold]").inner_text() == "Close all"
    tab.goto((moved / "index.html").as_uri() + "#distances")  # a place, not a view
    assert said(tab).endswith("3 of 3 papers")


def test_what_moved_has_filters_of_its_own(opened: Open, moved: Path) -> None:
    tab = opened(moved / "moved.html")
    everything = said(tab)
    assert everything.endswith(" metrics, 2 of 2 papers")
    rows = tab.locator(".moves tbody tr:visible")
    state = str(tab.locator(".moves tbody tr").first.get_attribute("data-verdict"))
    tab.select_option("select[name=verdict]", state)
    assert tab.url.endswith(f"#verdict={state}")
    assert {row.get_attribute("data-verdict") for row in rows.all()} == {state}
    assert rows.count() == int(said(tab).split()[0]) > 0
    tab.locator("input[name=words]").fill("twin")
    assert said(tab).endswith(" 1 of 2 papers")
    kept = said(tab)
    tab.reload()
    assert said(tab) == kept
    tab.locator("input[name=words]").fill("nothing of this name")
    assert said(tab).startswith("0 of ")
    assert tab.locator(".paper-moves:visible, .moves:visible").count() == 0
    tab.locator("button[type=reset]").press("Enter")
    tab.wait_for_function(f"document.getElementById('shown').value === {everything!r}")
    assert "#" not in tab.url


def test_a_sheet_keeps_its_head_in_sight(opened: Open, moved: Path) -> None:
    tab = opened(moved / "index.html")
    tab.locator(".sheet > summary").first.press("Enter")
    tab.locator(".scoreboard tbody tr").nth(5).evaluate("row => row.scrollIntoView()")
    tops = [
        tab.locator(at).first.bounding_box()["y"]
        for at in (".sheet > summary", ".scoreboard thead th")
    ]
    assert tops == pytest.approx([0, 56], abs=1.5)


@pytest.mark.parametrize("width", [380, 768])
def test_everything_unfolded_is_no_wider_than_the_screen(
    opened: Open, moved: Path, width: int
) -> None:
    for name in ("index", "moved"):
        tab = opened(moved / f"{name}.html", width=width)
        tab.evaluate(UNFOLD)
        assert (name, tab.evaluate("document.documentElement.scrollWidth")) == (name, width)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault(opened: Open, moved: Path, scheme: str) -> None:
    for name in ("index", "moved"):
        assert faults(opened(moved / f"{name}.html", scheme=scheme), scheme) == [], name


def test_print_shows_what_a_filter_hides(opened: Open, moved: Path) -> None:
    tab = opened(moved / "index.html")
    tab.select_option("select[name=verdict]", "SHORT")
    tab.emulate_media(media="print")
    rows = tab.locator(".scoreboard tbody tr")
    assert tab.locator(".scoreboard tbody tr:visible").count() == rows.count()
    assert not tab.locator("#filters").is_visible()


def test_a_columns_name_sorts_the_papers_and_sorts_them_back(opened: Open, moved: Path) -> None:
    tab = opened(moved / "index.html")

    def column(place: int) -> list[str]:
        return [str(c) for c in tab.locator(f".papers tbody tr > :nth-child({place})").evaluate_all(
            "cells => cells.map(cell => cell.dataset.sort)"
        )]  # fmt: skip

    for place, key in ((1, str), (2, float), (9, float)):
        button = tab.locator(f".papers thead th:nth-child({place}) button")
        before = column(place)
        button.focus()
        tab.keyboard.press("Enter")
        assert column(place) == sorted(before, key=key)
        assert button.locator("..").get_attribute("aria-sort") == "ascending"
        tab.keyboard.press("Enter")
        assert column(place) == sorted(before, key=key, reverse=True)
        assert tab.locator(".papers [aria-sort]").count() == 1
    tab.locator(".papers thead th:nth-child(4) button").click()
    assert column(4) == sorted(column(4), key=float, reverse=True)  # the most first


def test_escape_takes_an_explanation_away(opened: Open, moved: Path) -> None:
    tab = opened(moved / "index.html")
    shown = "one => getComputedStyle(one, '::after').content"
    word = tab.locator("a.term").first
    word.focus()
    assert word.evaluate(shown) != "none"
    tab.keyboard.press("Escape")
    assert word.evaluate(shown) == "none"


def test_without_a_script_the_papers_stand_and_no_button_is_there(
    opened: Open, moved: Path
) -> None:
    tab = opened(moved / "index.html", script=False)
    assert tab.locator(".papers tbody tr").count() == 3
    assert tab.locator(".papers button").count() == 0
    assert "sorts" not in tab.locator("main").inner_text()
