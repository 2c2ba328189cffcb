"""Mutants are what they should be, what changes a result is noticed, and the list of equivalent ones is sound."""

import json

import duckdb
import mutation
import pytest
from mutants import Mutant, mutants, parse, without
from mutation import Verdict, judged, layer_of, mutants_of
from mutation_checks import Build, NoModel, Step, Text, UnitTest

SQL = """
with sizes as (
    select distinct a, coalesce(b, c, 0) as b
    from "work"."main"."things" as t
    inner join __dbt__cte__others as o on t.id = o.id and o.n > 1
    where t.is_good and (t.x = 1 or t.y is null)
)
select
    case when a > 1 and b > 2 then 'big' when a > 0 then 'small' else 'none' end as size,
    count(distinct b) filter (where b > 0) as bs
from sizes
group by all
having count(*) > 1
qualify row_number() over (order by size) = 1
limit 1
"""
RULES = {
    ("distinct", "SELECT DISTINCT a, COALESCE(b, c, 0) AS b"): "WITH sizes AS (SELECT a, COALESCE(b, c, 0) AS b FROM",
    ("coalesce", "c"): "COALESCE(b, 0)",
    ("coalesce", "0"): "COALESCE(b, c)",
    ("on", "t.id = o.id"): "AS o ON o.n > 1 WHERE",
    ("on", "o.n > 1"): "AS o ON t.id = o.id WHERE",
    ("where", "t.is_good"): "WHERE (t.x = 1 OR t.y IS NULL))",
    ("where", "(t.x = 1 OR t.y IS NULL)"): "WHERE t.is_good)",
    ("or", "t.x = 1"): "AND (t.y IS NULL)",
    ("or", "t.y IS NULL"): "AND (t.x = 1)",
    ("when", "CASE WHEN a > 1 AND b > 2 THEN 'big' END"): "CASE WHEN a > 0 THEN 'small' ELSE 'none' END",
    ("when", "CASE WHEN a > 0 THEN 'small' END"): "CASE WHEN a > 1 AND b > 2 THEN 'big' ELSE 'none' END",
    ("and", "a > 1"): "CASE WHEN b > 2 THEN 'big'",
    ("and", "b > 2"): "CASE WHEN a > 1 THEN 'big'",
    ("filter", "b > 0"): "COUNT(DISTINCT b) AS bs",
    ("distinct", "DISTINCT b"): "COUNT(b) FILTER(WHERE b > 0)",
    ("having", "COUNT(*) > 1"): "GROUP BY ALL QUALIFY",
    ("qualify", "ROW_NUMBER() OVER (ORDER BY size) = 1"): "HAVING COUNT(*) > 1 LIMIT 1",
    ("limit", "1"): "ORDER BY size) = 1",
}


def test_each_rule_of_a_model_is_found_where_it_stands_and_taken_out_alone():
    tree = parse(SQL)
    found = mutants("m", tree)
    assert {(one.kind, one.removed) for one in found} == set(RULES) and len(found) == len(RULES)
    for place, one in enumerate(found):
        left = without(tree, place)
        assert RULES[one.kind, one.removed] in left and left != tree.sql("duckdb"), one
    # The tree itself stays as it was.
    assert mutants("m", tree) == found


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        ("select case when a then 1 else 2 end", "SELECT 2"),
        ("select case when a then 1 end", "SELECT NULL"),
        ("select coalesce(a, 0)", "SELECT a"),
        ("select 1 from a join b on a.x = b.x", "SELECT 1 FROM a JOIN b ON TRUE"),
        ("select 1 from a where x > 1", "SELECT 1 FROM a"),
    ],
)
def test_the_last_rule_of_its_kind_leaves_what_would_be_without_it(sql, left):
    assert without(parse(sql), 0) == left


def test_equal_rules_are_told_apart_by_their_order_and_false_is_no_rule():
    found = mutants(
        "m", parse("select 1 from a where x > 1 union all select 2 from b where x > 1 union all select 3 where false")
    )
    assert found == [Mutant("m", "where", "x > 1", 1), Mutant("m", "where", "x > 1", 2)]


def test_a_rule_keeps_its_place_where_settings_give_it_another_text():
    known = Text("m", "select 1 from a where day = 'Monday' and n > 1").rules
    other = Text("m", "select 1 from a where day = 'Sunday' and n > 1")
    assert other.without(known[0], known) == "SELECT 1 FROM a WHERE n > 1"
    fewer = Text("m", "select 1 from a where n > 1")
    assert fewer.without(known[0], known) is None
    assert fewer.without(known[1], known) == "SELECT 1 FROM a"


ANSWERS = """
with __dbt__cte__answers as (select * from (values (1, 'a'), (2, null)) as rows (n, name)),
answers as (select * from __dbt__cte__answers)
select n, coalesce(name, 'none') as name, n > 0 as is_positive from answers where n > 0 and n < 2
"""
EXPECTED = """
with actual as (select
    "n", "name", 'actual' as "actual_or_expected" from ({})),
expected as (select 1 as n, 'a' as name, 'expected' as actual_or_expected)
select * from actual union all select * from expected
"""


def test_a_unit_test_notices_what_changes_the_columns_that_it_expects():
    check = UnitTest("one_answer_counts", "m", ANSWERS, EXPECTED.format(ANSWERS))
    known = Text("m", ANSWERS).rules
    noticed = {one.removed: check.notices(one, known) for one in known}
    assert noticed == {"'none'": False, "n > 0": False, "n < 2": True}
    with pytest.raises(AssertionError, match="wrong"):
        UnitTest("wrong", "m", ANSWERS, EXPECTED.format(ANSWERS).replace("'a' as name", "'b' as name"))


STEPS = {
    "stg_things": "select * from (values ('a', 1), ('b', 2), ('c', -1)) as rows (event_type, n) where n > -9",
    "int_things": 'select event_type, n from "work"."main"."stg_things" where n > 0 and n < 99',
    "unweighted_event_types": """
        select event_type, coalesce(sum(n), 0) as events, 'b1' as build_id
        from "work"."main"."int_things" where event_type <> 'b' group by event_type
    """,
}


@pytest.fixture
def small_build() -> Build:
    """A staging model, a step and a published table, in a database of their own."""
    parents, steps = frozenset(), []
    for name, sql in STEPS.items():
        is_published = name == "unweighted_event_types"
        relation = f'"{"customer_scores" if is_published else "work"}"."main"."{name}"'
        steps.append(Step(name, relation, sql, "sql", parents, is_published, f"from {relation}"))
        parents = frozenset([name])

    def connect() -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect()
        connection.execute("attach ':memory:' as work; attach ':memory:' as customer_scores")
        for step in steps:
            connection.execute(f"create table {step.relation} as {step.sql}")
        return connection

    return Build("small", connect, steps)


def test_a_build_notices_what_reaches_a_published_table_and_nothing_else(small_build):
    noticed = {}
    for model, sql in STEPS.items():
        known = Text(model, sql).rules
        noticed |= {(model, one.removed): small_build.notices(one, known) for one in known}
    assert noticed == {
        ("stg_things", "n > -9"): False,
        ("int_things", "n > 0"): True,
        ("int_things", "n < 99"): False,
        ("unweighted_event_types", "0"): False,
        ("unweighted_event_types", "event_type <> 'b'"): True,
    }


class Answer:
    """A check that gives or raises one answer after the other."""

    def __init__(self, *answers: bool | Exception):
        self.name, self.answers, self.opened = "check", list(answers), 0

    def open(self) -> None:
        self.opened += 1

    def notices(self, *_: object) -> bool:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


ONE = Mutant("stg_events", "where", "n > 0", 1)


@pytest.mark.parametrize(
    ("answers", "verdict"),
    [
        ([[False], [True]], Verdict(ONE, by="check")),
        ([[False], [False]], Verdict(ONE)),
        ([[duckdb.ConversionException("no number")]], Verdict(ONE, by="check")),
        ([[NoModel("no such column")]], Verdict(ONE, is_model=False)),
        ([[duckdb.InterruptException("too long")], [False]], Verdict(ONE, note="too much to run: check")),
        ([[duckdb.InternalException("dictionary"), True]], Verdict(ONE, by="check")),
    ],
)
def test_a_mutant_is_caught_by_the_first_check_that_notices_it_or_that_it_stops(answers, verdict):
    checks = [Answer(*given) for given in answers]
    assert judged(ONE, [ONE], checks) == verdict
    assert [one.opened for one in checks] == [len(given) - 1 for given in answers]


def test_the_share_is_of_what_is_not_equivalent_and_the_list_must_hold(monkeypatch, capsys):
    mutated = [Mutant("stg_events", "where", f"n > {n}", 1) for n in range(22)]
    verdicts = [Verdict(one, by="a_unit_test") for one in mutated[:19]]
    verdicts += [Verdict(mutated[19]), Verdict(mutated[20]), Verdict(mutated[21], is_model=False)]
    layers = {"stg_events": "staging"}
    listed = {mutated[20]: "spares work"}
    monkeypatch.setattr(mutation, "listed_equivalents", lambda: listed)
    assert mutation.figures(verdicts, layers, listed)[0] == ("staging", 20, 1, 19, 95)
    assert mutation.report(verdicts, layers) == 0
    assert "survived: stg_events,where,n > 19,1\n" in capsys.readouterr().out
    # One that is caught, and one that is no longer there.
    listed |= {mutated[0]: "spares work", Mutant("gone", "where", "n > 0", 1): "spares work"}
    assert mutation.report(verdicts, layers) == 1
    shown = capsys.readouterr().out
    assert "but caught by a_unit_test: stg_events,where,n > 0,1" in shown
    assert "there is no such mutant: gone,where,n > 0,1" in shown
    # 18 of 20 are too few.
    listed.clear()
    assert mutation.report([Verdict(one) for one in mutated[:2]] + verdicts[2:20], layers) == 1


def test_the_list_of_equivalents_names_mutants_that_exist_each_once_with_a_reason(demo, build):
    result = build(demo)
    assert result.returncode == 0, result.output
    nodes = json.loads((result.warehouse / "work" / "target" / "manifest.json").read_text())["nodes"]
    nodes = {node["name"]: node for node in nodes.values() if layer_of(node) in mutation.LAYERS}
    listed = mutation.listed_equivalents()
    known = {one for model in {one.model for one in listed} for one in mutants_of(nodes[model])}
    assert listed and set(listed) <= known
    assert all(reason.strip() for reason in listed.values())
    assert len(mutation.EQUIVALENT.read_text().splitlines()) == len(listed) + 1
