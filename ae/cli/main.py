"""The `ae` command: the only place that prints or exits.

Exit codes: 0 done, 1 a check that the caller asked to enforce failed, 2 bad input, 3 something
outside failed (data, disk, a crash), 130 interrupted, 143 terminated by SIGTERM. Heavy imports wait until they are needed.
"""

import sys
import traceback
from typing import NoReturn

import click

from ae import __version__
from ae.cli import interrupts, streams
from ae.cli.bisect import bisect
from ae.cli.bring import bring
from ae.cli.data import check, fetch, list_specs, sync
from ae.cli.export import export
from ae.cli.gate import calibrate, regress
from ae.cli.history import history
from ae.cli.interrupts import INTERRUPTED, TERMINATED
from ae.cli.keep import keep
from ae.cli.new import new
from ae.cli.null import null
from ae.cli.publish import publish
from ae.cli.report import report
from ae.cli.review import review
from ae.cli.run import run
from ae.cli.status import status
from ae.cli.test_model import test_model
from ae.cli.verify import verify
from ae.errors import OutsideError, UserError, exhausted
from ae.machine import neutral
from ae.redaction import redacted


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="ae")
def cli() -> None:
    """Reproduce autoencoder papers, many seeds at a time, and judge what they claim.

    \b
    ae list                the papers and their claims
    ae status              what has been run, what is in progress, what has changed since
    ae run                 train, measure and judge every paper, then write the report
    ae run hinton2006-deep-autoencoder --tier quick
    ae report              render the report again from the records
    ae export              values, claims and curves as tables: CSV, JSON, Parquet
    ae publish FOLDER      records, report and badge in a folder for any web server
    ae keep                records for reports/published, members without weights beside them
    ae history SPEC        a number through the revisions of its published record
    ae verify SPEC         run again and compare with the published record
    ae regress             say whether a change of the code moved a number
    ae null                say which claims an untrained model meets
    ae bisect              name the commit that moved it
    ae review SPEC         look at its figures, and accept or reject them
    ae new SPEC            write a spec and a model to begin with
    ae test-model A.B:C    say whether a model of yours keeps the contract

    A claim that comes out SHORT is a result, not a failure.

    Exit codes: 0 done; 1 a check that you asked to enforce failed; 2 bad input; 3 something outside
    failed (data, disk, a crash); 130 interrupted by Ctrl-C, 143 by SIGTERM (the next run goes on
    from there).
    """  # noqa: D301 - click keeps the lines of a paragraph that starts with a backspace


for command in (
    list_specs,
    status,
    check,
    fetch,
    run,
    verify,
    report,
    export,
    publish,
    history,
    review,
    new,
    test_model,
    sync,
    keep,
    bring,
    calibrate,
    regress,
    null,
    bisect,
):
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command and exit; a user's mistake is one line, a crash a traceback."""
    streams.settle()
    neutral.settle()
    interrupts.listen()
    try:
        cli(standalone_mode=False)
        code = 0
    except BaseException as error:  # noqa: BLE001 - the last resort
        code = _ended(error)
    if (why := streams.lost()) and code == 0:
        click.echo(f"ae: what was printed is not all written: {why.strerror}", err=True)
        code = 3
    if code in (INTERRUPTED, TERMINATED):
        interrupts.leave()
    sys.exit(code)


def _ended(error: BaseException) -> int:
    """Say in a line how the command ended, a fault with its traceback; the exit code."""
    if interrupts.came() or isinstance(error, click.Abort | KeyboardInterrupt):
        click.echo("ae: interrupted", err=True)  # whatever a library has made of it
        return INTERRUPTED
    match error:
        case SystemExit():
            return error.code if isinstance(error.code, int) else 1
        case click.ClickException():
            error.show()
            return 2
        case UserError() | OutsideError() | OSError():
            said = redacted(str(error)) if isinstance(error, OSError) else str(error)
            click.echo(f"ae: {said}", err=True)
            return 2 if isinstance(error, UserError) else 3
    if short := exhausted(error):
        click.echo(f"ae: out of memory: {short}", err=True)
    else:
        click.echo(redacted("".join(traceback.format_exception(error))), err=True, nl=False)
        click.echo("ae: this is a fault of ae; please report the lines above", err=True)
    return 3
