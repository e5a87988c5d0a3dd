"""Who looked at which figure, and what they say of it: `reports/reviews/<spec>.toml`.

What a paper shows in a picture, a person must judge. A review is of one figure in one tier, by the
digest of the arrays that it was drawn from: when they change, it has lapsed, and is kept as such.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from ae.disk import visible, write_atomically
from ae.errors import UserError
from ae.records.figures import FigureRecord
from ae.records.record import Record
from ae.spec import Name, Spec, Table, TierName
from ae.toml.file import load, located, no_such
from ae.toml.parse import Refused, parse

HEAD = (
    "# Who looked at the figures of this paper; `ae review` writes it, `ae check` reads it.\n"
    "# A review holds for the figure whose data have its digest, and for no other.\n"
)
ESCAPES = {
    "\b": "\\b",
    "\t": "\\t",
    "\n": "\\n",
    "\f": "\\f",
    "\r": "\\r",
    '"': '\\"',
    "\\": "\\\\",
}


def _day(text: str) -> str:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.isoformat() != text:
        raise ValueError(f"found {text!r}; expected a day such as '2026-11-21'")
    return text


Verdict = Literal["accept", "reject"]
Line = Annotated[
    str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=2000, description="one line of text")
]
Person = Annotated[
    str,
    Field(
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
        max_length=200,
        description="one line that is not empty, of 200 characters at most",
    ),
]
Digest = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{64}$", description="the 64 digits that the record has of the figure"),
]


class Review(Table):
    """What one person says of one figure; `date` is the day on which he said it."""

    figure: Name
    tier: TierName
    digest: Digest
    verdict: Verdict
    reviewer: Person
    date: Annotated[str, AfterValidator(_day)]
    note: Line

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.verdict == "reject" and not self.note.strip():
            raise ValueError("note: found nothing; expected the reason of the reject")
        return self

    @property
    def subject(self) -> tuple[str, str, str, str]:
        """What one file has one review of: figure, tier, digest, reviewer."""
        return self.figure, self.tier, self.digest, self.reviewer

    def holds(self, figure: FigureRecord) -> bool:
        """Whether the figure is still the one that was looked at."""
        return self.digest == figure.digest


class File(Table):
    """A file of reviews."""

    review: tuple[Review, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        times = Counter(r.subject for r in self.review)
        if twice := [subject for subject in times if times[subject] > 1]:
            figure, tier, digest, reviewer = twice[0]
            raise ValueError(
                f"review: two are of figure {figure!r}, tier {tier!r}, digest {digest[:12]}..., by "
                f"{reviewer!r}; expected one: delete the older"
            )
        return self


def read(path: Path, where: str | None = None) -> tuple[Review, ...]:
    """The reviews of a paper; none where there is no file, which messages call `where`.

    Raises:
        UserError: One line naming file, table, key, found and expected.
    """
    where = where or str(path)
    if not path.exists():
        return ()
    raw = load(path, where)
    try:
        return parse(File, raw).review
    except Refused as error:
        raise UserError(f"{where}: {located(raw, error.faults[0])}") from None


def read_all(folder: Path) -> dict[str, tuple[Review, ...]]:
    """The reviews of every paper that has some, by the names of the specs."""
    return {path.stem: read(path) for path in visible(folder, "*.toml")}


def problems(folder: Path, specs: Mapping[str, Spec | None]) -> Iterator[str]:
    """What is wrong with the files of reviews, a line each; None stands for a spec that is broken."""
    for path in visible(folder, "*.toml"):
        where = f"reports/reviews/{path.name}"
        if path.stem not in specs:
            yield f"{where}: file name: {no_such('spec', path.stem, specs)}"
            continue
        try:
            found = read(path, where)
        except UserError as error:
            yield str(error)
            continue
        spec = specs[path.stem]
        figures = [figure.name for figure in spec.figure] if spec else []
        for number, review in enumerate(found, 1):
            if spec and review.figure not in figures:
                missing = no_such("figure", review.figure, figures)
                yield f"{where}: [[review]] number {number}: figure: {missing}"


def write(path: Path, reviews: Iterable[Review]) -> None:
    """Write the reviews of a paper, whole or not at all, in an order of their own."""
    tables = [_table(r) for r in sorted(reviews, key=_order)]
    write_atomically(path, "\n".join((HEAD, *tables)).encode())


def signed(reviews: Iterable[Review], new: Iterable[Review]) -> tuple[Review, ...]:
    """The reviews and the new ones, which replace what the same persons said of the same figures."""
    found = {r.subject: r for r in reviews}
    return tuple((found | {r.subject: r for r in new}).values())


def visual(record: Record) -> list[FigureRecord]:
    """The figures that answer one of the paper's: what a person must look at."""
    return [figure for figure in record.figures if figure.paper]


def of(reviews: Iterable[Review], figure: FigureRecord, tier: str) -> list[Review]:
    """The reviews of a figure: those that hold first, then those that lapsed."""
    own = [r for r in reviews if (r.figure, r.tier) == (figure.name, tier)]
    return sorted(sorted(own, key=_order), key=lambda r: not r.holds(figure))


def _order(review: Review) -> tuple[str, ...]:
    return review.figure, review.tier, review.date, review.reviewer, review.digest


def _table(review: Review) -> str:
    keys = review.model_dump().items()
    return "[[review]]\n" + "".join(f"{key} = {quoted(value)}\n" for key, value in keys)


def quoted(text: str) -> str:
    """A string as TOML has it on one line."""
    escaped = re.sub(r'[\x00-\x1f\x7f"\\]', lambda m: _escape(m[0]), text)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    return ESCAPES.get(character, f"\\u{ord(character):04x}")
