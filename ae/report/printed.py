"""The PDFs of a report; whatever keeps one from being made is said in a line."""

from jinja2 import Environment

from ae.errors import UserError, exhausted, plain
from ae.report import pages
from ae.report.pdf import WITHOUT_PANGO, to_pdf


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
        try:
            made = to_pdf(page)
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
