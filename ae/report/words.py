"""Verdicts and kinds of evidence in words, symbols and colours."""

from dataclasses import dataclass

SYMBOLS = {
    "REPRODUCED": "✔",
    "BETTER": "▲",
    "SMALLER": "▾",
    "SHORT": "✘",
    "INCONCLUSIVE": "?",
    "INVALID": "∅",
    "UNTESTED": "–",
}
SHOWN = {"INVALID": "NOT VALID"}
OF_CONTROLS = {"REPRODUCED": "PASSED", "BETTER": "PASSED", "SHORT": "FAILED"}
OF_UNTRAINED = {"REPRODUCED": "MET", "BETTER": "MET"}
TIER_NOTES = {
    "quick": "quick tier: tests orderings and exact properties only, never a published number",
    "smoke": "smoke tier: a few steps on a few images, to see that everything runs; its numbers "
    "mean nothing",
}
STATUS = {
    "printed": "read in the source itself",
    "quoted": "read in a text that quotes the source",
    "digitised": "taken off the source's own figure",
    "read": "read in the paper or in a source that quotes it",
    "recalled": "recalled from memory: never decides a paper's verdict",
    "calculated": "calculated by this suite: nobody published it",
}


@dataclass(frozen=True)
class Word:
    """A verdict's word with its symbol and the name of its colour."""

    word: str
    symbol: str
    style: str


def word(name: str, *, control: bool = False, untrained: bool = False) -> Word:
    """A verdict's word as it is shown: never by colour alone.

    A control passes or fails: it says nothing of the paper, so nothing of it is reproduced. Nor is
    anything of a claim that an untrained model meets: it is met, in no colour.
    """
    if untrained and name in OF_UNTRAINED:
        return Word(OF_UNTRAINED[name], "○", "untested")
    own = OF_CONTROLS.get(name) if control else None
    if own is not None:
        name = "REPRODUCED" if own == "PASSED" else name
    return Word(own or SHOWN.get(name, name), SYMBOLS[name], name.lower())
