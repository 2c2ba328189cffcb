"""A short soak of a small project: readers never fail and never see half a build, whatever becomes of the builds.

`make soak` does it for minutes, with the project itself.
"""

import textwrap

import duckdb
from test_publish import FILES

from benchmarks.soak import Figures, Readings, differences, soak

EVENTS = """read_parquet('{{ env_var("CUSTOMER_SCORES_RAW") }}/events*.parquet')"""
PROJECT = {name: text for name, text in FILES.items() if not name.startswith(("models/", "tests/"))} | {
    # Kept from build to build.
    "models/kept_days.sql": f"""
        {{{{ config(materialized='incremental', schema='history', unique_key='load_date') }}}}
        select cast(loaded_at as date) as load_date, count(*) as events from {EVENTS}
        {{% if is_incremental() %}}
        where cast(loaded_at as date) >= (select max(load_date) from {{{{ this }}}})
        {{% endif %}}
        group by all
    """,
    "models/days.sql": "select *, {{ stamp() }} from {{ ref('kept_days') }}",
    "models/customers.sql": f"select customer_id, count(*) as events, {{{{ stamp() }}}} from {EVENTS} group by all",
    "models/row_reconciliation.sql": f"""
        select
            'events' as source_table, count(*) as raw_rows, (select sum(events) from {{{{ ref('days') }}}}) as accepted,
            0 as duplicates, 0 as rejected, 0 as erased, {{{{ stamp() }}}}
        from {EVENTS}
    """,
}


def test_readers_see_whole_builds_while_builds_are_killed(tmp_path):
    for name, text in PROJECT.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    folder = tmp_path / "soak"
    folder.mkdir()
    figures = soak(folder, seed=7, minutes=10, builds=6, options=("--project-dir", str(tmp_path / "project")))
    text, is_sound = figures.report()
    print(text)
    assert is_sound, text
    assert figures.builds == 7 and figures.kills["publishing"] and len(figures.published) >= 3
    assert sum(reading.kept_open for reading in figures.readings)


def test_a_soak_that_finds_something_says_so(tmp_path):
    def is_sound(*readings: Readings, **found: object) -> bool:
        return Figures(readings=list(readings), published={"1": {"scores": 2}}, **{"differences": 0} | found).report()[
            1
        ]

    whole = Readings(rows={("1", "scores"): 2})
    assert is_sound(whole)
    assert not is_sound(whole, Readings(failed=["IO Error"]))
    assert not is_sound(whole, Readings(mixed=1))
    assert not is_sound(Readings(rows={("1", "scores"): 1}))
    assert not is_sound(whole, Readings(rows={("2", "scores"): 2}))
    assert not is_sound()
    assert not is_sound(whole, differences=1)
    assert not is_sound(whole, problems=["Build 2 ended with code 1"])

    paths = [tmp_path / "one.duckdb", tmp_path / "other.duckdb"]
    for number, path in enumerate(paths):
        with duckdb.connect(str(path)) as connection:
            connection.execute(
                f"create table scores as select unnest({[1, 2][: 1 + number]}) as x, {number} as build_id"
            )
    assert differences(*paths) == 1 and differences(paths[0], paths[0]) == 0
