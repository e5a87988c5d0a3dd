"""The outcome for GitHub Actions: annotations on the standard output, a step summary."""

from collections.abc import Iterator

from ae.gate.regress import Outcome, Row
from ae.gate.show import change, headline, values

ANNOTATED = 10  # GitHub shows ten errors and ten warnings of a step


def annotations(outcome: Outcome) -> Iterator[str]:
    """A workflow command for each row that is worse, and one for the rest of them."""
    worse = outcome.of("worse")
    for row in worse[: ANNOTATED - (len(worse) > ANNOTATED)]:
        yield _command("error", row, "; ".join(filter(None, (values(row), change(row)))))
    if len(worse) > ANNOTATED:
        yield f"::error title={_property('ae regress')}::{_data(headline(outcome))}"
    yield from (
        f"::notice title={_property('ae regress')}::{_data(n)}" for n in outcome.notes[:ANNOTATED]
    )


def _command(level: str, row: Row, message: str) -> str:
    title = _property(f"{row.spec}: {row.name} is {row.word}")
    return f"::{level} file={_property(row.file)},title={title}::{_data(message)}"


def _data(text: str) -> str:
    """As the runner unescapes a message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """As it unescapes a property: colons and commas would end one."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
