"""`ae import`: members that were trained elsewhere, from weights to a report."""

import pytest
from command import ae
from project import make, run

from ae.records.record import read
from ae.running.keeping import keep

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "tiny2020-dae"


@pytest.fixture
def project(tmp_path):
    """Both tiers of a spec, kept without weights as in `reports/published`."""
    folder = make(tmp_path)
    for tier, seeds in (("smoke", (0,)), ("quick", (0, 1))):
        run(folder, "theirs", tier=tier, seeds=seeds)
        keep(folder / "theirs" / NAME / tier, folder / "kept" / NAME / tier)
    return folder


def test_a_spec_may_be_there_in_two_tiers(project):
    code, out, err = ae(project, "import", "kept", "--no-pdf", "--jobs", "0")
    assert code == 0, err
    for tier, seeds in (("smoke", [0]), ("quick", [0, 1])):
        assert f"{NAME}, {tier} tier: {3 * len(seeds)} members taken (CPU), 0 were there" in out
        ours, theirs = (
            read(project / place / NAME / tier / "record.json") for place in ("results", "kept")
        )
        assert ours.tier == tier
        assert [(r.seeds, r.metrics) for r in ours.runs] == [
            (seeds, r.metrics) for r in theirs.runs
        ]
    assert (project / "results" / "report" / "index.html").exists()


def test_where_there_is_no_member_it_says_so(tmp_path):
    project = make(tmp_path)
    (project / "empty").mkdir()
    code, _, err = ae(project, "import", "empty")
    assert code == 2
    assert err.startswith("ae: empty: found no member: ")
    assert err.count("\n") == 1
