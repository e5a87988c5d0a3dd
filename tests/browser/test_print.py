"""Chromium's print preview says what the PDF says."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from watched import HOSTILE

from ae.report.pdf import to_pdf

Open = Callable[..., Any]
WORD = r"[^\W_]{3,}"
MARGINS = re.compile(r"^\s*(\d+ / \d+)\s*$")  # page numbers stand alone on a line


def words(pdf: Path) -> Counter[str]:
    """How often each word is there, whatever its lines, pages, hyphens and ligatures."""
    done = subprocess.run(["pdftotext", "-raw", pdf, "-"], check=True, capture_output=True)
    lines = [line for line in done.stdout.decode().splitlines() if not MARGINS.match(line)]
    return Counter(re.findall(WORD, " ".join(lines).replace("\u00ad", "")))


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="there is no pdftotext")
def test_the_preview_has_the_words_of_the_pdf(opened: Open, hostile: Path, tmp_path: Path) -> None:
    """But for what each page repeats, titles and heads of tables, since pages break elsewhere.

    And but for the formula, whose letters the two engines put together differently.
    """
    tab = opened(hostile / HOSTILE)
    repeated = tab.locator("h1, h2, thead th").all_inner_texts()
    heads = set(re.findall(WORD, " ".join(repeated)))
    tab.evaluate("document.querySelectorAll('math').forEach(one => one.remove())")
    tab.pdf(path=tmp_path / "preview.pdf", prefer_css_page_size=True)
    page = re.sub(r"<math.*?</math>", "", (hostile / HOSTILE).read_text(), flags=re.DOTALL)
    made = to_pdf(page.encode())
    if made is None:
        pytest.skip("there is no Pango")
    (tmp_path / "ours.pdf").write_bytes(made)
    preview, ours = words(tmp_path / "preview.pdf"), words(tmp_path / "ours.pdf")
    different = (preview - ours) + (ours - preview)
    assert sum(preview.values()) > 500
    assert {word: count for word, count in different.items() if word not in heads} == {}
