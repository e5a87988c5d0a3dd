"""The null run of papers that are cheap and need no data but MNIST; `tox -e null` has all of them."""

from collections import Counter
from pathlib import Path

import pytest
from project import ROOT

from ae.library import Library
from ae.records.record import read
from ae.running.happening import Recorded
from ae.running.null import null_requests, null_verdicts
from ae.running.settings import Settings
from ae.running.state import Request
from ae.running.suite import Suite

PAPERS = {  # and how many of their claims the null run judges, with how many it explains
    "cs182-ae-vae": (4, 1),
    "kingma2014-semi-supervised": (1, 0),
    "pytorch2017-vae-example": (1, 0),
    "tomczak2022-digits": (1, 0),
}


@pytest.mark.parametrize("name", PAPERS)
@pytest.mark.usefixtures("one_thread")
def test_no_claim_of_a_paper_holds_without_training_or_a_reason(name: str, tmp_path: Path) -> None:
    library = Library.at(ROOT).with_results(tmp_path)
    request = Request(library.spec(name), Settings(library, tier="quick"))
    happened = Suite(null_requests([request]), lambda: False, jobs=0).run()
    (record,) = [read(one.record) for one in happened if isinstance(one, Recorded)]
    assert {run.steps for run in record.runs} == {1}
    found = null_verdicts(record)
    assert [f"{v.verdict.id}: {v.verdict.word} ({v.standing})" for v in found if v.fault] == []
    counts = Counter(verdict.standing for verdict in found)
    assert (len(found) - counts["control"], counts["explained"]) == PAPERS[name]
