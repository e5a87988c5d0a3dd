"""`ae list` names the papers; `ae list SPEC` every run and claim, its target and its verdict."""

import re

from click.testing import CliRunner
from made import record, store
from project import ROOT, make

from ae.cli.main import cli
from ae.errors import UserError
from ae.records.record import read
from ae.spec.read import find_specs, read_spec
from ae.verdict import judge
from ae.verdict.evidence import sentence

NAME = "tiny2020-dae"


def said(folder, monkeypatch, *arguments):
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(cli, ["list", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_every_run_and_claim_of_a_named_paper_is_there(monkeypatch):
    for path in find_specs(ROOT / "benchmarks"):
        spec, text = read_spec(path), said(ROOT, monkeypatch, path.stem)
        for run in spec.run:
            assert f"{run.name} (seeds " in text
        for claim in spec.claim:
            assert f"  {claim.id}: {claim.kind}, " in text
            assert claim.statement in text


def test_a_target_is_as_printed_and_whose(monkeypatch):
    text = said(ROOT, monkeypatch, "hinton2006")
    assert "  ae-30: value, 3.00 per image (printed, primary; paper)" in text
    assert "pca-30: exact, 13.87 per image (control; paper, quick)" in text


def verdicts(text):
    """Claim -> its third line."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if re.match(r"  [\w-]+: \w+, ", line)]
    return {lines[i].split(":")[0].strip(): lines[i + 2].strip() for i in starts}


def test_every_claim_has_the_verdict_of_the_best_record_of_it(monkeypatch):
    text = said(ROOT, monkeypatch, "cs182-ae-vae", "--published")
    told, claims = verdicts(text), read_spec(ROOT / "benchmarks/cs182-ae-vae.toml").claim
    expected = dict.fromkeys((claim.id for claim in claims), "not tested")
    for tier in ("quick", "paper"):  # what the paper's own tier tests counts
        for v in judge(read(ROOT / f"reports/published/cs182-ae-vae/{tier}/record.json")):
            if v.tested:
                expected[v.id] = f"{v.ours}; {tier} tier, published"
    assert list(told) == list(expected)
    for claim, line in told.items():
        assert expected[claim] in line
    assert {line == "not tested" for line in told.values()} == {True, False}
    assert "REPRODUCED: " in told["log-vae-clean"]


def test_own_records_come_before_published_ones_of_the_same_tier(tmp_path, monkeypatch):
    project = make(tmp_path)
    store(project / "reports/published", record())
    (there,) = verdicts(said(project, monkeypatch, NAME)).values()
    assert there.endswith("; quick tier, published")
    other = record()
    other.runs[1].metrics["squared_error"] = [
        x + 50 for x in record().runs[1].metrics["squared_error"]
    ]
    store(project / "results", other)
    (own,) = verdicts(said(project, monkeypatch, NAME)).values()
    assert own.endswith("; quick tier")
    assert own.removesuffix("; quick tier") != there.removesuffix("; quick tier, published")
    assert [*verdicts(said(project, monkeypatch, NAME, "--published")).values()] == [there]


def test_of_a_paper_of_which_nothing_was_run_no_verdict_is_shown(tmp_path, monkeypatch):
    text = said(make(tmp_path), monkeypatch, NAME)
    assert text.splitlines()[-1].startswith("    Without noise, clean images")


def test_without_a_name_all_papers_are_there(tmp_path, monkeypatch):
    text = said(make(tmp_path), monkeypatch)
    assert text.startswith("tiny2020-dae  A. Tester (2020)\n")


def test_what_was_tested_stands_under_its_paper_and_by_kind_of_evidence(tmp_path, monkeypatch):
    """Of published records, in a project of two specs of which one was run."""
    names = ("cs182-ae-vae", "xie2016-dec")
    project = make(tmp_path)
    (project / "benchmarks/tiny2020-dae.toml").unlink()
    for name in names:
        (project / f"benchmarks/{name}.toml").symlink_to(ROOT / f"benchmarks/{name}.toml")
    own = project / "reports/published" / names[0]
    own.parent.mkdir()
    own.symlink_to(ROOT / "reports/published" / names[0])
    record = read(own / "quick/record.json")
    claims = [c for name in names for c in read_spec(ROOT / f"benchmarks/{name}.toml").claim]
    values = [c for c in claims if c.kind in ("value", "figure") and not c.control]
    values = [c for c in values if c.status in ("printed", "quoted", "digitised")]
    text = said(project, monkeypatch)
    assert f"  quick: recorded {record.started}" in text
    assert f"    {sentence(judge(record))}\n" in text
    kinds = [line.partition(":")[0] for line in text.rpartition("\n\n")[2].splitlines()]
    assert kinds[0] == "Published values"
    assert kinds[-1] == "Controls of the measurement"
    ids = {c.id for c in values}  # a record has the claims that its spec had then
    tested = sum(
        v.tested for p in own.glob("paper/record.json") for v in judge(read(p)) if v.id in ids
    )
    assert f"Published values: {tested} of {len(values)} tested" in text


def test_published_records_are_asked_for_with_tested(monkeypatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(cli, ["list", "--published"])
    assert isinstance(done.exception, UserError)
    assert "goes with --tested" in str(done.exception)


def test_the_tested_values_of_a_paper_are_a_table(monkeypatch):
    text = said(ROOT, monkeypatch, "tomczak2022-digits", "--tested", "--published")
    head, _, *rows = text.splitlines()
    assert head.startswith("| spec | claim | target |")
    assert rows
    assert all(row.startswith("| `tomczak2022-digits` | ") for row in rows)


def test_the_strongest_of_a_paper_is_a_row(monkeypatch):
    text = said(ROOT, monkeypatch, "tomczak2022-digits", "--strongest", "--published")
    head, _, row = text.splitlines()
    assert head == "| spec | strongest of what was tested | hold |"
    assert re.fullmatch(
        r"\| `tomczak2022-digits` \| `[\w-]+`: .+: [A-Z]+.*, paper \| \d+ of \d+ \|", row
    )


def tables(project, monkeypatch, *arguments):
    """Standard output and standard error."""
    monkeypatch.chdir(project)
    done = CliRunner().invoke(cli, ["list", *arguments], catch_exceptions=False)
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_where_nothing_was_run_the_tables_say_so_and_where_to_look(tmp_path, monkeypatch):
    project = make(tmp_path)
    (project / "reports/published").mkdir()
    for option, what, rows in (
        ("--tested", "no published value was tested", []),
        ("--strongest", "nothing was run", [f"| `{NAME}` | nothing | none tested |"]),
    ):
        out, err = tables(project, monkeypatch, option)
        assert (out[2:], err) == (rows, [f"ae: results: {what}"])
    store(project / "reports/published", record())
    for option, what in (
        ("--tested", "no published value was tested"),
        ("--strongest", "nothing was run"),
    ):
        _, err = tables(project, monkeypatch, option)
        assert err == [f"ae: results: {what}; --published shows what comes with the project"]
    assert tables(project, monkeypatch, "--strongest", "--published")[1] == []
    store(project / "results", record())
    assert tables(project, monkeypatch, "--strongest")[1] == []


def test_two_tables_at_once_are_refused(monkeypatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(cli, ["list", "--tested", "--strongest"])
    assert str(done.exception) == (
        "--tested and --strongest: give one of them, each is a table of its own"
    )
