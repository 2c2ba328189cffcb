"""What compares two builds notices what is not the same in them."""

import duckdb
import published
import pytest

ROWS = "select 1 as place, 'a' as name, cast(0.1 as decimal(9, 6)) as points, 0.5::double as share, 'b1' as build_id"


def compared(*others: str) -> list[str]:
    connection = duckdb.connect()
    connection.execute(f"create schema one_build; create schema other_build; create table one_build.scores as {ROWS}")
    for table in others:
        connection.execute(table)
    return published.differences(connection, "one_build", "other_build")


@pytest.mark.parametrize(
    "rows",
    [
        ROWS,
        ROWS.replace("'b1'", "'b2'"),
        ROWS.replace("0.5", "0.5000000001"),
    ],
)
def test_the_same_rows_are_the_same(rows):
    assert compared(f"create table other_build.scores as {rows}") == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (ROWS.replace("'a'", "'b'"), "scores: 1 rows are not in other_build"),
        (ROWS.replace("0.1", "0.100001"), "scores: 1 rows are not in other_build"),
        (ROWS.replace("0.5", "0.500001"), 'scores."share": 1 numbers differ, such as (0.5, 0.500001)'),
        (ROWS.replace("0.5::double", "null::double"), 'scores."share": 1 numbers differ'),
        (ROWS.replace("1 as place", "1::bigint as place"), "scores: not the same columns"),
        (f"{ROWS} union all {ROWS}", "scores: 1 rows are not in one_build"),
        (f"{ROWS} limit 0", "scores: 1 rows are not in other_build"),
    ],
)
def test_what_differs_is_said(rows, said):
    (found,) = compared(f"create table other_build.scores as {rows}")
    assert found.startswith(said)


def test_a_table_of_one_build_alone_is_said():
    assert compared("create table other_build.others as select 1 as place") == [
        "scores: in one_build alone",
        "others: in other_build alone",
    ]


def test_nothing_published_is_no_agreement():
    assert published.differences(duckdb.connect(), "one_build", "other_build") == ["nothing is published"]
