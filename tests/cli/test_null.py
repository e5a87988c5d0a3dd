"""`ae null`: what an untrained model meets is named, and so is a reason that does not hold."""

import pytest
from click.testing import CliRunner
from project import SPEC, make

from ae.cli.main import cli

pytestmark = pytest.mark.usefixtures("one_thread")
ALIKE = """
[[claim]]
id = "alike"
kind = "equal"
statement = "Masks make no difference of a thousand."
runs = ["plain", "noisy"]
metric = "squared_error"
margin = 1000.0
margin_reason = "a test"
source = "nowhere"
status = "printed"
tiers = ["quick"]
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(make(tmp_path))
    return tmp_path


def null(project, *, alike=""):
    """Exit code and lines of the null run of the small spec, with this claim."""
    text = SPEC.read_text().replace("[[deviation]]", f"{alike}\n[[deviation]]", 1)
    (project / "benchmarks" / SPEC.name).write_text(text)
    done = CliRunner().invoke(cli, ["null", "--jobs", "0"])
    return done.exit_code, done.stdout.splitlines()


def test_a_claim_that_training_decides_passes_and_nothing_is_published(project):
    assert null(project) == (0, ["null run: 1 claim judged: 1 tests training"])
    folder = project / "results" / "null" / "tiny2020-dae"
    assert [path.name for path in folder.iterdir()] == ["quick+untrained"]
    assert not list((project / "results").glob("*/*/record.json"))


def test_a_claim_that_no_training_decides_is_named(project):
    code, (line, last) = null(project, alike=ALIKE)
    assert line.startswith(
        "tiny2020-dae: alike: REPRODUCED: an untrained model meets it, and the spec gives no "
        "`untrained` reason ("
    )
    assert last == "null run: 2 claims judged: 1 tests training, 1 survives"
    assert code == 1


def test_one_that_says_why_passes(project):
    told = ALIKE + 'untrained = "a thousand is more than all there is"\n'
    expected = "null run: 2 claims judged: 1 tests training, 1 explained"
    assert null(project, alike=told) == (0, [expected])
