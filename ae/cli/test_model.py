"""`ae test-model`: whether a class keeps the contract of models."""

import math
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ae.cli.options import with_library
from ae.errors import UserError
from ae.library import Library

if TYPE_CHECKING:
    from ae.contract.subject import Subject


def arguments_option(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    """`("hidden=12", "name=a")` -> {"hidden": 12, "name": "a"}: values as in a spec, or words."""
    found = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name.strip().isidentifier():
            raise click.BadParameter(f"found {text!r}; expected NAME=VALUE, such as hidden=12")
        try:
            found[name.strip()] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            found[name.strip()] = value.strip()
    return found


@click.command("test-model")
@click.argument("path", metavar="PACKAGE.MODULE:CLASS")
@click.option(
    "--argument",
    "arguments",
    multiple=True,
    metavar="NAME=VALUE",
    callback=arguments_option,
    help="An argument of the constructor, as in a spec; small numbers make it quick.",
)
@click.option("--spec", "name", metavar="SPEC", help="Take arguments, stages and sizes of a spec.")
@click.option("--features", type=click.IntRange(1), help="Pixels of an image [784].")
@click.option("--classes", type=click.IntRange(1), help="Classes of labels [10].")
@with_library(results=False)
def test_model(
    path: str,
    arguments: dict[str, Any],
    name: str | None,
    features: int | None,
    classes: int | None,
    library: Library,
) -> None:
    """Say whether a model's class keeps the contract, and in its words what is wrong.

    \b
    ae test-model mylab.models:VAE --argument hidden=12 --argument latent=3
    ae test-model mylab.models:VAE --spec doe2026-vae

    Trains nothing but a few steps on random images: that all seeds are computed at once, that no
    seed touches another, that every parameter learns, that swept numbers live in buffers.

    Exit codes: 0 it keeps the contract; 1 it does not; 2 bad input, such as a class that is not there.
    """  # noqa: D301 - click keeps the lines of a paragraph that starts with a backspace
    source = None if name is None else library.spec(name)
    from ae.machine.threads import set_policy

    set_policy()
    from ae.contract.suite import findings, subject_of

    if source is None:
        _check(path, library)
        subject = subject_of(path, arguments, features or 784, classes or 10)
    else:
        subject = _specified(path, source, arguments, library)
    found = list(findings(subject))
    given = ", ".join(f"{key} = {value}" for key, value in subject.arguments.items())
    click.echo(f"{path}: {subject.features} pixels{f', {given}' if given else ''}")
    for one in found:
        click.echo(f"  {one}")
    if found:
        click.echo(f"{len(found)} thing{'s are' if len(found) > 1 else ' is'} wrong")
        sys.exit(1)
    click.echo("keeps the contract")


def _check(path: str, library: Library) -> None:
    """Refuse the name of no class: of a module alone, or with a dot for a colon.

    Raises:
        UserError: It is neither code of a package nor of a file of `ae/models`.
    """
    from ae.spec.syntax import OWN, is_foreign

    file = library.package / "models" / f"{path.partition('.')[0]}.py"
    if not is_foreign(path) and not (OWN.fullmatch(path) and file.is_file()):
        raise UserError(
            f"found {path!r}; expected a class: MODULE:CLASS, such as mylab.models:VAE, or file.Class "
            "of ae/models, such as vae.VAE"
        )


def _specified(path: str, source: Path, arguments: dict[str, Any], library: Library) -> "Subject":
    """The class as a spec has it, some arguments changed.

    Raises:
        UserError: No run of the spec names it.
    """
    from ae.contract.subject import BATCH
    from ae.contract.suite import subject_of
    from ae.data.manifest import find_manifest
    from ae.spec import Descent
    from ae.spec.read import read_spec
    from ae.spec.tiers import cells

    spec = read_spec(source)
    every = [cell for tier in spec.tier for cell in cells(spec, tier, where=source.name)]
    own = [cell for cell in every if cell.model["class"] == path]
    if not own:
        named = ", ".join(dict.fromkeys(cell.model["class"] for cell in every))
        raise UserError(f"{source.name}: no run's class is {path!r}; they are {named}")
    cell = own[-1]
    small = {"batch": BATCH, "epochs": 3.0, "points": (), "watch": {}, "keep": None}
    manifest = find_manifest(cell.data.name, library)
    stages = tuple(
        (n, s.model_copy(update=small) if isinstance(s := cell.train.stages[n], Descent) else s)
        for n in cell.train.use
    )
    given = {k: v for k, v in cell.model.items() if k != "class"} | arguments
    pixels = math.prod(manifest.shape)
    return subject_of(path, given, pixels, manifest.classes, stages)
