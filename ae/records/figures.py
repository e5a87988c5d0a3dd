"""The figures of a record: files beside it, and what a reader may do with them."""

from pydantic import Field

from ae.records.entries import Beside, Part, Whole
from ae.spec import Name


class Interaction(Part):
    """What a reader may do with a figure in a browser: a kind, and a JSON file beside the record.

    `digest` is the sha256 of the file. The kinds are those that the report's script knows.
    """

    kind: str
    data: Beside
    digest: str


class FigureRecord(Part):
    """A figure's files beside the record and the digest of the arrays that it was drawn from.

    The picture says what is to be seen; `interaction` lets a reader turn it or move through it.
    `seeds` are those that it was drawn of, by run: where weights were left behind, not all.
    """

    name: str
    title: str
    caption: str
    paper: str
    image: Beside
    vector: Beside | None
    arrays: Beside
    digest: str
    width: Whole
    height: Whole
    interaction: Interaction | None = None
    seeds: dict[Name, list[Whole]] | None = Field(
        default=None, exclude_if=lambda seeds: seeds is None
    )  # None: made before December 2026, when it was not said

    @property
    def files(self) -> list[str]:
        """The names of all its files."""
        data = self.interaction.data if self.interaction else None
        return [name for name in (self.image, self.vector, self.arrays, data) if name is not None]
