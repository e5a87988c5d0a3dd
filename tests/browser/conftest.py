"""Headless Chromium, and the pages that it is shown: the published ones, and one made to break it.

Skips where there is no Chromium: `AE_CHROMIUM` names one, else `chromium` is looked for.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from published import report
from shared import once
from watched import CHROMIUM, MARKUP, Watched


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """A browser; of this folder, for Playwright keeps the thread's event loop to itself meanwhile."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium: install one, or name it in AE_CHROMIUM")
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with api.sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def idle() -> dict[bool, list[Watched]]:
    """Empty tabs, with and without scripts: to make one takes longer than to open a page in it."""
    return {True: [], False: []}


@pytest.fixture
def opened(chromium: Any, idle: dict[bool, list[Watched]]) -> Iterator[Callable[..., Any]]:
    """Opens a page: `scheme` light or dark, `width` in pixels, `script` whether scripts run.

    Whatever the page asks of anything but files and itself is refused; at the end of the test
    nothing may have been asked, and nothing have gone wrong. A page keeps nothing in the browser, so
    that its tab is another's after it.
    """
    seen: list[tuple[bool, Watched]] = []

    def open_page(
        path: Path, *, scheme: str = "light", width: int = 1200, script: bool = True
    ) -> Any:
        if idle[script]:
            watched = idle[script].pop()
        else:
            watched = Watched(chromium.new_context(java_script_enabled=script).new_page())
            watched.hear()
        seen.append((script, watched))
        watched.tab.set_viewport_size({"width": width, "height": 900})
        watched.tab.emulate_media(media="null", color_scheme=scheme)
        return watched.open(path)

    yield open_page
    for _, watched in seen:
        assert watched.tab.evaluate("localStorage.length + sessionStorage.length") == 0
        watched.tab.goto("about:blank")
    wrong = [watched.errors + watched.requests for _, watched in seen]
    for script, watched in seen:
        watched.errors.clear(), watched.requests.clear()
        idle[script].append(watched)
    assert [what for what in wrong if what] == []


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the published records, without its PDF."""
    return report(tmp_path_factory) / "out"


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a record that has markup wherever a person may write, with a PDF of nothing."""
    return once(tmp_path_factory, "hostile", _hostile) / "out"


def _hostile(root: Path) -> None:
    import test_figures as turned
    import test_report as made
    import test_traversal as played

    from ae.records.figures import Interaction
    from ae.report import render

    record = made.hinton(title=MARKUP)
    meant = json.loads(json.dumps(record.spec))
    meant["paper"]["idea"] = MARKUP
    for claim in meant["claim"]:
        claim["statement"] += f" {MARKUP}"
    meant["deviation"][0]["why"] = MARKUP
    data = {"points-3d": turned.DATA, "traversal": played.DATA}
    figures = []
    for figure, (kind, content) in zip(record.figures, data.items(), strict=False):
        text = json.dumps(content).encode()
        digest = hashlib.sha256(text).hexdigest()
        given = Interaction(kind=kind, data=f"{kind}.data.json", digest=digest)
        figures.append(figure.model_copy(update={"interaction": given, "caption": MARKUP}))
        folder = root / "results" / record.name / record.tier
        folder.mkdir(parents=True, exist_ok=True)
        (folder / given.data).write_bytes(text)
    figures += record.figures[len(figures) :]
    record = record.model_copy(update={"spec": meant, "figures": figures})
    both = [made.store(record, root / "results"), made.store(made.vincent(), root / "results")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ae.report.printed.to_pdf", lambda page: b"%PDF-1.7")
        patch.setattr("ae.report.printed.length", lambda part: 1)
        patch.setattr("ae.report.printed.join", lambda opening, parts: opening)
        render(both, root / "out", templates=made.TEMPLATES)
    assert (root / "out" / "report.pdf").exists()
