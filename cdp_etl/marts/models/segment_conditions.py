"""Segments: named conditions over `customer`, read from a YAML file and checked before any of them runs.

A condition is parsed, and every node of the tree must be on a list. The SQL that runs is rendered from the checked
tree, so nothing of the text itself reaches the warehouse.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import yaml
from sqlglot import expressions, parse_one
from sqlglot.errors import SqlglotError

from cdp_etl.contract.render.ddl import quoted
from cdp_etl.marts.errors import SegmentsInvalidError
from cdp_etl.marts.models.customer import CUSTOMER

_ALLOWED = frozenset(
    {
        expressions.Abs, expressions.Add, expressions.And, expressions.Between, expressions.Boolean,
        expressions.Cast, expressions.Coalesce, expressions.Column, expressions.DataType, expressions.EQ,
        expressions.GT, expressions.GTE, expressions.Identifier, expressions.In, expressions.Is, expressions.LT,
        expressions.LTE, expressions.Like, expressions.Literal, expressions.NEQ, expressions.Neg,
        expressions.Not, expressions.Null, expressions.Or, expressions.Paren, expressions.Sub,
    }
)  # fmt: skip # a list
"""Nodes of a condition: comparisons and functions that have one result on any engine."""

_MAX_LENGTH = 10_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_KEYS = {"name", "description", "condition", "personal"}
_COLUMNS = {column.name: column for column in CUSTOMER.columns}


class _Loader(yaml.SafeLoader):
    """Reads YAML in which no mapping has a key twice; otherwise the first of two values would be dropped."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as declared
        """Return the mapping.

        Raises:
            ConstructorError: If a key occurs twice.
        """
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        mapping: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        if len(mapping) < len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key occurs twice", node.start_mark)
        return mapping


def load_segments(path: Path) -> Mapping[str, str]:
    """Return the SQL of each segment's condition, by the name of the segment.

    Raises:
        SegmentsInvalidError: If the file cannot be read, or a segment is not valid.
    """
    try:
        declared = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a safe loader
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:  # ValueError: no such date, no UTF-8
        raise SegmentsInvalidError(path, f"it cannot be read ({type(error).__name__})") from None
    if (
        not isinstance(declared, dict)
        or declared.keys() != {"segments"}
        or not isinstance(declared["segments"], list)
    ):
        raise SegmentsInvalidError(path, "expected the key segments with a list, and no other key")
    conditions: dict[str, str] = {}
    for number, segment in enumerate(declared["segments"], 1):
        name = _checked_name(path, number, segment)
        if name in conditions:
            raise SegmentsInvalidError(path, f"two segments have the name {name}")
        try:
            conditions[name] = _rendered(segment["condition"], is_personal=segment.get("personal", False))
        except (SqlglotError, ValueError) as error:
            fact = str(error) if isinstance(error, ValueError) else "the condition is not SQL"
            raise SegmentsInvalidError(path, f"segment {name}: {fact}") from None
        except RecursionError:
            fact = "the condition is nested too deeply"
            raise SegmentsInvalidError(path, f"segment {name}: {fact}") from None
    _check_types(path, conditions)
    return conditions


def _checked_name(path: Path, number: int, segment: Any) -> str:
    if not isinstance(segment, dict) or not {"name", "description", "condition"} <= segment.keys() <= _KEYS:
        raise SegmentsInvalidError(
            path, f"segment {number}: expected name, description and condition; personal may follow"
        )
    texts = [segment[key] for key in ("name", "description", "condition")]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise SegmentsInvalidError(path, f"segment {number}: name, description and condition must be texts")
    if not _NAME.fullmatch(segment["name"]):
        raise SegmentsInvalidError(path, f"segment {number}: the name must have lower letters, digits and _ only")
    if not isinstance(segment.get("personal", False), bool):
        raise SegmentsInvalidError(path, f"segment {number}: personal must be true or false")
    return str(segment["name"])


def _rendered(condition: str, *, is_personal: bool) -> str:
    """Return the SQL of a condition from its checked tree.

    Raises:
        SqlglotError: If it is not SQL.
        ValueError: If a node is not allowed, or a column is unknown or personal.
    """
    if len(condition) > _MAX_LENGTH:
        raise ValueError(f"the condition is longer than {_MAX_LENGTH:,} characters")
    tree = parse_one(condition, dialect="duckdb")
    for fact in _faults(tree, is_personal=is_personal):
        raise ValueError(fact)
    return tree.sql(dialect="duckdb", identify=True, comments=False)


def _faults(tree: expressions.Expr, *, is_personal: bool) -> Iterator[str]:
    for node in tree.walk():
        if type(node) not in _ALLOWED:
            yield f"{type(node).__name__} is not allowed in a condition"
        elif isinstance(node, expressions.Cast) and not _is_date(node):
            yield "only a date may be converted, as in DATE '2026-03-01'"
        elif isinstance(node, expressions.Column):
            column = _COLUMNS.get(node.name)
            if column is None or len(node.parts) > 1:
                yield f"customer has no such column; it has {', '.join(_COLUMNS)}"
            elif column.personal and not is_personal:
                yield f"{column.name} is personal; add personal: true to the segment if that is intended"


def _is_date(cast: expressions.Cast) -> bool:
    return isinstance(cast.this, expressions.Literal) and cast.to.this is expressions.DataType.Type.DATE


def _check_types(path: Path, conditions: Mapping[str, str]) -> None:
    """Check that each condition can be evaluated and is true or false, by a row of nulls."""
    columns = ", ".join(f"{quoted(column.name)} {column.type.duckdb}" for column in CUSTOMER.columns)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE customer ({columns})")
        connection.execute("INSERT INTO customer (company_id) VALUES (NULL)")
        for name, condition in conditions.items():
            try:
                (found,) = connection.sql(f"SELECT {condition} AS found FROM customer").types
                connection.execute(f"SELECT {condition} AS found FROM customer").fetchall()
            except duckdb.Error as error:
                fact = f"segment {name}: its values cannot be compared ({type(error).__name__})"
                raise SegmentsInvalidError(path, fact) from None
            if found != "BOOLEAN":
                raise SegmentsInvalidError(path, f"segment {name}: the condition must be true or false")
