"""Translation of a mart's SELECT to Spark SQL: by sqlglot, and by rules for what sqlglot leaves or changes.

A rule translates one construct and knows no mart. Where the two engines compute differently, the rule writes what
DuckDB computes. docs/scale.md lists what the rules do not cover.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB

from cdp_etl.engines.errors import NotTranslatableError
from cdp_etl.marts.engine.functions import FUNCTIONS

_WIDE: Final = "DECIMAL(38, 0)"
"""Type for HUGEINT. It has no integers above 10^38; Spark fails on overflow, as DuckDB does."""
_TYPES: Final[Mapping[Any, str]] = {exp.DataType.Type.INT128: _WIDE, exp.DataType.Type.UBIGINT: "DECIMAL(20, 0)"}
_EXACT_INTEGERS: Final = "9007199254740992"
"""2^53: every larger DOUBLE is an integer."""

_Rule = Callable[[exp.Expr], exp.Expr]


class _AsWritten(DuckDB):
    """DuckDB's dialect without sqlglot's shift of list positions, which it applies to some expressions only."""

    INDEX_OFFSET = 0


def to_spark(select: str, settings: Mapping[str, Any]) -> str:
    """Return a SELECT of DuckDB in Spark's words.

    Args:
        select: The SELECT.
        settings: Values of the variables that it reads with `getvariable`, by name; they become literals.

    Raises:
        NotTranslatableError: If no rule translates a construct.
    """
    tree = _apply(sqlglot.parse_one(select, dialect=_AsWritten), [_macro])
    # The fields of a row have names in Spark, so a position is one of a row or one of a list.
    rows = _row_names(tree)
    rules: Sequence[_Rule] = (
        _division,
        _integer_division,
        _sum,
        _floor,
        _sign,
        _dates_between,
        _like,
        _star,
        _interval,
        lambda node: _setting(node, settings),
        lambda node: _position(node, rows),
        _row,
        _sorted_list,
        _list_sum,
        _list_reduce,
        _length,
        _appended_null,
        _histogram,
        _asof,
        _parallel_unnest,
        _type,
        _plain_cte,
    )
    return _apply(tree, rules).sql("spark", pretty=True, comments=False)


def spark_type(duckdb_type: str) -> str:
    """Return the type of a column in Spark's words."""
    return _apply(exp.DataType.build(duckdb_type, dialect="duckdb"), [_type]).sql("spark")


def _apply(tree: exp.Expr, rules: Sequence[_Rule]) -> exp.Expr:
    """Apply each rule to all nodes, inner ones first, because a replaced node is not visited again."""
    for rule in rules:
        for node in reversed(list(tree.walk())):
            found = rule(node)
            if node is tree:
                tree = found
            elif found is not node:
                node.replace(found)
    return tree


def _sql(text: str, **parts: exp.Expr) -> exp.Expr:
    """Return the tree of a Spark expression; `:name` is the place of a part."""
    return exp.replace_placeholders(
        sqlglot.parse_one(text, dialect="spark"), **{name: part.copy() for name, part in parts.items()}
    )


def _call(node: exp.Expr, name: str) -> Sequence[exp.Expr] | None:
    """Return the arguments of a call of a function that sqlglot does not know; None for any other node."""
    is_call = isinstance(node, exp.Anonymous) and node.name.lower() == name
    return node.expressions if is_call else None


def _macro(node: exp.Expr) -> exp.Expr:
    """Replace a call of one of the marts' functions by its definition."""
    if not isinstance(node, exp.Anonymous) or node.name not in FUNCTIONS:
        return node
    names, body = _definition(node.name)
    arguments = dict(zip(names, node.expressions, strict=True))
    body = exp.paren(body, copy=True)
    for column in list(body.find_all(exp.Column)):
        column.replace(exp.paren(arguments[column.name], copy=True))
    return body


@cache
def _definition(name: str) -> tuple[Sequence[str], exp.Expr]:
    """Return the names of the parameters of a function and its body; the body calls no other function."""
    created = sqlglot.parse_one(FUNCTIONS[name], dialect=_AsWritten)
    parameters = [parameter.name for parameter in created.this.expressions]
    _apply(created, [_macro])
    return parameters, created.expression


def _division(node: exp.Expr) -> exp.Expr:
    """DuckDB's `/` is a division of DOUBLEs, also of integers and decimals."""
    if not isinstance(node, exp.Div):
        return node
    return exp.Div(this=exp.cast(node.this, "double"), expression=exp.cast(node.expression, "double"), typed=False)


def _integer_division(node: exp.Expr) -> exp.Expr:
    """Spark's `DIV` wraps around beyond 64 bits. So divide decimals, after subtracting the remainder."""
    if not isinstance(node, exp.IntDiv):
        return node
    return _sql(
        f"CAST((CAST(:dividend AS {_WIDE}) - CAST(:dividend AS {_WIDE}) % :divisor) / :divisor AS {_WIDE})",
        dividend=node.this,
        divisor=node.expression,
    )


def _sum(node: exp.Expr) -> exp.Expr:
    """A sum of integers is wider than its terms in DuckDB; in Spark only a sum of decimals is."""
    if not isinstance(node, exp.Sum):
        return node
    return _sql("SUM(:value * CAST(1 AS DECIMAL(1, 0)))", value=exp.paren(node.this))


def _floor(node: exp.Expr) -> exp.Expr:
    """Spark's floor is a BIGINT, which cannot hold every DOUBLE."""
    if not isinstance(node, exp.Floor):
        return node
    return _sql(
        f"CASE WHEN ABS(:value) < {_EXACT_INTEGERS} THEN CAST(FLOOR(:value) AS DOUBLE) ELSE :value END",
        value=node.this,
    )


def _sign(node: exp.Expr) -> exp.Expr:
    """Spark's sign is a DOUBLE, by which a decimal would lose digits."""
    return exp.cast(node.copy(), "tinyint") if isinstance(node, exp.Sign) else node


def _dates_between(node: exp.Expr) -> exp.Expr:
    """Days, or boundaries of months; Spark's `months_between` counts whole months of 31 days."""
    if not isinstance(node, exp.DateDiff):
        return node
    match node.text("unit").upper():
        case "DAY":
            return exp.Anonymous(this="DATEDIFF", expressions=[node.this.copy(), node.expression.copy()])
        case "MONTH":
            return _sql(
                "(YEAR(:until) - YEAR(:since)) * 12 + MONTH(:until) - MONTH(:since)",
                since=node.expression,
                until=node.this,
            )
        case _:
            raise NotTranslatableError(node.sql("duckdb"))


def _like(node: exp.Expr) -> exp.Expr:
    """In a pattern of Spark's, a backslash escapes the character after it."""
    if not isinstance(node, exp.Like):
        return node
    if not isinstance(node.expression, exp.Literal):
        raise NotTranslatableError(node.sql("duckdb"))
    pattern = exp.Literal.string(node.expression.name.replace("\\", "\\\\"))
    return exp.Like(this=node.this.copy(), expression=pattern)


def _star(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Star) and node.args.get("replace"):
        raise NotTranslatableError(node.sql("duckdb"))  # Spark would need the names of all columns
    return node


def _interval(node: exp.Expr) -> exp.Expr:
    if arguments := _call(node, "to_hours"):
        return _sql("make_dt_interval(0, CAST(:hours AS INT))", hours=arguments[0])
    if arguments := _call(node, "to_minutes"):
        return _sql("make_dt_interval(0, 0, CAST(:minutes AS INT))", minutes=arguments[0])
    return node


def _setting(node: exp.Expr, settings: Mapping[str, Any]) -> exp.Expr:
    """Replace a variable by its value. An element that a list lacks is null, as that of a map is."""
    name = _variable(node)
    if name is not None:
        return _literal(settings[name])
    if isinstance(node, exp.Bracket) and node.this.args.get("is_list_setting"):
        return _sql("get(:items, :position - 1)", items=node.this, position=exp.paren(node.expressions[0]))
    return node


def _variable(node: exp.Expr) -> str | None:
    arguments = _call(node, "getvariable")
    return arguments[0].name if arguments else None


def _literal(value: Any) -> exp.Expr:
    if isinstance(value, Mapping):
        entries = [literal for entry in value.items() for literal in map(_literal, entry)]
        return exp.Anonymous(this="MAP", expressions=entries)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _list(value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    # An integer may exceed 32 bits, and Spark reads 1.0 as a decimal.
    return exp.cast(exp.Literal.string(repr(value)), "double" if isinstance(value, float) else "bigint")


def _list(values: Sequence[Any]) -> exp.Expr:
    """Return a list of texts, or of integers. Integers may be thousands, so Spark gets them as one text."""
    if all(isinstance(value, int) for value in values) and values:
        joined = exp.Literal.string(",".join(map(str, values)))
        found = _sql("CAST(SPLIT(:joined, ',') AS ARRAY<BIGINT>)", joined=joined)
    else:
        found = exp.Array(expressions=[_literal(value) for value in values])
    found.set("is_list_setting", True)  # noqa: FBT003 - a mark for `_setting`, not an argument
    return found


def _row_names(tree: exp.Expr) -> frozenset[str]:
    """Return the names of columns that are rows of unnamed fields, or the extremes of such rows."""
    return frozenset(
        alias.alias for alias in tree.find_all(exp.Alias) if _call(_aggregated(alias.this), "row") is not None
    )


def _aggregated(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Filter | exp.Max | exp.Min):
        node = node.this
    return node


def _position(node: exp.Expr, rows: frozenset[str]) -> exp.Expr:
    """Positions count from 1 in DuckDB. A list lacks no element there: it is null."""
    if not isinstance(node, exp.Bracket) or not node.expressions[0].is_int:
        return node
    (position,) = node.expressions
    if isinstance(node.this, exp.Column) and node.this.name in rows:
        return exp.Dot(this=node.this.copy(), expression=exp.to_identifier(f"col{position.name}"))
    return _sql(f"get(:items, {int(position.name) - 1})", items=node.this)


def _row(node: exp.Expr) -> exp.Expr:
    values = _call(node, "row")
    if values is None:
        return node
    fields = [
        part
        for number, value in enumerate(values, 1)
        for part in (exp.Literal.string(f"col{number}"), value.copy())
    ]
    return exp.Anonymous(this="NAMED_STRUCT", expressions=fields)


def _sorted_list(node: exp.Expr) -> exp.Expr:
    """Nulls must be filtered, since Spark drops them; sqlglot drops the order of `list(x ORDER BY x)` unsaid."""
    filtered = node if isinstance(node, exp.Filter) else None
    values = filtered.this if filtered else node
    if not isinstance(values, exp.ArrayAgg) or not isinstance(values.this, exp.Order):
        return node
    if filtered is None and isinstance(node.parent, exp.Filter):
        return node  # the filter is visited next, with its list
    (by,) = values.this.expressions
    if by.this != values.this.this or by.args.get("desc"):
        raise NotTranslatableError(values.sql("duckdb"))
    collected: exp.Expr = exp.ArrayAgg(this=by.this.copy())
    if filtered:
        collected = exp.Filter(this=collected, expression=filtered.expression.copy())
    return exp.Anonymous(this="ARRAY_SORT", expressions=[collected])


def _list_sum(node: exp.Expr) -> exp.Expr:
    arguments = _call(node, "list_sum")
    if not arguments:
        return node
    so_far, term = exp.to_identifier("so_far"), exp.to_identifier("term")
    added = exp.Lambda(this=exp.Add(this=so_far.copy(), expression=term.copy()), expressions=[so_far, term])
    return _folded(arguments[0], added)


def _list_reduce(node: exp.Expr) -> exp.Expr:
    arguments = _call(node, "list_reduce")
    return _folded(*arguments) if arguments else node


def _folded(values: exp.Expr, step: exp.Expr) -> exp.Expr:
    """Fold a list from its first element on; an empty list gives null."""
    return _sql(
        "aggregate(slice(:items, 2, greatest(size(:items), 1)), get(:items, 0), :step)", items=values, step=step
    )


def _length(node: exp.Expr) -> exp.Expr:
    """`len` of a list; sqlglot takes it for that of a text."""
    if isinstance(node, exp.Length) and isinstance(node.this, exp.ArrayFilter | exp.Array):
        return _sql("size(:items)", items=node.this)
    return node


def _appended_null(node: exp.Expr) -> exp.Expr:
    """`list_append(texts, NULL)`: Spark needs the type of the null."""
    if isinstance(node, exp.ArrayAppend) and isinstance(node.expression, exp.Null):
        return _sql("array_append(:items, CAST(NULL AS STRING))", items=node.this)
    return node


def _histogram(node: exp.Expr) -> exp.Expr:
    """Number of occurrences by value, over the rows of a group or the elements of a list."""
    if arguments := _call(node, "histogram"):
        return _counted(_sql("collect_list(:value)", value=arguments[0]))
    if (arguments := _call(node, "list_aggregate")) and arguments[1].name == "histogram":
        return _counted(arguments[0])
    return node


def _counted(values: exp.Expr) -> exp.Expr:
    return _sql(
        "map_from_entries(transform(array_sort(array_distinct(:items)),"
        " key -> struct(key, CAST(size(filter(:items, one -> one = key)) AS BIGINT))))",
        items=values,
    )


def _asof(node: exp.Expr) -> exp.Expr:
    """Join each row with the last row of the same keys at or before it: that one holds until the next."""
    if not isinstance(node, exp.Join) or node.text("method").upper() != "ASOF":
        return node
    conditions = [condition.unnest() for condition in _conjuncts(node.args["on"])]
    (moment,) = (condition for condition in conditions if isinstance(condition, exp.GTE))
    keys = ", ".join(condition.expression.name for condition in conditions if isinstance(condition, exp.EQ))
    at, name = moment.expression.name, node.this.alias_or_name
    with_end = _sql(
        f"SELECT *, LEAD({at}) OVER (PARTITION BY {keys} ORDER BY {at}) AS next_{at} FROM {node.this.name}"
    )
    until = _sql(f"(:moment < {name}.next_{at} OR {name}.next_{at} IS NULL)", moment=moment.this)
    joined = exp.and_(*(condition.copy() for condition in conditions), until)
    return exp.Join(this=exp.Subquery(this=with_end, alias=exp.to_identifier(name)), kind="INNER", on=joined)


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    yield from condition.flatten() if isinstance(condition, exp.And) else [condition]


def _parallel_unnest(node: exp.Expr) -> exp.Expr:
    """DuckDB unnests several lists of one SELECT in parallel; Spark allows one generator."""
    if not isinstance(node, exp.Select):
        return node
    unnested = [one for one in node.expressions if isinstance(one.unalias(), exp.Explode)]
    if len(unnested) < 2:  # noqa: PLR2004 - two or more are in parallel
        return node
    select = node.copy()
    zipped = exp.Anonymous(this="ARRAYS_ZIP", expressions=[one.unalias().this.copy() for one in unnested])
    rows = exp.Aliases(
        this=exp.Anonymous(this="INLINE", expressions=[zipped]),
        expressions=[exp.to_identifier(one.alias) for one in unnested],
    )
    others = [one.copy() for one in node.expressions if one not in unnested]
    select.set("expressions", [*others, rows])
    return select


def _type(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.DataType) and node.this in _TYPES:
        return exp.DataType.build(_TYPES[node.this], dialect="spark")
    return node


def _plain_cte(node: exp.Expr) -> exp.Expr:
    """`AS MATERIALIZED` and `AS NOT MATERIALIZED` change no result."""
    if isinstance(node, exp.CTE):
        node.set("materialized", None)
    return node
