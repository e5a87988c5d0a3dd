"""The page's form writes what the file of reviews reads, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from watched import HOSTILE, MARKUP

from ae.records.reviews import Review, read

Open = Callable[..., Any]
REVIEW = "Review this figure"


def test_the_form_writes_a_review(opened: Open, hostile: Path, tmp_path: Path) -> None:
    tab = opened(hostile / HOSTILE)
    place = tab.locator("details.sign").nth(1)
    place.get_by_text(REVIEW).click()
    output, copy = place.locator("textarea"), place.get_by_role("button", name="Copy")
    assert copy.is_disabled()
    assert "a verdict, your name" in place.get_by_role("status").inner_text()
    place.get_by_label("Your name").fill(f"{MARKUP}\\")
    place.get_by_label("does not").check()
    assert output.input_value() == ""
    assert place.get_by_role("status").inner_text() == "Still to be given: the reason."
    place.get_by_label("What you saw").fill('a\ttab, a \x7f, "quotes", Größe, 🙂')
    assert copy.is_enabled()
    path = tmp_path / "x.toml"
    path.write_text(output.input_value())
    (found,) = read(path)
    assert isinstance(found, Review)
    assert (found.figure, found.tier, found.digest) == ("codes", "quick", "ab" * 32)
    assert (found.verdict, found.reviewer) == ("reject", f"{MARKUP}\\")
    assert found.note == 'a tab, a  , "quotes", Größe, 🙂'
    copy.click()
    said = place.get_by_role("status")
    said.filter(has_text="cop").wait_for()
    assert tab.locator("b").count() == 0


def test_without_a_script_the_command_line_is_shown(opened: Open, hostile: Path) -> None:
    tab = opened(hostile / HOSTILE, script=False)
    place = tab.locator("details.sign").first
    place.get_by_text(REVIEW).click()
    assert place.locator("pre").inner_text().startswith("ae review hinton2006-deep-autoencoder")
    assert place.locator("input").count() == 0
