"""A paper's page: its contents beside it, words explained where they stand, figures enlarged."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watched import HOSTILE

Open = Callable[..., Any]


def test_the_contents_are_beside_a_wide_page_and_folded_over_a_narrow_one(
    opened: Open, hostile: Path
) -> None:
    wide = opened(hostile / HOSTILE, width=1400)
    link = wide.locator(".side a", has_text="Results")
    assert link.is_visible()
    assert wide.locator(".side").bounding_box()["x"] < wide.locator("main").bounding_box()["x"]
    wide.locator("h2", has_text="Results").scroll_into_view_if_needed()
    assert 0 <= link.bounding_box()["y"] < 900  # they stay in sight
    narrow = opened(hostile / HOSTILE, width=380)
    link = narrow.locator(".side a", has_text="Results")
    assert not link.is_visible()
    narrow.locator(".side summary").press("Enter")
    assert link.is_visible()
    link.press("Enter")
    assert narrow.url.endswith("--results")


@pytest.mark.parametrize("width", [1200, 380])
def test_a_word_is_explained_by_keyboard_and_without_a_script(
    opened: Open, hostile: Path, width: int
) -> None:
    tab = opened(hostile / HOSTILE, width=width, script=False)
    words = tab.locator("a.term")
    keys = {str(w).removeprefix("#term-") for w in words.evaluate_all(
        "found => found.map(one => one.getAttribute('href'))"
    )}  # fmt: skip
    assert {"p", "pi", "page", "tau", "margin", "tier", "control", "spread", "seed"} <= keys
    for word in words.all()[:12]:
        told = tab.locator(f"#{word.get_attribute('aria-describedby')}")
        assert told.inner_text() == word.get_attribute("data-tip")
        if not word.is_visible():
            continue
        shown = "one => getComputedStyle(one, '::after').content"
        assert word.evaluate(shown) == "none"
        word.focus()
        assert str(told.inner_text())[:20] in word.evaluate(shown)
        right = tab.evaluate("document.documentElement.scrollWidth")
        assert right <= width, word.inner_text()
    word.press("Enter")
    assert tab.evaluate("document.querySelector('dd:target') !== null")


def test_a_figure_is_enlarged_by_keyboard_and_by_a_click(opened: Open, hostile: Path) -> None:
    for script in (True, False):
        tab = opened(hostile / HOSTILE, width=800, script=script)
        box = tab.locator(".zoom:visible input").first
        picture = tab.locator(".zoom:visible img").first
        before = picture.bounding_box()["width"]
        box.focus()
        tab.keyboard.press("Space")
        assert box.is_checked()
        assert picture.bounding_box()["width"] > before
        tab.keyboard.press("Escape" if script else "Space")
        assert not box.is_checked()
        assert picture.bounding_box()["width"] == before
        picture.click()
        assert box.is_checked()
        picture.click()
        assert not box.is_checked()
