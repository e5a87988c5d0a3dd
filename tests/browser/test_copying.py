"""The commands that make the numbers again can be copied, with and without a mouse or a script."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from watched import HOSTILE

Open = Callable[..., Any]
AGAIN = "ae run hinton2006-deep-autoencoder --tier quick"


def test_a_key_copies_a_command(opened: Open, hostile: Path) -> None:
    tab = opened(hostile / HOSTILE)
    place = tab.locator("div.again")
    assert place.get_by_role("button").count() == place.locator("pre").count() == 3
    button = place.get_by_role("button", name=f"Copy: {AGAIN} --fresh")
    button.focus()
    tab.keyboard.press("Enter")
    place.get_by_role("status").filter(has_text="cop").wait_for()
    assert tab.evaluate("getSelection().toString()").strip() == f"{AGAIN} --fresh"


def test_without_a_script_the_commands_stand_alone(opened: Open, hostile: Path) -> None:
    tab = opened(hostile / HOSTILE, script=False)
    lines = tab.locator("pre.again").inner_text().splitlines()
    assert lines[:2] == [AGAIN, f"{AGAIN} --fresh"]
    assert tab.get_by_role("button", name="Copy: ").count() == 0
