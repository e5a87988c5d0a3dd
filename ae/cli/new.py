"""`ae new`: a spec and a model to begin with."""

from dataclasses import replace
from pathlib import Path

import click

from ae.cli.options import with_library
from ae.errors import UserError
from ae.library import Library, near


@click.command("new")
@click.argument("spec", metavar="SPEC")
@click.option("--from", "origin", metavar="SPEC", help="Go on from that spec and its model.")
@click.option(
    "--images",
    metavar="FILE.npz",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of these images instead of MNIST: bytes `images` (n, rows, columns), and `labels` (n,) if "
    "there are any.",
)
@click.option(
    "--folder",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write; here by default, in a checkout the checkout.",
)
@with_library(results=False)
def new(
    spec: str, origin: str | None, images: Path | None, folder: Path | None, library: Library
) -> None:
    """Write a spec and a model that pass `ae check` and run; make them yours.

    \b
    ae new doe2026-vae
    ae new doe2026-vae --images faces.npz
    ae new doe2026-dae --from vincent2008-denoising

    SPEC is <first author><year>-<model>. Writes benchmarks/SPEC.toml and a module with the model;
    for images their manifest under datasets/, too. Nothing that is there is written over.
    """  # noqa: D301 - click keeps the lines of a paragraph that starts with a backspace
    if origin is not None and images is not None:
        raise UserError("--from and --images: give one of them; a spec has its data already")
    from ae.starter.begin import Beginning
    from ae.starter.images import image_file

    place = folder or library.home
    known = {f.resolve() for f in library.folders}
    if place.resolve() not in known:
        place.mkdir(parents=True, exist_ok=True)
        library = replace(library, included=(*library.included, place))
        library.importable()
    beginning = Beginning(spec.removesuffix(".toml"), place, library)
    if origin is not None:
        begun = beginning.going_on(library.spec(origin))
    else:
        begun = beginning.anew(None if images is None else image_file(images))
    for i, path in enumerate(begun.files):
        click.echo(f"{'written:' if i == 0 else '':<9}{near(path.resolve())}")
    there = "" if place.resolve() in known else f" --include {near(place.resolve())}"
    steps = [f"ae run {beginning.name} --tier smoke{there}"]
    if begun.model:
        steps.insert(0, f"ae test-model {begun.model} --spec {beginning.name}{there}")
    for i, step in enumerate(steps):
        click.echo(f"{'next:' if i == 0 else '':<9}{step}")
