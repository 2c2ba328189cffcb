"""Text for people."""

import errno
import re

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
# What a spreadsheet takes for a formula, and carries out; full width where that is how people type. A number is none.
FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")
NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?")


class BuildError(Exception):
    """Stops a build with a sentence: what is wrong, where, and what to do.

    `exit_code` is what the command returns. `shown` is the text to print where it says more than the message, which is
    kept in the journal and so must quote no raw data.
    """

    def __init__(self, message: str, exit_code: int = 1, shown: str | None = None):
        super().__init__(message)
        self.exit_code = exit_code
        self.shown = shown or message


class DoesNotFit(Exception):
    """Says what of a table a file format cannot hold."""


def plain(text: str, limit: int = 1000) -> str:
    """Text that may quote raw data, safe for a terminal: control characters escaped, cut at `limit` characters."""
    text = text if len(text) <= limit else text[:limit] + "..."
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def cell(text: str) -> str:
    """Text as a cell of a CSV file that people open in a spreadsheet: an apostrophe keeps a formula from being one."""
    return "'" + text if FORMULA.match(text) and not NUMBER.fullmatch(text) else text


def from_cell(text: str) -> str:
    """What `cell` made the cell of."""
    return text[1:] if text.startswith("'") and FORMULA.match(text) else text


def not_written(error: OSError) -> str:
    """What is wrong with a file or folder that could not be read or written, and what to do."""
    place = error.filename2 or error.filename
    where = f"{place} cannot be written" if place else "A file cannot be written"
    if error.errno in FULL:
        return f"The disk is full: {where}. Free some space and build again."
    if error.errno in REFUSED:
        return f"{where} ({error.strerror}): let the user who builds write there, or name another folder."
    return str(error)
