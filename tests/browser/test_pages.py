"""Every page in a real browser: quiet, self-contained, readable narrow, dark, and without a script."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watched import HOSTILE, MARKUP, ROOT, Watched

SCREENSHOTS = ROOT / "build" / "screenshots"
WIDTHS = (1200, 768, 380)
Open = Callable[..., Any]
FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex='0']"


def pages(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.glob("*.html"))]


@pytest.mark.parametrize("every", [6, pytest.param(1, marks=pytest.mark.nightly)])
def test_every_page_is_quiet_whole_and_as_wide_as_the_screen(
    opened: Open, published: Path, hostile: Path, every: int
) -> None:
    """The fixture holds that no page says anything in the console or asks for anything.

    By day those that no paper has, and every sixth paper's.
    """
    tab = None
    common = [published / "index.html", *pages(hostile)]
    for path in [*common, *pages(published)[::every]]:
        tab = opened(path, width=380) if tab is None else (tab.goto(path.as_uri()), tab)[1]
        broken = tab.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
        width = tab.evaluate("document.documentElement.scrollWidth")
        assert (path.name, broken, width) == (path.name, 0, 380)


def test_a_page_that_misbehaves_is_noticed(chromium: Any, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<!doctype html><title>x</title><img src='http://example.invalid/a.png' alt=''/>"
        "<script>console.error('said'); throw Error('thrown')</script>"
    )
    watched = Watched(chromium.new_context().new_page())
    watched.hear()
    watched.open(page)
    watched.tab.context.close()
    assert watched.requests == ["http://example.invalid/a.png"]
    assert any("thrown" in e for e in watched.errors)
    assert "said" in watched.errors


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_markup_shows_as_text(opened: Open, hostile: Path, scheme: str) -> None:
    for path in (hostile / "index.html", hostile / HOSTILE):
        tab = opened(path, scheme=scheme)
        assert tab.title() != "run"
        assert tab.locator("b").count() == 0
        assert MARKUP in tab.locator("main").inner_text()
    assert MARKUP in tab.locator("h1").inner_text()


def test_without_a_script_everything_is_there(opened: Open, published: Path) -> None:
    page = published / "cs182-ae-vae-quick.html"
    tab = opened(page, script=False)
    plain = tab.locator("main").inner_text()
    figures = tab.locator("figure.picture-plate").count()
    assert tab.locator("figure.picture-plate .zoom > img:visible").count() == figures >= 5
    assert tab.locator("canvas").count() == 0
    for claim in tab.locator("tbody[id] code").all_inner_texts():
        assert claim in plain
    live = opened(page)
    assert live.locator("canvas").count() > 0
    assert live.locator("figure.picture-plate .zoom > img:visible").count() < figures
    for line in filter(None, map(str.strip, plain.splitlines())):
        assert line in live.locator("main").inner_text()


def test_the_keyboard_reaches_everything_and_shows_where_it_is(opened: Open, hostile: Path) -> None:
    tab = opened(hostile / HOSTILE)
    wanted = tab.evaluate(
        f"[...document.querySelectorAll({FOCUSABLE!r})].filter(e => e.checkVisibility()).length"
    )
    seen = set()
    for _ in range(wanted + 5):
        tab.keyboard.press("Tab")
        found = tab.evaluate(
            f"""(() => {{
              const e = document.activeElement, style = getComputedStyle(e);
              return [[...document.querySelectorAll({FOCUSABLE!r})].indexOf(e), e.outerHTML.slice(0, 120),
                style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0];
            }})()"""
        )
        if found[0] >= 0:
            assert found[2], f"no sign of the focus on {found[1]}"
            seen.add(found[0])
    assert len(seen) == wanted > 10


@pytest.mark.parametrize(
    "width", [w if w == 380 else pytest.param(w, marks=pytest.mark.nightly) for w in WIDTHS]
)
def test_screenshots_are_kept(opened: Open, published: Path, width: int) -> None:
    """To be looked at; here only that the page is drawn at that width."""
    tab = opened(published / "index.html", width=width)
    for name in ("index", "cs182-ae-vae-quick"):
        tab.goto((published / f"{name}.html").as_uri())
        path = SCREENSHOTS / f"{name}-{width}.png"
        clip = {"x": 0, "y": 0, "width": width, "height": 5000}
        picture = tab.screenshot(path=path, full_page=True, clip=clip)
        assert struct.unpack(">II", picture[16:24]) == (width, 5000)
