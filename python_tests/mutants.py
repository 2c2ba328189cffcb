"""Mutants of a model: its SQL without one of its rules. `mutation.py` asks of each whether a test notices it."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.expressions import Expression

# What comes before the bare name of a table, in a build and in a unit test.
PLACE = re.compile(r'"?\w+"?\."?(?:main|main_history|raw|delivered)"?\.|__dbt__cte__(?:raw__|delivered__)?')
CLAUSES = {exp.Where: "where", exp.Having: "having", exp.Qualify: "qualify"}


@dataclass(frozen=True, order=True)
class Mutant:
    """A model without one rule: `kind` says where it stood, `removed` is its text, `occurrence` counts equal ones."""

    model: str
    kind: str
    removed: str
    occurrence: int


@dataclass(frozen=True)
class Rule:
    """A rule in the parsed SQL of a model, and what takes it out."""

    kind: str
    node: Expression
    remove: Callable[[], object]

    @property
    def text(self) -> str:
        """The rule as SQL, with the bare names of tables."""
        return PLACE.sub("", self.node.sql("duckdb", comments=False)).replace('"', "")


def parse(sql: str) -> Expression:
    """The SQL of a model as a tree. Raises sqlglot.errors.ParseError where it is none."""
    return sqlglot.parse_one(sql, dialect="duckdb")


def rules(tree: Expression) -> list[Rule]:
    """All rules, in the order in which they stand."""
    return [rule for node in tree.walk(bfs=False) for rule in rules_of(node)]


def rules_of(node: Expression) -> Iterator[Rule]:
    """The rules that stand right in a node of the tree."""
    if isinstance(node, exp.Where) and isinstance(node.parent, exp.Filter):
        yield from condition("filter", node.this, lambda: node.parent.replace(node.parent.this))
    elif type(node) in CLAUSES:
        yield from condition(CLAUSES[type(node)], node.this, node.pop)
    elif isinstance(node, exp.Join) and node.args.get("on"):
        yield from condition("on", node.args["on"], lambda: node.set("on", exp.true()))
    elif isinstance(node, exp.And | exp.Or) and not isinstance(node.parent, type(node)):
        yield from operands(node)
    elif isinstance(node, exp.Case):
        yield from (
            Rule("when", branch, lambda branch=branch: take_branch(node, branch)) for branch in node.args["ifs"]
        )
    elif isinstance(node, exp.Coalesce):
        yield from (Rule("coalesce", value, lambda value=value: take_value(node, value)) for value in node.expressions)
    elif isinstance(node, exp.Distinct):
        yield Rule("distinct", distinct_values(node), lambda: take_distinct(node))
    elif isinstance(node, exp.Limit):
        yield Rule("limit", node.expression, node.pop)


def condition(kind: str, held: Expression, remove: Callable[[], object]) -> Iterator[Rule]:
    """The only condition of a clause; several are the operands of their `and`, and `false` is none."""
    if not isinstance(held, exp.And | exp.Boolean):
        yield Rule(kind, held, remove)


def operands(chain: Expression) -> Iterator[Rule]:
    """What `and` or `or` joins, each but one taken alone."""
    parts = list(chain.flatten(unnest=False))
    kind = clause_of(chain) if isinstance(chain, exp.And) else "or"
    for place, part in enumerate(parts):
        others = parts[:place] + parts[place + 1 :]
        yield Rule(kind, part, lambda others=others: chain.replace(joined(type(chain), others)))


def clause_of(chain: exp.And) -> str:
    """The clause of which the chain is the whole condition, else `and`."""
    if isinstance(chain.parent, exp.Where) and isinstance(chain.parent.parent, exp.Filter):
        return "filter"
    return CLAUSES.get(type(chain.parent), "on" if isinstance(chain.parent, exp.Join) else "and")


def joined(kind: type[Expression], parts: list[Expression]) -> Expression:
    """The parts under one `and` or `or`."""
    whole, *rest = (part.copy() for part in parts)
    for part in rest:
        whole = kind(this=whole, expression=part)
    return whole


def take_branch(case: exp.Case, branch: exp.If) -> None:
    """Takes a branch; a case without one is what it else was."""
    if len(case.args["ifs"]) > 1:
        branch.pop()
    else:
        case.replace(case.args.get("default") or exp.null())


def take_value(coalesce: exp.Coalesce, value: Expression) -> None:
    """Takes a value that would stand in for a null."""
    if len(coalesce.expressions) > 1:
        value.pop()
    else:
        coalesce.replace(coalesce.this)


def distinct_values(distinct: exp.Distinct) -> Expression:
    """What is there once: the values of an aggregate, or rows."""
    if isinstance(distinct.parent, exp.Select):
        return exp.select(*[value.copy() for value in distinct.parent.expressions]).distinct()
    return distinct


def take_distinct(distinct: exp.Distinct) -> None:
    """Keeps what is there twice."""
    if isinstance(distinct.parent, exp.Select):
        distinct.parent.set("distinct", None)
    else:
        distinct.replace(distinct.expressions[0])


def mutants(model: str, tree: Expression) -> list[Mutant]:
    """What a model may lose, a mutant for each of its rules, in their order."""
    seen, found = Counter(), []
    for rule in rules(tree):
        seen[rule.kind, rule.text] += 1
        found.append(Mutant(model, rule.kind, rule.text, seen[rule.kind, rule.text]))
    return found


def without(tree: Expression, place: int) -> str:
    """The SQL without the rule at that place."""
    tree = tree.copy()
    rules(tree)[place].remove()
    return tree.sql("duckdb", comments=False)
