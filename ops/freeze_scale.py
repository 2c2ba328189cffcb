"""Prints the population's scale as a new frozen one: `python -m ops.freeze_scale --warehouse DIR [--version NAME]`.

Reads the published marts and writes nothing: a scale that rules all dates from then on is for a person to look at
and to save. What is printed on stdout is the whole file to save; what to know about it is on stderr.

Exit codes: 0 printed; 1 refused, with a sentence; 2 wrong usage.
"""

import argparse
import sys
from datetime import date
from pathlib import Path

import duckdb

from ops.marts import plain_number, print_file
from ops.messages import BuildError, plain

COLUMNS = ("scale_version", "points", "score")
POPULATION = "population-"


def main(arguments: list[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.freeze_scale", description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True, help="folder in which the marts are published")
    parser.add_argument("--version", help="name of the new scale (default: frozen-<as-of date>)")
    options = parser.parse_args(arguments)
    return print_file(options.warehouse, lambda marts: freeze(marts, options.version))


def freeze(marts: duckdb.DuckDBPyConnection, version: str | None) -> tuple[list[list[str]], str]:
    """The rows of the file to save, header and frozen scales first, and what to know before saving it.

    `marts` is a connection to published marts, `version` the new scale's name (None: `frozen-` and the as-of date).
    Raises BuildError where the name would not come into use, or where the population has no scale worth freezing.
    """
    cuts = marts.execute("""
        select scale_version, points, score, is_in_use, as_of_date from engagement_scales order by scale_version, points
    """).fetchall()
    population = [(points, score) for name, points, score, *_ in cuts if name.startswith(POPULATION)]
    if len(population) < 2:
        raise BuildError(
            "The population's scale has only one cut point, as where nobody is active: there is nothing to freeze."
        )
    as_of_date = cuts[0][-1]
    version = f"frozen-{as_of_date}" if version is None else version
    frozen = [(name, points, score) for name, points, score, *_ in cuts if not name.startswith(POPULATION)]
    _check_name(version, max((name for name, *_ in frozen), default=None))
    rows = frozen + [(version, points, score) for points, score in population]
    in_use = next(name for name, _, _, is_in_use, _ in cuts if is_in_use)
    rows = [[name, plain_number(points), plain_number(score)] for name, points, score in rows]
    return [list(COLUMNS), *rows], "\n".join(
        [
            f"{version} is the population's scale of the build of {as_of_date}. In use is {in_use}.",
            _effect(marts, as_of_date),
            "To use it, look at the lines, save them as engagement_scale.csv in the settings folder (RAW/settings) and",
            "build again: all scores of all dates will be on it. The lines repeat the scales frozen before and are the",
            "whole file; save them elsewhere first, since a refusal prints none and would leave that file empty.",
        ]
    )


def _check_name(version: str, last: str | None) -> None:
    """Raises BuildError for a name that a build would change, take for the population's, or pass over."""
    if not version.isprintable() or not version or version != version.strip():
        raise BuildError(f"{plain(version)!r} is no name for a scale: give printable text without space at its ends.")
    if version.startswith(POPULATION):
        raise BuildError(
            f"{version} would look like a scale of the population: give a name without {POPULATION} in front."
        )
    # Python compares text by code point and DuckDB by bytes of UTF-8, which is the same order.
    if last is not None and version <= last:
        raise BuildError(
            f"The scale with the last name in text order is the one in use, and {version} does not come after {last}: "
            "give a later name with --version (VERSION=name)."
        )


def _effect(marts: duckdb.DuckDBPyConnection, as_of_date: date) -> str:
    """A sentence on how many of the customers scored today stand in another band on the population's scale."""
    scored, moved, up = marts.execute(
        """
        select
            count(*),
            count(*) filter (population.engagement_band <> used.engagement_band),
            count(*) filter (
                population.engagement_band <> used.engagement_band
                and population.engagement_score > used.engagement_score
            )
        from scale_effects as used
        join scale_effects as population using (customer_id)
        where used.is_in_use and starts_with(population.scale_version, $1)
        """,
        [POPULATION],
    ).fetchone()
    if not moved:
        return f"None of the {scored:,} customers scored on {as_of_date} would change its band."
    return (
        f"Of {scored:,} customers scored on {as_of_date}, {moved:,} would change their band: {up:,} to a higher one, "
        f"{moved - up:,} to a lower one. Table scale_effects says which."
    )


if __name__ == "__main__":
    sys.exit(main())
