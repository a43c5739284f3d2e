"""The command line: ``workroom --help`` lists the commands.

One module per group of commands. Each imports what is heavy only when it runs, so that help comes
at once. ``options`` are what commands share, ``failures`` turns errors into one line, ``logs``
decides what log lines look like.
"""

import sys

__all__ = ["main"]


def main() -> None:
    """The console entry point; ends the process with the exit code."""
    if sys.argv[1:] == ["--version"]:
        from workroom import __version__

        sys.stdout.write(f"workroom {__version__}\n")
        return
    from workroom.cli.failures import run
    from workroom.cli.root import app

    sys.exit(run(app))
