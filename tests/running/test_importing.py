"""Members of another machine: taken if they are what would be trained here, else refused."""

import pytest
from project import make, run, settings, trained, write

from ae.errors import UserError
from ae.running.importing import bring
from ae.training import weights

pytestmark = pytest.mark.usefixtures("one_thread")
NAME = "tiny2020-dae"


@pytest.fixture
def project(tmp_path):
    return make(tmp_path)


def papers(project):
    return {NAME: project / "benchmarks" / f"{NAME}.toml"}


def elsewhere(project, where="cuda-2.11.0", shift=0.0, **keys):
    """The results of a run whose members say that another machine trained them."""
    run(project, "theirs", **keys)
    folder = project / "theirs" / NAME / "smoke"
    for path in list((folder / "members").iterdir()):
        tensors, notes = weights.load(path, "cpu")
        notes |= {"where": where, "trained": {**notes["trained"], "device": "A GPU"}}
        tensors = {name: t + shift if name == "weight" else t for name, t in tensors.items()}
        weights.save(path.with_name(f"{notes['key'][:40]}-{where}.safetensors"), tensors, notes)
        path.unlink()
    return project / "theirs"


def test_seeds_of_another_machine_stand_beside_those_of_this_one(project):
    _, here = run(project, seeds=(0, 1))
    (taken,) = bring([elsewhere(project, seeds=(2, 3))], papers(project), settings(project))
    assert (taken.new, taken.known, taken.devices) == (6, 0, ("A GPU",))
    events, record = run(project, wanted=())
    assert trained(events) == set()
    plain = record.run("plain")
    assert plain.seeds == [0, 1, 2, 3]
    assert [m.trained["device"] for m in plain.members] == ["CPU", "CPU", "A GPU", "A GPU"]
    assert [m.imported for m in plain.members] == [False, False, True, True]
    assert plain.trained["device"] == "various"
    assert plain.metrics["squared_error"][:2] == here.run("plain").metrics["squared_error"]
    events, again = run(project, seeds=(0, 1, 2, 3))
    assert trained(events) == set()  # they count: nothing is trained twice
    assert again.run("plain").metrics == plain.metrics


def test_the_same_seed_of_two_devices_is_kept_twice_and_the_difference_shown(project):
    _, here = run(project)
    bring([elsewhere(project, shift=0.01)], papers(project), settings(project))
    _, record = run(project)
    wide = record.run("wide")
    assert wide.seeds == [0, 1, 2]
    assert wide.metrics == here.run("wide").metrics  # this machine's own decide
    assert [(t.member.seed, t.member.trained["device"]) for t in wide.twins] == [
        (0, "A GPU"),
        (1, "A GPU"),
        (2, "A GPU"),
    ]
    for twin, own in zip(wide.twins, wide.metrics["squared_error"], strict=True):
        assert twin.metrics["squared_error"] != own
        assert twin.metrics["squared_error"] == pytest.approx(own, rel=0.5)
    (again,) = bring([project / "theirs"], papers(project), settings(project))
    assert (again.new, again.known) == (0, 9)


def test_what_contradicts_is_refused_in_a_line_and_nothing_is_taken(project):
    there = elsewhere(project)
    write(project, hidden="13")
    with pytest.raises(UserError) as error:
        bring([there], papers(project), settings(project))
    said = str(error.value)
    assert "seed " in said
    assert "model: hidden was 12, is 13" in said
    assert said.endswith("(and 5 more); nothing is taken")
    assert not (project / "results" / NAME / "smoke" / "members").exists()


def test_a_member_that_lies_about_its_key_is_refused(project):
    there = elsewhere(project)
    path = next((there / NAME / "smoke" / "members").iterdir())
    tensors, notes = weights.load(path, "cpu")
    weights.save(path, tensors, {**notes, "key": "0" * 64})
    with pytest.raises(UserError, match=r"its key is not that of its parts; nothing is taken"):
        bring([there], papers(project), settings(project))


def test_folders_without_members_or_of_other_papers_are_named(project):
    (project / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: found no member: SPEC/TIER/members"):
        bring([project / "empty"], papers(project), settings(project))
    (project / "empty" / "a" / "quick").mkdir(parents=True)
    (project / "empty" / "a" / "quick" / "record.json").touch()
    with pytest.raises(UserError, match=r"; the record there was kept without its members$"):
        bring([project / "empty"], papers(project), settings(project))
    there = elsewhere(project)
    with pytest.raises(UserError, match=r"no spec 'tiny2020-dae'"):
        bring([there], {}, settings(project))
