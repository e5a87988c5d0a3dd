"""Stages that are like another, and stages that are repeated.

`like = "bound"` takes every key of the stage `bound`, but for what the table itself gives.
`repeat = 10` makes ten stages of one, `NAME-1` to `NAME-10`; `use = ["NAME"]` names all of them.
What a run or a tier changes of a stage holds for the stages that are like it too, but for the keys
that those give themselves.
"""

import copy
from collections.abc import Iterator
from typing import Any

from ae.spec.concise.written import Written
from ae.spec.training import Descent, Fit
from ae.toml.file import Fault, Steps, nearest, no_such, shown, unknown_key

MOST = 1000  # times that a stage is repeated
SHORTHAND = ("like", "repeat")
KEYS = (*SHORTHAND, *Fit.model_fields, *Descent.model_fields)
PLACE: Steps = ("train", "stages")


class Stages:
    """The stages of a spec's `[train]`, and how changes of them are expanded.

    Attributes:
        faults: What is wrong with `like` and `repeat`, where it was written.
    """

    def __init__(self, train: dict[str, Any], written: Written) -> None:
        found = train.get("stages")
        self._found = found if isinstance(found, dict) else {}
        self._moved, self._copies = written.moved, written.copies
        self._own = {
            name: {key: value for key, value in stage.items() if key not in SHORTHAND}
            for name, stage in self._found.items()
            if isinstance(stage, dict)
        }
        self._like: dict[str, str] = {}
        self._many: dict[str, list[str]] = {}
        self.faults = [fault for name in self._own for fault in self._shorthand(name)]

    def _shorthand(self, name: str) -> Iterator[Fault]:
        """Read `like` and `repeat` of a stage, and say what is wrong with them."""
        stage, steps = self._found[name], (*PLACE, name)
        for key in [key for key in stage if key not in KEYS and nearest(key, KEYS) in SHORTHAND]:
            del self._own[name][key]
            yield Fault(steps, unknown_key(key, KEYS))
        if "like" in stage:
            base = stage["like"]
            others = [other for other in self._own if other != name]
            if not isinstance(base, str):
                yield Fault((*steps, "like"), f"found {shown(base)}; expected the name of a stage")
            elif base not in others:
                yield Fault((*steps, "like"), no_such("other stage", base, others))
            elif name in self._line(base):
                yield Fault(
                    (*steps, "like"), f"{base!r} is like {name!r} in turn; expected no circle"
                )
            else:
                self._like[name] = base
        if "repeat" in stage:
            times = stage["repeat"]
            if isinstance(times, bool) or not isinstance(times, int) or not 2 <= times <= MOST:
                expected = f"expected a whole number from 2 to {MOST}"
                yield Fault((*steps, "repeat"), f"found {shown(times)}; {expected}")
                return
            self._many[name] = [f"{name}-{i}" for i in range(1, times + 1)]
            if taken := next((one for one in self._many[name] if one in self._found), None):
                yield Fault((*steps, "repeat"), f"makes a stage {taken!r}, which is there already")

    def _line(self, name: str) -> list[str]:
        """A stage and those that it is like, by what is written, until one comes again."""
        line: list[str] = []
        while name in self._own and name not in line:
            line.append(name)
            name = str(self._found[name].get("like", ""))
        return line

    def expand(self, train: dict[str, Any]) -> None:
        """Make the spec's own `[train]` whole, in place."""
        self._use(train)
        if not self._found:
            return
        whole: dict[str, Any] = {}
        for name in sorted(self._found, key=lambda n: len(self._line(n))):
            whole[name] = copy.deepcopy(self._own.get(name, self._found[name]))
            if base := self._like.get(name):
                place: Steps = (*PLACE, name)
                whole[name] = self._merged(whole[base], whole[name], (*PLACE, base), place)
        train["stages"] = self._repeated({n: whole[n] for n in self._found}, PLACE)

    def change(self, train: dict[str, Any], steps: Steps) -> None:
        """Make whole what a run or a tier changes of `[train]`, in place; it stands at `steps`."""
        self._use(train)
        stages, place = train.get("stages"), (*steps, "stages")
        if not isinstance(stages, dict):
            return
        found = dict(stages)
        for name in sorted(self._like, key=lambda n: len(self._line(n))):
            base, own = found.get(self._like[name]), found.get(name, {})
            if isinstance(base, dict) and isinstance(own, dict):
                kept = _without(base, self._own[name])
                stage = self._merged(kept, own, (*place, self._like[name]), (*place, name))
                if stage:
                    found[name] = stage
        train["stages"] = self._repeated(found, place)

    def _use(self, train: dict[str, Any]) -> None:
        use = train.get("use")
        if isinstance(use, list):
            train["use"] = [
                one for n in use for one in (self._many.get(n, [n]) if isinstance(n, str) else [n])
            ]

    def _repeated(self, stages: dict[str, Any], place: Steps) -> dict[str, Any]:
        """Every stage that is repeated as often as it is; the others as they are."""
        found: dict[str, Any] = {}
        for name, stage in stages.items():
            for one in self._many.get(name, []):
                own = stages.get(one, {}) if place != PLACE else {}
                if isinstance(stage, dict) and isinstance(own, dict) and own:
                    found[one] = self._merged(stage, own, (*place, name), (*place, one))
                else:
                    found[one] = copy.deepcopy(stage)
                    self._moved[(*place, one)] = (*place, name)
            if name not in self._many:
                found.setdefault(name, stage)
        return found

    def _merged(
        self, base: dict[str, Any], own: dict[str, Any], there: Steps, here: Steps
    ) -> dict[str, Any]:
        """`base` with the keys of `own`; those of `base` alone were written at `there`.

        A table that names its class is replaced whole.
        """
        found = copy.deepcopy(base)
        self._copies[here] = there
        for key, value in base.items():
            if key not in own:
                self._moved[(*here, key)] = (*there, key)
            elif isinstance(value, dict) and isinstance(own[key], dict) and "class" not in own[key]:
                found[key] = self._merged(value, own[key], (*there, key), (*here, key))
        return found | {
            key: value for key, value in own.items() if not _is_part(found.get(key), value)
        }


def _is_part(base: Any, own: Any) -> bool:
    """Whether a table was merged into another, instead of replacing it."""
    return isinstance(base, dict) and isinstance(own, dict) and "class" not in own


def _without(change: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A change of a stage without the keys that a stage like it gives itself."""
    found: dict[str, Any] = {}
    for key, value in change.items():
        if key not in own:
            found[key] = value
        elif _is_part(value, own[key]):
            rest = _without(value, own[key])
            if "class" in value:
                found[key] = value | own[key]
            elif rest:
                found[key] = rest
    return found
