"""The PDFs of a report; whatever keeps one from being made is said in a line."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from jinja2 import Environment

from ae.errors import UserError, exhausted, plain
from ae.report import pages
from ae.report.joined import join, length, opened
from ae.report.pdf import WITHOUT_PANGO, to_pdf
from ae.report.views import Page

WHOLE = "report.html"
Made = TypeVar("Made")


class Printed:
    """Templates into PDFs; `note` says in one line why there is one less, the first reason."""

    def __init__(self, templates: Environment) -> None:
        self._templates = templates
        self.note: str | None = None

    def file(self, template: str, **values: object) -> bytes | None:
        """A template with its values as a PDF; None where that cannot be made.

        Raises:
            UserError: The template is missing or wrong.
        """
        page = pages.fill(self._templates, template, **values)
        return self._tried(template, lambda: to_pdf(page))

    def suite(self, shown: Sequence[Page], **values: object) -> bytes | None:
        """All papers in one PDF, behind their opening; None where that cannot be made.

        A layout takes 3 MB a page. So each paper is laid out alone, and the opening when their
        lengths are known.

        Raises:
            UserError: A template is missing or wrong.
        """
        parts: list[bytes] = []
        for page in shown:
            part = self._part("part.html", page=page)
            if part is None:
                return None
            parts.append(part)
        lengths = self._tried(WHOLE, lambda: [length(part) for part in parts])
        if lengths is None:
            return None
        stand_ins = list(zip(shown, lengths, strict=True))
        opening = self._part(WHOLE, stand_ins=stand_ins, **values)
        if opening is None:
            return None
        taken = (parts.pop(0) for _ in shown)  # none is held twice
        return self._tried(WHOLE, lambda: join(opening, taken))

    def _part(self, template: str, **values: object) -> bytes | None:
        page = opened(pages.fill(self._templates, template, **values))
        return self._tried(WHOLE, lambda: to_pdf(page))

    def _tried(self, template: str, make: Callable[[], Made | None]) -> Made | None:
        """What is made; None, and why in `note`, where that fails."""
        try:
            made = make()
        except UserError:
            raise
        except Exception as error:  # noqa: BLE001 - another program's, and the HTML is there
            short = exhausted(error)
            why = f"out of memory: {short}" if short else f"{type(error).__name__}: {plain(error)}"
            self.note = self.note or f"no PDF of {template}: {why}"
            return None
        if made is None:
            self.note = self.note or WITHOUT_PANGO
        return made
