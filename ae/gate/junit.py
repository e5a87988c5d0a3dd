"""The outcome as JUnit XML: a test suite a spec, a test case a comparison."""

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ae.gate.regress import Outcome, Row
from ae.gate.show import change, values

CONTROL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(outcome: Outcome) -> bytes:
    """XML in which what is worse is a failure and what is undecided is skipped."""
    suites = Element("testsuites", {"name": "ae regress", **_counts(outcome.rows)})
    for spec in dict.fromkeys(row.spec for row in outcome.rows):
        rows = [row for row in outcome.rows if row.spec == spec]
        suite = SubElement(suites, "testsuite", {"name": _clean(spec), **_counts(rows)})
        for row in rows:
            _case(suite, row)
    indent(suites)
    text: bytes = tostring(suites, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _counts(rows: list[Row]) -> dict[str, str]:
    worse, open_ = (sum(r.word == w for r in rows) for w in ("worse", "undecided"))
    return {
        "tests": str(len(rows)),
        "failures": str(worse),
        "errors": "0",
        "skipped": str(open_),
        "time": "0",
    }


def _case(suite: Element, row: Row) -> None:
    name = f"{row.run} {row.what}".strip()
    case = SubElement(
        suite, "testcase", name=_clean(name), classname=_clean(row.spec), file=row.file, time="0"
    )
    text = _clean("; ".join(filter(None, (values(row), change(row)))))
    if row.word == "worse":
        SubElement(case, "failure", message=text, type="worse").text = text
    elif row.word == "undecided":
        SubElement(case, "skipped", message=f"undecided: {text}")
    else:
        SubElement(case, "system-out").text = f"{row.word}: {text}"


def _clean(text: str) -> str:
    """Without what XML cannot hold."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
