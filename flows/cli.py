"""The command line. Every command is a thin file in `commands/`; what is heavy is imported inside it."""

import sys

import typer

from ..platform.exceptions import AssayError
from .commands.audit import audit
from .commands.doctor import doctor
from .commands.gate import gate
from .commands.init import init
from .commands.ledger import ledger
from .commands.listing import list_
from .commands.lr import lr
from .commands.predict import predict
from .commands.registry import registry
from .commands.report import report
from .commands.run import run
from .commands.verify import verify
from .commands.waive import waive

app = typer.Typer(
    name="assay",
    help="One spec in; one audited, versioned model report out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

for command in (run, audit, init, lr, report, gate, waive, verify, predict, doctor):
    app.command()(command)
app.command(name="list")(list_)
app.add_typer(registry, name="registry")
app.add_typer(ledger, name="ledger")


@app.callback(invoke_without_command=True)
def root(version: bool = typer.Option(False, "--version", help="Print the version and end.")) -> None:
    """One spec in; one audited, versioned model report out."""
    if version:
        from .. import __version__

        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Entry point: an error that we raise on purpose ends without a traceback, with its own exit code."""
    try:
        app()
    except AssayError as error:
        print(f"assay: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("assay: interrupted; run it again and it goes on from the last checkpoint", file=sys.stderr)
        sys.exit(130)
