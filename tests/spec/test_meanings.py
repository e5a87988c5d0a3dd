"""The specs mean what those of commit 84ab7e9 meant, but for what is listed.

`meanings.py` says what an item means and how the table was made, `meanings.json` is the table, and
`meanings-changed.toml` has what was changed since, on purpose, each with its reason. A change that is
not listed fails here with the lines to add to that file.
"""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from meanings import PINNED, meanings, pinned
from pydantic import BaseModel, ConfigDict, TypeAdapter

from ae.disk import digest
from ae.spec import Spec
from ae.spec.concise.expand import expand
from ae.spec.read import find_specs, read_spec
from ae.toml.parse import parse

FOLDER = Path(__file__).parents[2] / "benchmarks"
SPECS = find_specs(FOLDER)
CHANGED = Path(__file__).with_name("meanings-changed.toml")
# What a status of 84ab7e9 may be now: `read` is said more exactly, nothing is called better than it was.
STATUS = {
    "read": {"printed", "quoted", "digitised"},
    "recalled": {"recalled"},
    "calculated": {"calculated"},
    "": {""},
}


class Change(BaseModel):
    """Items that mean something else than at 84ab7e9, for one reason.

    `digest` is what they mean now, and with which statuses: "gone" for those that are there no more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec: str
    items: tuple[str, ...]
    digest: str
    reason: str


def listed(spec: str) -> list[Change]:
    """What is listed as changed in a spec."""
    tables = tomllib.loads(CHANGED.read_text(encoding="utf-8"))["change"]
    changes = TypeAdapter(list[Change]).validate_python(tables)
    found = [change for change in changes if change.spec == spec]
    items = [item for change in found for item in change.items]
    assert len(set(items)) == len(items), "an item is listed twice"
    return found


def together(items: Sequence[str], now: Mapping[str, tuple[str, str]]) -> str:
    """What these items mean now, as one digest."""
    meant = [(item, *now.get(item, ("gone", ""))) for item in sorted(items)]
    return "gone" if all(item not in now for item in items) else digest(meant)[:12]


def same(old: tuple[str, str], new: tuple[str, str]) -> bool:
    """Whether an item means what it meant, and is called no better than it was."""
    return new[0] == old[0] and new[1] in STATUS.get(old[1], {new[1]})


def unlisted(name: str, spec: Spec, changes: Sequence[Change]) -> list[str]:
    """Every item that means something else than it did, and that no change lists, ready to be."""
    now, then = meanings(spec), pinned()[name]
    lines, known = [], {item for change in changes for item in change.items}
    for change in changes:
        if (found := together(change.items, now)) != change.digest:
            lines.append(f'items = {list(change.items)}\ndigest = "{found}"')
    for item in {**then, **now}:
        old, new = then.get(item, ("gone", "")), now.get(item, ("gone", ""))
        if item not in known and not same(old, new):
            lines.append(
                f'[[change]]\nspec = "{name}"\nitems = ["{item}"]\n'
                f'digest = "{together([item], now)}"\nreason = ""  # it was {old}'
            )
    return lines


def test_every_spec_of_that_commit_is_there():
    assert {path.stem for path in SPECS} >= set(pinned())
    assert sum(len(items) for items in pinned().values()) > 1000
    assert PINNED.stat().st_size < 100_000


@pytest.mark.parametrize("path", [p for p in SPECS if p.stem in pinned()], ids=lambda p: p.stem)
def test_a_spec_means_what_it_meant(path):
    assert unlisted(path.stem, read_spec(path), listed(path.stem)) == []


def test_what_is_listed_is_changed():
    for path in (p for p in SPECS if p.stem in pinned()):
        now, then = meanings(read_spec(path)), pinned()[path.stem]
        for change in listed(path.stem):
            assert change.reason.strip(), f"{path.stem}, {change.items}: a change has a reason"
            for item in change.items:
                old, new = (m.get(item, ("gone", "")) for m in (then, now))
                assert not same(old, new), f"{path.stem}: {item} is as it was"


@pytest.mark.parametrize(
    ("right", "wrong", "item"),
    [
        ("margin = 1.84", "margin = 1.85", "claim/course-test"),
        ('seeds = "0-6"', 'seeds = "0-5"', "run/aevb-2"),
        ("epochs = 1666.6667", "epochs = 1666.6666", "run/aevb-2"),
        ("train.stages.bound.epochs = 1\n", "train.stages.bound.epochs = 2\n", "run/aevb-2"),
        ('["aevb-2", 2]', '["aevb-2", 4]', "run/aevb-2"),
        ('"-172.718"', '"-172.7180"', "claim/course-test"),
        ('higher = "aevb-{n}"', 'lower = "aevb-{n}"', "claim/aevb-beats-wake-sleep-3"),
        ('moves = "up"', 'moves = "down"', "claim/bound-rises-with-latents"),
        ("samples = 5000, runs", "samples = 4000, runs", "measure/nll"),
        ('runs = ["ml-*"]', 'runs = ["ml-*", "aevb-2"]', "measure/nll_train"),
        ('better = "higher"', 'better = "lower"', "measure/bound_average"),
        ("side = 20\nseed_index", "side = 21\nseed_index", "figure/manifold"),
        ("below 1 nat", "below 2 nats", "claim/aevb-beats-wake-sleep-3"),
        (
            '"the speed of a machine of 2013"',
            '"old"',
            "omitted/Training took 20 to 40 minutes per mil",
        ),
        (
            '"a standard deviation of 0.01"',
            '"a variance of 0.01"',
            "deviation/a standard deviation of 0.01",
        ),
    ],
)
def test_a_change_by_hand_is_found(right, wrong, item):
    """A margin, a seed, an epoch and so on: none of them can change unnoticed."""
    text = (FOLDER / "kingma2014-vae.toml").read_text(encoding="utf-8")
    assert right in text
    changed = text.replace(right, wrong, 1)
    if wrong.startswith('lower = "aevb'):
        changed = changed.replace('lower = "ws-{n}"', 'higher = "ws-{n}"', 1)
    spec = parse(Spec, expand(tomllib.loads(changed)).tables)
    found = unlisted("kingma2014-vae", spec, listed("kingma2014-vae"))
    assert any(item in line for line in found), found


def test_a_status_is_never_called_better_than_it_was():
    path = FOLDER / "vincent2008-denoising.toml"
    text = path.read_text(encoding="utf-8")
    changed = text.replace('status = "recalled"', 'status = "printed"', 1)
    assert changed != text
    spec = parse(Spec, expand(tomllib.loads(changed)).tables)
    assert unlisted(path.stem, spec, listed(path.stem))


def test_a_listed_change_is_pinned_too():
    """Once an item is listed with what it means now, the next change of it is found."""
    name = "lucas2019-linear-vae"
    text = (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
    changed = text.replace("tolerance = 0.01", "tolerance = 0.02", 1)
    assert changed != text
    spec = parse(Spec, expand(tomllib.loads(changed)).tables)
    found = "".join(unlisted(name, spec, listed(name)))
    assert "'claim/elbo-is-evidence'" in found
