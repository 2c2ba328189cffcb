"""Text files that are not UTF-8, which DuckDB does not read: one wrong byte would stop a build of millions of rows."""

import codecs
import os
import shutil
from pathlib import Path

TABLES = ("events", "survey_answers", "customers")
FORMATS = (".csv", ".jsonl")
CHUNK = 1 << 20


def mend(raw: Path, target: Path) -> list[str]:
    """Makes `target` hold a copy in UTF-8 of each text file of `raw` that is not, under its path within `raw`.

    Bytes that are no UTF-8 are read as Windows-1252, where each has a character of its own: ids that differ still do.
    Returns a warning for each such file.
    """
    shutil.rmtree(target, ignore_errors=True)
    warnings = []
    for path in text_files(raw):
        if is_utf8(path):
            continue
        name = path.relative_to(raw)
        copy = target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        mended = copy_as_utf8(path, copy)
        warnings.append(
            f"{name} is not UTF-8 throughout: {mended:,} {'byte was' if mended == 1 else 'bytes were'} read as "
            "Windows-1252. Look whether names are spelt as they should be, and deliver the file in UTF-8."
        )
    return warnings


def text_files(raw: Path) -> list[Path]:
    """The CSV and JSON lines files that a build reads, in the order of their names."""
    found = {Path(folder) / name for folder, _, names in os.walk(raw, followlinks=True) for name in names}
    return sorted(
        path
        for path in found
        if path.suffix.lower() in FORMATS and path.relative_to(raw).as_posix().lower().startswith(TABLES)
    )


def is_utf8(path: Path) -> bool:
    """Whether all of a file is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def copy_as_utf8(path: Path, copy: Path) -> int:
    """Writes the copy and returns how many bytes had to be read as Windows-1252."""
    mended = 0

    def as_windows_1252(error: UnicodeDecodeError) -> tuple[str, int]:
        nonlocal mended
        wrong = error.object[error.start : error.end]
        mended += len(wrong)
        # Five bytes mean nothing there; they stay what they are.
        return "".join(bytes([byte]).decode("cp1252", errors="ignore") or chr(byte) for byte in wrong), error.end

    codecs.register_error("as_windows_1252", as_windows_1252)
    with (
        path.open(encoding="utf-8", errors="as_windows_1252", newline="") as file,
        copy.open("w", encoding="utf-8", newline="") as written,
    ):
        shutil.copyfileobj(file, written, CHUNK)
    return mended
