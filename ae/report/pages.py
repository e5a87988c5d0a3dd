"""Templates with their values into text: the Jinja environment."""

import base64
import hashlib
from pathlib import Path
from xml.etree import ElementTree

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from markupsafe import Markup

from ae.errors import UserError
from ae.report import glossary
from ae.report.text import count, typeset, web


def environment(templates: Path) -> Environment:
    """The templates of a folder: everything escaped, nothing undefined passes."""
    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["drawn"] = _drawn
    made.filters["web"] = web
    made.filters["cell"] = _cell
    made.filters["count"] = count
    made.filters["typeset"] = typeset
    made.filters["sentence"] = _sentence
    made.filters["sha256"] = _sha256
    made.globals.update(glossary.GLOBALS)
    return made


def fill(made: Environment, template: str, **values: object) -> bytes:
    """One template with its values, as UTF-8.

    Raises:
        UserError: the template is missing or wrong.
    """
    try:
        return made.get_template(template).render(**values).encode()
    except TemplateError as error:
        raise UserError(f"templates: {template}: {error.message or error!r}") from None


def _drawn(root: ElementTree.Element) -> Markup:
    """An SVG as markup; ElementTree has escaped every word in it."""
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def _sentence(words: str) -> str:
    """With a capital at the beginning; the rest as it is."""
    return words[:1].upper() + words[1:]


def _sha256(text: str) -> str:
    """What a content security policy calls an inline script of that text by."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _cell(words: str) -> str:
    """Words for a cell of a Markdown table: one line, nothing that Markdown reads as markup."""
    line = " ".join(words.split())
    return "".join(f"\\{c}" if c in "\\|*_`[]#~" else c for c in line)
