"""A person's walk through the figures of a record, in a terminal."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from ae.cli.report import readable
from ae.disk import check_writable
from ae.errors import UserError
from ae.library import Library, near
from ae.locks import locked
from ae.records import record as records
from ae.records import reviews
from ae.records.figures import FigureRecord
from ae.records.folders import RECORD
from ae.records.record import Record
from ae.records.reviews import Review, Verdict
from ae.report.reviews import SAID, measured
from ae.toml.file import no_such
from ae.toml.parse import Refused, parse

PATIENCE = 10.0  # seconds in which another reviewer's answer is written
TIERS = ("paper", "quick")  # of which figures mean something
ANSWERS: dict[str, Verdict] = {"a": "accept", "r": "reject"}


class Walk:
    """The figures of one record and the file of its reviews.

    Args:
        record: The record.
        path: Its file.
        file: The file of the reviews.
        others: Records of the paper's other tiers.
    """

    def __init__(
        self, record: Record, path: Path, file: Path, others: Sequence[Record] = ()
    ) -> None:
        self.record, self.folder, self.file, self.others = record, path.parent, file, others
        self.spec = record.meaning
        self.found = reviews.read(file)
        self.figures = reviews.visual(record)

    def show_all(self) -> None:
        """Every figure of a visual claim, and what was said of it."""
        count = len(self.figures)
        said = "1 figure answers" if count == 1 else f"{count} figures answer"
        more = "".join(
            f"; {len(own)} of the {other.tier} tier: --tier {other.tier}"
            for other in self.others
            if (own := reviews.visual(other))
        )
        click.echo(f"{self.record.name}, {self.record.tier} tier: {said} the paper's{more}")
        for figure in self.figures:
            click.echo(f"\n{click.style(figure.name, bold=True)}: {figure.title}")
            self._say("the paper's", figure.paper)
            self._say("reviewed", *self._said(figure))

    def ask_all(self, open_figures: bool) -> None:
        """Ask about every figure in turn; each answer is written at once."""
        self.show_all()
        reviewer = ""
        for number, figure in enumerate(self.figures, 1):
            click.echo(f"\n{number} of {len(self.figures)}  {click.style(figure.name, bold=True)}")
            self._show(figure)
            if open_figures:
                click.launch(str(self._image(figure)))
            answer = click.prompt(
                "accept, reject, skip, quit", type=click.Choice(["a", "r", "s", "q"]), default="s"
            )
            if answer == "q":
                return
            if answer == "s":
                continue
            verdict = ANSWERS[answer]
            note = click.prompt("note", default="" if verdict == "accept" else None)
            reviewer = click.prompt("your name", default=reviewer or None)
            self.sign({figure.name: verdict}, reviewer=reviewer, note=note)

    def sign(self, said: Mapping[str, Verdict], *, reviewer: str, note: str) -> None:
        """Write what one person says of figures, by name: of all of them or of none.

        Raises:
            UserError: The record has no such figure, its picture is gone, or a word is missing.
        """
        new = [self._review(name, verdict, reviewer, note) for name, verdict in said.items()]
        check_writable(self.file)
        with locked(self.file.with_name(f".{self.file.name}.lock"), PATIENCE):  # another reviewer's
            self.found = reviews.signed(reviews.read(self.file), new)
            reviews.write(self.file, self.found)
        for made in new:
            click.echo(f"{made.figure}: {SAID[made.verdict]} by {made.reviewer}, {made.date}")
        click.echo(f"reviews: {near(self.file)}")

    def _review(self, name: str, verdict: Verdict, reviewer: str, note: str) -> Review:
        figure = next((f for f in self.record.figures if f.name == name), None)
        if figure is None:
            names = [f.name for f in self.record.figures]
            where = f"{self.record.name}, {self.record.tier} tier"
            having = [o.tier for o in self.others if any(f.name == name for f in o.figures)]
            hint = "".join(f"; the {tier} tier has it: --tier {tier}" for tier in having)
            raise UserError(f"{where}: {no_such('figure', name, names)}{hint}")
        self._image(figure)
        table = {
            "figure": name,
            "tier": self.record.tier,
            "digest": figure.digest,
            "verdict": verdict,
            "reviewer": reviewer.strip(),
            "date": datetime.now(UTC).date().isoformat(),
            "note": note.strip(),
        }
        try:
            return parse(Review, table)
        except Refused as error:
            fault = error.faults[0]
            key = "".join(f"{step}: " for step in fault.steps)
            raise UserError(f"review of figure {name!r}: {key}{fault.text}") from None

    def _show(self, figure: FigureRecord) -> None:
        self._say("the paper's", figure.paper)
        self._say("ours", f"{figure.title}: {near(self._image(figure))}")
        self._say("look for", figure.caption)
        self._say("measured", *(measured(self.record, self.spec, figure) or ["nothing beside it"]))
        self._say("reviewed", *self._said(figure))

    def _said(self, figure: FigureRecord) -> list[str]:
        found = reviews.of(self.found, figure, self.record.tier)
        lines = [
            f"{SAID[r.verdict]} by {r.reviewer}, {r.date}"
            + ("" if r.holds(figure) else ", lapsed: the figure has changed since")
            + (f": {r.note}" if r.note else "")
            for r in found
        ]
        if not any(r.holds(figure) for r in found):
            lines.insert(0, "not yet by a person")
        return lines

    def _image(self, figure: FigureRecord) -> Path:
        path = self.folder / figure.image
        if not path.is_file():
            raise UserError(
                f"{path}: figure {figure.name!r} of the record is not there; run the spec again"
            )
        return path

    def _say(self, what: str, *lines: str) -> None:
        for i, line in enumerate(lines):
            click.echo(f"  {what if i == 0 else '':<12} {line}")


def find_record(
    library: Library, name: str, tier: str | None, published: bool
) -> tuple[Record, Path, list[Record]]:
    """The record whose figures are looked at, its file, and the records of the other tiers.

    Of the tier that is named; else of the paper's and the quick one the first that has figures that
    answer the paper's, or the first that is there. One that cannot be read is left out with a line.

    Raises:
        UserError: There is none, or the one that is named cannot be read.
    """
    sources = library.published if published else library.all_results()
    tiers: Sequence[str] = TIERS if tier is None else (tier,)
    there = {}
    for one in dict.fromkeys((*tiers, *TIERS)):
        paths = (source / name / one / RECORD for source in sources)
        if (path := next((p for p in paths if p.is_file()), None)) is not None:
            there[one] = path
    known = readable([path for one, path in there.items() if one != tier])
    if tier is None:
        found = known
    else:
        found = [(records.read(there[tier]), there[tier])] if tier in there else []
    if not found:
        hint = f"`ae run {name}` makes one" + ("" if published else ", and --published has others")
        where = ", ".join(str(source / name) for source in sources) or "reports/published"
        raise UserError(f"{where}: found no record of tier {' or '.join(tiers)}; {hint}")
    record, path = next((pair for pair in found if reviews.visual(pair[0])), found[0])
    return record, path, [other for other, place in known if place != path]
