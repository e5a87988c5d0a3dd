"""The `ae` command: the only place that prints or exits.

Exit codes: 0 done, 1 a check that the caller asked to enforce failed, 2 bad input, 3 something
outside failed (data, disk, a crash), 130 interrupted, 143 terminated by SIGTERM. Heavy imports wait until they are needed.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from ae import __version__
from ae.errors import MissingData, OutsideError, UserError, exhausted
from ae.gate_commands import calibrate, regress
from ae.terminal import INTERRUPTED, JOBS, Stop, project_root, seeds_option

if TYPE_CHECKING:
    from ae.record import Record
    from ae.verdict import Verdict


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ae")
def cli() -> None:
    """Reproduce autoencoder papers, many seeds at a time, and judge what they claim.

    \b
    ae list                what there is, and what has been run
    ae run                 train, measure and judge every paper, then write the report
    ae run hinton2006-deep-autoencoder --tier quick
    ae report              render the report again from the records
    ae verify SPEC         run again and compare with the published record
    ae regress             say whether a change of the code moved a number
    ae review SPEC         look at its figures, and accept or reject them

    A claim that comes out SHORT is a result, not a failure.

    Exit codes: 0 done; 1 a check that you asked to enforce failed; 2 bad input; 3 something outside
    failed (data, disk, a crash); 130 interrupted by Ctrl-C, 143 by SIGTERM (the next run goes on
    from there).
    """  # noqa: D301 - click keeps the lines of a paragraph that starts with a backspace


@cli.command("list")
def list_specs() -> None:
    """List the papers, their claims, and the newest records."""
    from ae import record as records
    from ae.read import find_specs, read_spec

    root = project_root()
    for path in find_specs(root / "benchmarks"):
        spec = read_spec(path)
        click.echo(f"{click.style(path.stem, bold=True)}  {spec.paper.authors} ({spec.paper.year})")
        click.echo(f"  {spec.paper.title}")
        click.echo(f"  {len(spec.run)} runs, {len(spec.claim)} claims, data {spec.data.name}")
        for found in sorted((root / "results" / path.stem).glob("*/record.json")):
            record = records.read(found)
            click.echo(f"  {record.tier}: recorded {record.started}, digest {record.digest[:12]}")


@cli.command()
def check() -> None:
    """Check every spec and manifest; trains nothing and loads no torch."""
    from ae.check import check_all

    problems = check_all(project_root())
    for problem in problems:
        click.echo(str(problem), err=True)
    if problems:
        raise UserError(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found")
    click.echo("all specs and manifests are sound")


@cli.command()
@click.argument("names", nargs=-1, metavar="[DATA SET ...]")
@click.option("--offline", is_flag=True, help="Only look at what is on this machine.")
def fetch(names: Sequence[str], offline: bool) -> None:
    """Find, download and verify data sets (all, or those named) ahead of a run."""
    from ae.data.files import fetch as fetch_files
    from ae.manifest import find_manifest
    from ae.progress import Download

    root = project_root()
    known = sorted(p.stem for p in (root / "datasets").glob("*.toml"))
    missing = []
    for name in names or known:
        manifest = find_manifest(name, root / "datasets")
        try:
            with Download() as download:
                paths = fetch_files(manifest, root, progress=download, offline=offline)
            found = f"{len(paths)} files, sha256 verified" if paths else "generated, without files"
            if manifest.original is not None:
                found = f"{manifest.origin(original=True)} verified"
            click.echo(f"{name}: {found}")
        except MissingData as error:
            if manifest.original is not None and offline:
                click.echo(f"{name}: {manifest.origin(original=False)}: {error}")
                continue
            missing.append(name if manifest.original is None else f"the original of {name}")
            click.echo(f"ae: {error}", err=True)
    if missing:
        raise MissingData(f"not at hand: {', '.join(missing)}")


@cli.command()
@click.argument("specs", nargs=-1, metavar="[SPEC ...]")
@click.option(
    "--tier",
    type=click.Choice(["auto", "paper", "quick", "smoke"]),
    default="auto",
    show_default=True,
    help="How much: auto is paper with CUDA, else quick (minutes on two CPU cores).",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train.",
)
@click.option(
    "--executor",
    type=click.Choice(["local", "ray"]),
    default="local",
    show_default=True,
    help="Who trains: this machine, or a Ray cluster, a stack a task.",
)
@JOBS
@click.option(
    "--address", help="Ray: HOST:PORT of the cluster's head; without it, as Ray finds it."
)
@click.option("--cpus", type=click.IntRange(1), help="Ray: CPU cores, and threads, of a stack [1].")
@click.option(
    "--seeds", callback=seeds_option, help="Instead of the spec's: numbers and ranges, 0-4,7."
)
@click.option("--fresh", is_flag=True, help="Forget what was trained before.")
@click.option(
    "--plan", "only_plan", is_flag=True, help="Show what would train together; train nothing."
)
@click.option("--no-pdf", is_flag=True, help="Write the HTML report only.")
@click.option("--no-track", is_flag=True, help="Do not copy the records to MLflow.")
@click.option("--enforce", is_flag=True, help="Exit with 1 if a control or primary claim is SHORT.")
def run(
    specs: Sequence[str],
    tier: str,
    device: str,
    executor: str,
    jobs: int | None,
    address: str | None,
    cpus: int | None,
    seeds: tuple[int, ...] | None,
    fresh: bool,
    only_plan: bool,
    no_pdf: bool,
    no_track: bool,
    enforce: bool,
) -> None:
    """Train, measure and judge papers (all, or those named), then write the report.

    Work that is done is recognised and not done again. Interrupt at any moment (Ctrl-C, SIGTERM):
    the next run goes on from there. Records are under results/, the report under results/report/; with
    --seeds both have folders of their own.
    """
    from ae.environment import set_policy

    stop = Stop()
    if executor == "local" and (address is not None or cpus is not None):
        raise UserError("--address and --cpus are for --executor ray")
    if executor == "ray" and jobs is not None:
        raise UserError("--jobs is for --executor local; with ray the cluster is shared out")
    set_policy()
    from ae.bench import Bench
    from ae.execute import Interrupted, fit_here

    root, fit = project_root(), fit_here
    if executor == "ray":
        from ae.ray_executor import Cluster

        cluster = Cluster(address, device, cpus or 1)
        device, fit = cluster.device, cluster.fit
    bench = Bench(
        root=root,
        tier=tier,
        device=device,
        seeds=seeds,
        fresh=fresh,
        stop=stop,
        executor=fit,
        jobs=jobs,
    )
    paths = bench.find(specs)
    if only_plan:
        bench.show_plan(paths)
        return
    try:
        records = bench.run_all(paths)
    except Interrupted as stopped:
        click.echo(f"ae: {stop.said}{stopped}; run again to go on", err=True)
        sys.exit(stop.code)
    folders = [bench.execution(path).folder for path, _, _ in records] if seeds else []
    if not no_track and not stop():
        bench.copy_to_mlflow()  # before the report, which says where the copies are
    _render(bench.root, pdf=not no_pdf, only=folders)
    if stop():
        click.echo(f"ae: {stop.said}the records are written; run again to go on", err=True)
        sys.exit(stop.code)
    short = [v.claim for _, _, verdicts in records for v in verdicts if _fails(v)]
    if enforce and short:
        click.echo(f"ae: enforced claims are SHORT: {', '.join(short)}", err=True)
        sys.exit(1)


@cli.command()
@click.argument("spec")
@click.option(
    "--tier",
    type=click.Choice(["paper", "quick", "smoke"]),
    default="quick",
    show_default=True,
    help="Which of its tiers.",
)
@click.option(
    "--record",
    "given",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare with this record; reports/published/SPEC/TIER/record.json by default.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Where to train.",
)
def verify(spec: str, tier: str, given: Path | None, device: str) -> None:
    """Run a paper again and compare with its published record; exit with 1 if they differ.

    The results are equal bit for bit, equal to rounding (to a relative 1e-4), or different. Says
    which value of which run and seed differs, by how much, and what differs in spec, data,
    versions and machine. Runs in results/verify/, which is removed afterwards.
    """
    from ae.environment import set_policy

    stop = Stop()
    set_policy()
    from ae.bench import Bench
    from ae.execute import Interrupted

    root = project_root()
    bench = Bench(root=root, tier=tier, device=device, seeds=None, fresh=False, stop=stop)
    (path,) = bench.find([spec])
    given = given or root / "reports" / "published" / path.stem / tier / "record.json"
    try:
        found = bench.verify(path, given)
    except Interrupted as stopped:
        click.echo(f"ae: {stop.said}{stopped}; verify again to go on", err=True)
        sys.exit(stop.code)
    for difference in found.results:
        kind = "rounding" if difference.rounding else "DIFFERENT"
        click.echo(f"  {kind}: {difference.what}")
    for line in found.provenance:
        click.echo(f"  provenance: {line}")
    click.echo(f"{path.stem}, {tier} tier: {found.values} values, {found.word}")
    if not found.equal:
        sys.exit(1)


def _fails(verdict: "Verdict") -> bool:
    return verdict.word == "SHORT" and (verdict.control or verdict.primary)


@cli.command()
@click.option("--no-pdf", is_flag=True, help="Write the HTML report only.")
@click.option(
    "--each",
    is_flag=True,
    help="Write a PDF of every paper as well, and link it; doubles the time.",
)
@click.option("--published", is_flag=True, help="Report reports/published instead of results/.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where to write; results/report by default.",
)
@click.option(
    "--against",
    metavar="REF",
    help="Say what moved since REF: a folder of records, a git revision, an MLflow experiment; "
    "reports/published by default.",
)
def report(
    no_pdf: bool, each: bool, published: bool, out: Path | None, against: str | None
) -> None:
    """Render HTML, PDF, Markdown and CSV from the records alone."""
    root = project_root()
    _render(root, pdf=not no_pdf, each=each, published=published, out=out, against=against)


def _render(
    root: Path,
    *,
    pdf: bool,
    each: bool = False,
    published: bool = False,
    out: Path | None = None,
    only: Sequence[Path] = (),
    against: str | None = None,
) -> None:
    """Render the records of the specs' own seeds, or of the folders in `only`, and say where."""
    from ae import record as records
    from ae.report import render
    from ae.report.speed import read
    from ae.review import read_all

    source = root / ("reports/published" if published else "results")
    paths = [f / "record.json" for f in only] or sorted(source.glob("*/*/record.json"))
    found = [(records.read(p), p) for p in paths if only or "-seeds-" not in p.parent.name]
    shown = [(record, path) for record, path in found if record.tier != "smoke"] or found
    if not shown:
        raise UserError(
            f"{source}: found no record; `ae run` makes one, `ae report --published` shows those "
            "that come with the project"
        )
    name = "report" if not only else f"report-{only[0].name}"
    out = out or root / "results" / name
    speeds = [read(p) for p in sorted((root / "reports" / "published" / "perf").glob("*.json"))]
    templates = root / "reports" / "templates"
    reviews = read_all(root / "reports" / "reviews")
    reference = _reference(root, against, [record for record, _ in shown])
    rendered = render(
        shown,
        out,
        templates=templates,
        pdf=pdf,
        each=each,
        speeds=speeds,
        reviews=reviews,
        reference=reference,
    )
    if rendered.pdf_note:
        click.echo(f"ae: {rendered.pdf_note}", err=True)
    click.echo(f"report: {_near(out / 'index.html')}")
    for path in rendered.files:
        if path.suffix == ".pdf":
            click.echo(f"        {_near(path)}")


def _reference(
    root: Path, against: str | None, shown: "Sequence[Record]"
) -> "tuple[str, Sequence[Record]] | None":
    """What a report is compared with: `against`, else the published records, if there are any."""
    from ae import reference

    if against is not None:
        found = reference.find(against, root, shown)
    elif any((root / reference.PUBLISHED).glob("*/*/record.json")):
        found = reference.in_folder(root / reference.PUBLISHED, "the published reference")
    else:
        return None
    return found.name, found.records


def _near(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


@cli.command()
@click.argument("spec")
@click.option(
    "--tier",
    type=click.Choice(["paper", "quick", "smoke"]),
    help="Which of its records; the paper's if there is one, else the quick one.",
)
@click.option("--published", is_flag=True, help="Look at reports/published instead of results/.")
@click.option("--list", "only_list", is_flag=True, help="Show what was said; ask nothing.")
@click.option("--open", "open_figures", is_flag=True, help="Open every figure in a viewer, too.")
@click.option("--accept", multiple=True, metavar="FIGURE", help="Accept it without being asked.")
@click.option("--reject", multiple=True, metavar="FIGURE", help="Reject it; needs a --note.")
@click.option("--reviewer", default="", help="With --accept and --reject: who says so.")
@click.option("--note", default="", help="With --accept and --reject: what was seen, one line.")
def review(
    spec: str,
    tier: str | None,
    published: bool,
    only_list: bool,
    open_figures: bool,
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    reviewer: str,
    note: str,
) -> None:
    """Look at the figures that answer a paper's own, and accept or reject them.

    Shows for each the paper's figure, ours, what to look for and what was measured of the same
    runs; writes reports/reviews/SPEC.toml. A review lapses when the data of its figure change.
    """
    from ae import record as records
    from ae.read import find_spec
    from ae.review import Verdict
    from ae.walk import Walk, find_record

    root = project_root()
    name = find_spec(spec, root / "benchmarks").stem
    path = find_record(root, name, tier, published)
    walk = Walk(records.read(path), path, root / "reports" / "reviews" / f"{name}.toml")
    if twice := set(accept) & set(reject):
        raise UserError(f"--accept and --reject: found {min(twice)!r} in both")
    if only_list:
        walk.show_all()
    elif accept or reject:
        said: dict[str, Verdict] = {
            **{name: "accept" for name in accept},
            **{name: "reject" for name in reject},
        }
        walk.sign(said, reviewer=reviewer, note=note)
    else:
        walk.ask_all(open_figures)


@cli.command()
def sync() -> None:
    """Send records to MLflow that are not there yet; nothing is sent twice."""
    from ae.bench import verdicts_for_tracking
    from ae.track import default_uri, shown
    from ae.track import sync as send_all

    root = project_root()
    sent = send_all(root, verdicts_for_tracking)
    click.echo(
        f"{len(sent)} record{'' if len(sent) == 1 else 's'} sent to {shown(default_uri(root))}"
    )


cli.add_command(calibrate)
cli.add_command(regress)


def main() -> NoReturn:
    """Run the command and exit; a user's mistake is one line, a crash a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a locale without the words must not end a run
    try:
        cli(standalone_mode=False)
        code = 0
    except click.ClickException as error:
        error.show()
        code = 2
    except UserError as error:
        click.echo(f"ae: {error}", err=True)
        code = 2
    except (OutsideError, OSError) as error:
        click.echo(f"ae: {error}", err=True)
        code = 3
    except (KeyboardInterrupt, click.Abort):
        click.echo("ae: interrupted", err=True)
        code = INTERRUPTED
    except SystemExit as leave:
        code = leave.code if isinstance(leave.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - the last resort; a fault has a traceback
        if said := exhausted(error):
            click.echo(f"ae: out of memory: {said}", err=True)
        else:
            traceback.print_exc()
            click.echo("ae: this is a fault of ae; please report the lines above", err=True)
        code = 3
    sys.stdout.flush()
    sys.exit(code)
