"""What every TOML file is read for before anything is made of it."""

import codecs

import pytest

from ae.errors import UserError
from ae.toml.file import load


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_ends_are_no_fault(tmp_path, end):
    path = tmp_path / "x.toml"
    path.write_bytes(codecs.BOM_UTF8 + f'[paper]{end}title = "\u00fc"{end}'.encode())
    assert load(path, "x.toml") == {"paper": {"title": "\u00fc"}}


@pytest.mark.parametrize("code", ["utf-16", "utf-16-le", "latin-1"])
def test_another_encoding_is_named(tmp_path, code):
    path = tmp_path / "x.toml"
    path.write_bytes('title = "\u00fc"\n'.encode(code))
    with pytest.raises(
        UserError, match=r"^x\.toml: (line 1: not UTF-8; save the file as|not TOML: )"
    ):
        load(path, "x.toml")


@pytest.mark.parametrize(
    ("character", "name"),
    [
        (r"\u001b", "U+001B"),  # begins a terminal's commands
        (r"\u0000", "U+0000"),
        (r"\r", "U+000D"),  # what follows overwrites the line
        (r"\b", "U+0008"),
        (r"\u007f", "U+007F"),
        (r"\u009b", "U+009B"),  # the same in one character
        (r"\u202e", "U+202E"),  # the rest is shown backwards
        (r"\u2066", "U+2066"),
    ],
)
def test_a_control_character_is_refused_wherever_it_stands(tmp_path, character, name):
    path = tmp_path / "x.toml"
    expected = f"found the control character {name}"
    for text, place in (
        (f'[paper]\ntitle = "A{character}[2J"', "[paper]: title: "),
        (f'[[run]]\nname = "a"\nlabels = ["b", "{character}"]', "[[run]] 'a': labels.1: "),
        (f'[paper]\n"a{character}" = 1', "[paper]: "),
    ):
        path.write_text(f"{text}\n")
        with pytest.raises(UserError) as refused:
            load(path, "x.toml")
        said = str(refused.value)
        assert said.startswith(f"x.toml: {place}{expected}")
        assert said.endswith("; expected text that can be shown")
        assert said.isprintable()


def test_lines_tabs_and_all_scripts_are_text(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(
        'a = """\nfirst\n\tsecond"""\nb = "\u03b2-VAE, \u5909\u5206, \u05d0\u200d, x\u0302"\n'
    )
    assert load(path, "x.toml")["a"] == "first\n\tsecond"
