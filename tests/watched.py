"""A tab of a browser and what a page did in it that no page of a report does."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
CHROMIUM = os.environ.get("AE_CHROMIUM") or shutil.which("chromium")
MARKUP = "<script>document.title = 'run'</script> \"quoted\" & 'so' <b>bold</b>"
HOSTILE = "hinton2006-deep-autoencoder-quick.html"


RUN = "only => axe.run(document, { resultTypes: ['violations'], ...(only && { runOnly: only }) })"
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that look at them


@dataclass
class Watched:
    """A tab; what was said in its console, and what it asked for that is no file."""

    tab: Any
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def hear(self) -> None:
        self.tab.context.route("**/*", self._route)
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on("console", self._said)

    def _said(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(message.text)

    def _route(self, route: Any) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            self.requests.append(route.request.url)
            route.abort()

    def open(self, path: Path) -> Any:
        self.tab.goto(path.as_uri())
        return self.tab


def faults(tab: Any, scheme: str = "light") -> list[str]:
    """What axe says of a page with everything unfolded: the rule and the element, a line each.

    In the dark the colours are others, and nothing else is.
    """
    axe = pytest.importorskip("axe_playwright_python.base").AXE_FILE_PATH
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    tab.evaluate(axe.read_text())
    found = tab.evaluate(RUN, COLOURS if scheme == "dark" else None)
    return [
        f"{fault['id']} ({fault['impact']}): {node['html'][:150]}: {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]
