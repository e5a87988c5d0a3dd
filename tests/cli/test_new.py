"""`ae new` and `ae test-model` as a person types them."""

import re

import command
import pytest


def ae(here, *arguments):
    """Run the command where neither git nor modules of the folder are found."""
    return command.ae(here, *arguments, here=False, PATH="")


def test_in_a_folder_that_is_not_included_the_next_commands_include_it(tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    code, out, err = ae(here, "new", "doe2026-vae", "--folder", "lab")
    assert (code, err) == (0, "")
    steps = re.findall(r"ae (.*)", out)
    assert steps == [
        "test-model doe2026_vae:VAE --spec doe2026-vae --include lab",
        "run doe2026-vae --tier smoke --include lab",
    ]
    code, out, err = ae(here, *steps[0].split())
    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == "keeps the contract"
    code, out, err = ae(here, *steps[1].split(), "--plan")
    assert code == 0, err
    code, _, err = ae(here, "new", "doe2026-vae", "--from", "vincent2008", "--images", __file__)
    assert (code, err) == (
        2,
        "ae: --from and --images: give one of them; a spec has its data already\n",
    )
    code, _, err = ae(here, "test-model", "doe2026_vae:VAE", "--spec", "doe2026", "--include", "no")
    assert (code, err) == (2, "ae: --include: found no folder 'no'\n")
    code, _, err = ae(here, "test-model", "vae.VAE", "--spec", "doe2026", "--include", "lab")
    assert code == 2
    assert "no run's class is 'vae.VAE'; they are doe2026_vae:VAE" in err


@pytest.mark.parametrize("path", ["doe2026_vae", "doe2026_vae.VAE", "doe2026_vae:", "vae", "vae."])
def test_the_name_of_no_class_is_told_what_one_looks_like(tmp_path, path):
    """It was said of the module, which is there, that ae.models has none of that name."""
    (tmp_path / "doe2026_vae.py").touch()
    said = (
        f"ae: found {path!r}; expected a class: MODULE:CLASS, such as mylab.models:VAE, or file.Class "
        "of ae/models, such as vae.VAE\n"
    )
    assert ae(tmp_path, "test-model", path) == (2, "", said)
