"""The arithmetic of `docs/scale.md`: what a suite takes is counted, timed and added up as it says."""

import re
from types import SimpleNamespace

import project as small
import pytest
import scale
from project import ROOT, make
from scale import Beside, Kept, Rates, Work

from ae.library import Library
from ae.spec.read import read_spec
from ae.spec.tiers import cells
from ae.training.members import Members

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
TIMED = [Work("a", f"r{i}", i * 1e12, 1000.0, 4_000_000) for i in (1, 2, 3, 4, 5)]
BESIDE = Beside(Kept(1, 1, 1e6, 3600.0), 0, 0)  # a megabyte and an hour a member


def numbers(text):
    return [float(word.replace(",", "")) for word in re.findall(r"[\d,]*\d(?:\.\d+)?", text)]


def rows(page, head):
    """The cells of a table, row by row, by the first; the table's head begins so."""
    lines = page[page.index(head) :].split("\n\n")[0].splitlines()[2:]
    return {line.split("|")[1].strip(): line.split("|")[2:-1] for line in lines}


def test_a_member_of_an_hour_takes_an_hour_and_fifty_take_fifty():
    run = Work("a", "r", 7.2e12, None, 4_000_000)
    found = scale.total([run, run], 50, 2e9)
    assert found == scale.Total(100, pytest.approx(100.0), 0.0, 400_000_000, pytest.approx(1.0))


def test_what_was_timed_takes_what_the_clock_said_at_any_rate():
    run = Work("a", "r", 7.2e12, 1800.0, 4_000_000)
    for rate in (1e9, 4e9):
        found = scale.total([run], 50, rate)
        assert (found.hours, found.measured, found.longest) == (25.0, 25.0, 0.5)


def test_rates_are_quartiles_of_operations_by_seconds_and_tiny_runs_do_not_count():
    idle = Work("a", "tiny", 1e6, 3.0, 4)
    unknown = Work("a", "later", 1e15, None, 4)
    assert scale.rates([*TIMED, idle, unknown]) == Rates(2e9, 3e9, 4e9)


def days(works, seeds, beside):
    """Cores -> what a table says of all specs."""
    lines = scale.waiting(works, 1, seeds, beside)
    return {name: cells[1].strip() for name, cells in rows("\n".join(lines), "| cores").items()}


def test_the_table_of_the_whole():
    """Of three specs of 10, 20 and 30 hours a seed, at 10 seeds and a price of 0.5."""
    works = [Work(f"s{h}", "r", h * 1e15, h * 3600.0, 50_000_000) for h in (30, 10, 20)]
    lines = scale.in_all(works, 2, 10, 0.5, BESIDE)
    assert lines[0] == "| 10 seeds | the 2 that take least | 2 at the mean | all 3 |"
    found = rows("\n".join(lines), "| 10 seeds")
    read = {name: [numbers(cell)[0] for cell in cells] for name, cells in found.items()}
    assert read == {
        "members": [20, 20, 30],
        "core-hours": [300, 400, 600],
        "at the upper quartile's rate": [300, 400, 600],
        "at the lower quartile's rate": [300, 400, 600],
        "of them measured": [300, 400, 600],
        "money at 0.5 a core-hour": [150, 200, 300],
        "weights, GB": [1.0, 1.0, 1.5],
        "records and figures, GB": [0.02, 0.02, 0.03],
        "hours of measuring": [20, 20, 30],
    }


def test_it_is_waited_for_what_takes_longest():
    works = [Work(n, "r", h * 1e15, h * 3600.0, 4) for n, h in (("a", 48), ("b", 40), ("c", 8))]
    assert days(works, 50, BESIDE) == {
        "2": "100.0 (cores)",  # 50 seeds of 96 hours
        "64": "6.2 (measuring)",  # 150 members of an hour
        "1,024": "6.2 (measuring)",
    }
    quick = Beside(Kept(1, 1, 1e6, 36.0), 0, 0)
    assert days(works, 50, quick)["64"] == "3.1 (cores)"
    assert days(works, 50, quick)["1,024"] == "2.0 (the longest member)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(273_979.4, "274,000"), (1623.2, "1,620"), (22.41, "22.4"), (0.634, "0.634"), (0.0, "0")],
)
def test_no_more_digits_than_are_known(value, text):
    assert scale.brief(value) == text


@pytest.fixture
def tiny(tmp_path):
    return make(tmp_path)


def works_of(project, before=None):
    path = project / "benchmarks" / "tiny2020-dae.toml"
    listed = cells(read_spec(path), "smoke", seeds=(0,), where=path.name)
    known = {("mnist", "train"): 60_000, ("mnist", "test"): 10_000}
    library = Library.at(project)
    return list(scale._works("tiny2020-dae", listed, before or {}, known, library, scale.Counted()))


def test_operations_are_those_of_every_step(tiny):
    """Five products a step of 32 examples, as one matrix serves twice; 4 epochs of 320 examples."""
    plain, noisy, wide = works_of(tiny)
    assert plain.operations == noisy.operations == pytest.approx(40 * 5 * 2 * 784 * 12 * 32)
    assert wide.operations == pytest.approx(2 * plain.operations)
    assert plain.seconds is None


def test_a_members_file_is_as_large_as_is_said_and_its_record_s_time_is_taken(tiny):
    """The file holds the weights and little else; times are a seed's, not those of all seeds."""
    (said, *_) = works_of(tiny)
    _, record = small.run(tiny, "results")
    files = [m.path for m in Members(small.paper(tiny).folder).all() if m.run == "plain"]
    assert len(files) == 3
    assert all(said.weights < file.stat().st_size < 2 * said.weights for file in files)
    ran = {run.name: run for run in record.runs}
    found = works_of(tiny, ran)[0]
    each = [member.cpu_seconds for member in ran["plain"].members]
    assert found.seconds == pytest.approx(sum(each) / 3)
    assert found.operations == said.operations
    assert 4 * ran["plain"].parameters == said.weights


def test_a_run_of_another_size_or_longer_is_not_taken_for_that_of_today():
    member = SimpleNamespace(cpu_seconds=5.0, trained={"device": "CPU"})
    run = SimpleNamespace(parameters=100, steps=40, members=[member])
    assert scale.measured(run, 40, 100) == scale.measured(run, 80, 100) == 5.0  # it stopped early
    assert scale.measured(run, 39, 100) is None
    assert scale.measured(run, 40, 99) is None
    gpu = SimpleNamespace(cpu_seconds=5.0, trained={"device": "NVIDIA"})
    assert scale.measured(SimpleNamespace(parameters=1, steps=1, members=[gpu]), 1, 1) is None


def test_the_page_adds_up():
    """What it prints of the whole is what it prints of its parts, at the price that it names."""
    whole, specs = rows(PAGE, "| 50 seeds"), rows(PAGE, "| spec")
    for name, place in (("members", 0), ("core-hours", 1), ("of them measured", 2)):
        parts = [numbers(cells[place])[0] for cells in specs.values()]
        assert numbers(whole[name][2])[0] == pytest.approx(sum(parts), rel=0.02)
    (money,) = [name for name in whole if name.startswith("money")]
    price = numbers(money)[0]
    for cost, hours in zip(whole[money], whole["core-hours"], strict=True):
        assert numbers(cost)[0] == pytest.approx(price * numbers(hours)[0], rel=0.02)


@pytest.mark.nightly
def test_the_page_is_within_a_third_of_what_the_specs_of_today_take():
    """Papers are added and times published without it being printed anew; a factor of two is not."""
    works, left = scale.read_works(Library.at(ROOT), scale.PUBLISHED)
    assert left == []
    found = scale.total(works, 50, scale.rates(works).middle)
    whole = rows(PAGE, "| 50 seeds")
    for name, value in (
        ("members", found.members),
        ("core-hours", found.hours),
        ("weights, GB", found.weights / 1e9),
    ):
        assert numbers(whole[name][2])[0] == pytest.approx(value, rel=1 / 3)
