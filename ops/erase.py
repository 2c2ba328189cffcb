"""Erases customers, or one person within a customer: `python -m ops.erase --customer ID --raw DIR --warehouse DIR`.

Notes the request and builds from nothing; further options are those of ops.build. A build that fails or is killed
leaves the request open: the next one carries it out.

Exit codes: those of ops.build, 0 where the marts without them are published and nothing of them is left; 1 also where
something of them may be left. What ends with "Nothing was erased" was not noted.
"""

import argparse
import sys

from ops import build
from ops.erasures import SEPARATOR, Erasures
from ops.messages import BuildError, plain
from ops.publish import Warehouse


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.erase", description=__doc__, allow_abbrev=False)
    parser.add_argument("--customer", type=_an_id, action="append", required=True, help="customer_id; may be repeated")
    parser.add_argument("--person", type=_an_id, help="user_id or respondent_id of one person within the customer")
    own, others = parser.parse_known_args(arguments)
    if own.person is not None and len(own.customer) > 1:
        parser.error("--person is a person of one customer: give --customer once.")
    options = build.parse_options(others)
    warehouse = Warehouse(options.warehouse)
    erasures = Erasures(warehouse)
    try:
        if not warehouse.work.is_dir():
            raise BuildError(
                f"{warehouse.folder} is no warehouse, so that there is nothing to erase: choose WAREHOUSE."
            )
        with warehouse.locked():
            build.check_same_folder(warehouse, options)
            digests = erasures.add(own.customer, own.person)
    except (BuildError, OSError) as error:
        print(f"Nothing was erased. {error}", file=sys.stderr)
        return getattr(error, "exit_code", 1)
    code = build.main(others)
    rows = erasures.rows(digests)
    if rows is None:
        print(
            "The request to erase is kept, but not carried out: until a build succeeds, files may still hold what is "
            "to be erased. Any build carries it out."
            if code
            else "Readers see marts without what was to be erased. But what the warning names could not be tidied up, "
            "and files may still hold it: the request is kept, and the next build carries it out whole.",
            file=sys.stderr,
        )
        return code or 1
    found = ", ".join(f"{count:,} of {table}" for table, count in rows.items())
    if found:
        print(f"Erased. Rows set aside: {found}. The raw folder still has them: delete them there too.")
    else:
        print("Erased. But no raw row has that id now. Is it spelled as in the raw folder?")
    return code


def _an_id(text: str) -> str:
    if not text.strip() or SEPARATOR in text or text.encode(errors="ignore").decode() != text:
        raise argparse.ArgumentTypeError(f"{plain(text)!r} is no id: give it as the raw folder has it")
    return text


if __name__ == "__main__":
    sys.exit(main())
