"""Text for people."""


class BuildError(Exception):
    """Stops a build with a sentence: what is wrong, where, and what to do.

    `exit_code` is what the command returns. `shown` is the text to print where it says more than the message, which is
    kept in the journal and so must quote no raw data.
    """

    def __init__(self, message: str, exit_code: int = 1, shown: str | None = None):
        super().__init__(message)
        self.exit_code = exit_code
        self.shown = shown or message


def plain(text: str, limit: int = 1000) -> str:
    """Text that may quote raw data, safe for a terminal: control characters escaped, cut at `limit` characters."""
    text = text if len(text) <= limit else text[:limit] + "..."
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
