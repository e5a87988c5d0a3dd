"""Files that come from elsewhere hold text that can be shown, and may begin with a mark."""

import codecs
import json

import pytest
from made import baseline, record, store
from project import ROOT

from ae.errors import UserError
from ae.gate.baseline import read as read_baseline
from ae.records import speed
from ae.records.record import read


@pytest.mark.parametrize(
    ("steps", "place"),
    [
        (("environment", "processor"), "environment"),
        (("data", 0, "note"), "data.0"),
        (("runs", 0, "label"), "runs.0"),
        (("environment", "versions", "torch"), "environment"),
        (("spec", "paper", "title"), "the file"),
        (("source",), "the file"),
    ],
)
def test_a_record_with_a_terminals_command_is_refused(tmp_path, steps, place):
    path = store(tmp_path, record())
    table = json.loads(path.read_text())
    at = table
    for step in steps[:-1]:
        at = at[step]
    at[steps[-1]] += "\x1b[2J"
    path.write_text(json.dumps(table))
    with pytest.raises(UserError) as refused:
        read(path)
    said = str(refused.value)
    assert said.startswith(f"{path}: not a record of schema 1: {place}: ")
    assert "found the control character U+001B; expected text that can be shown" in said
    assert said.isprintable()


def test_a_byte_order_mark_is_no_fault(tmp_path):
    path = store(tmp_path, record())
    (tmp_path / "reports" / "baseline").mkdir(parents=True)
    baseline(tmp_path, "tiny2020-dae")
    kept = tmp_path / "reports" / "baseline" / "tiny2020-dae.json"
    (given,) = (ROOT / "reports" / "published" / "perf").glob("*.json")
    copied = tmp_path / "speed.json"
    copied.write_bytes(given.read_bytes())
    for reading, place in ((read, path), (read_baseline, kept), (speed.read, copied)):
        before = reading(place)
        place.write_bytes(codecs.BOM_UTF8 + place.read_bytes())
        assert reading(place) == before
