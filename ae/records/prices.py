"""What claims that were not run would cost, as `ae run --plan` has worked it out."""

import codecs
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from ae.disk import write_atomically
from ae.errors import UserError
from ae.records.entries import Amount, Part
from ae.spec import Spec, TierName
from ae.spec.read import digest_of


class PaperPrices(Part):
    """A paper's claims, each with the seconds of one core that its missing seeds take to train.

    A seed that several claims need is paid by one of them: the seconds may be summed. `spec` is the
    digest of the spec, `processor` the machine's.
    """

    spec: str
    processor: str
    claims: dict[str, Amount]


class Prices(Part):
    """The prices of all papers that were planned in a tier."""

    schema_version: Literal[1] = 1
    tier: TierName
    papers: dict[str, PaperPrices]

    def costs(self, specs: Mapping[str, Spec]) -> dict[tuple[str, str], float]:
        """Paper and claim -> seconds, of the specs that have not changed since they were planned."""
        return {
            (name, claim): seconds
            for name, own in self.papers.items()
            if name in specs and own.spec == digest_of(specs[name])
            for claim, seconds in own.claims.items()
        }


def file_of(results: Path, tier: str) -> Path:
    """Where they are kept, beside the records."""
    return results / f"prices-{tier}.json"


def read(results: Path, tier: TierName) -> Prices:
    """The prices beside the records of a folder; none where nothing was planned.

    Raises:
        UserError: The file does not hold any.
    """
    path = file_of(results, tier)
    if not path.is_file():
        return Prices(tier=tier, papers={})
    try:
        return Prices.model_validate_json(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UserError(
            f"{path}: {where}: {first['msg']}; make it anew: ae run --tier {tier} --plan"
        ) from None


def read_all(places: Iterable[Path], tier: TierName) -> Prices:
    """The prices of several folders; of a paper those of the folder that comes first.

    Raises:
        UserError: As `read`.
    """
    papers: dict[str, PaperPrices] = {}
    for place in places:
        papers = {**read(place, tier).papers, **papers}
    return Prices(tier=tier, papers=papers)


def add(results: Path, tier: TierName, papers: Mapping[str, PaperPrices]) -> None:
    """Keep the prices of these papers; those of others stay as they were.

    Raises:
        UserError: The file that is there does not hold any.
        OutsideError: It cannot be written.
    """
    known = {**read(results, tier).papers, **papers}
    made = Prices(tier=tier, papers={name: known[name] for name in sorted(known)})
    text = json.dumps(made.model_dump(mode="json"), indent=1)
    write_atomically(file_of(results, tier), text.encode() + b"\n")
