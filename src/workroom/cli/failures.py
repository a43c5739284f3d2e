"""Errors that people cause, told in one line.

What people can mend (a port in use, a damaged database, a weak secret, an unknown user) is one red
line on stderr that names the setting, and exit code 1; 3 when another server has the data, so that
scripts can tell. A command line that cannot be understood is exit code 2. Only a mistake of the
program's own shows a traceback.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from workroom.errors import AlreadyServed, Misconfigured, WorkroomError

if TYPE_CHECKING:
    from pydantic import ValidationError

FAILED: Final = 1
ALREADY_SERVED: Final = 3
INTERRUPTED: Final = 130
"""What shells report of a program that Ctrl-C ended."""

_RED: Final = "\033[31m"
_PLAIN: Final = "\033[0m"
_CONTROL: Final = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class Complaint(WorkroomError):
    """What somebody asked of the command line cannot be done; the message says why."""

    code = "complaint"


def run(command: Callable[[], Any]) -> int:
    """Run a command line; returns the exit code."""
    try:
        command()
    except AlreadyServed as error:
        fail(_told(error))
        return ALREADY_SERVED
    except WorkroomError as error:
        return fail(_told(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left, as `head` does. Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return 0


def fail(message: str) -> int:
    """Complain on stderr; returns the exit code."""
    line = f"error: {escaped(message)}"
    if sys.stderr.isatty() and "NO_COLOR" not in os.environ:
        line = f"{_RED}{line}{_PLAIN}"
    sys.stderr.write(f"{line}\n")
    return FAILED


def escaped(text: str) -> str:
    r"""The text on one line: control characters as ``\n``, ``\x1b`` and the like."""
    return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def bad_setting(error: ValidationError) -> Misconfigured:
    """What is wrong with the settings, by the names that operators know. Never shows a value."""
    first, *others = error.errors(include_input=False, include_url=False)
    message = str(first["msg"])
    if others:
        names = ", ".join(_variable(other["loc"]) for other in others)
        message += f" (see also {names})"
    return Misconfigured(message, field=_variable(first["loc"]))


def _variable(place: tuple[int | str, ...]) -> str:
    return f"WORKROOM_{str(place[0]).upper()}" if place else "the settings"


def _told(error: WorkroomError) -> str:
    field = error.field
    if field is None or field in error.message:
        return error.message
    return f"{field}: {error.message}"
