"""The log statements as Spark reads them: sqlglot does the rest, this is what it does not know of the two dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlglot
from sqlglot import exp

FILE_STRIDE = 10**12
"""`number` of a line in Spark: its file's place times this, and its own place in the file."""

_LINES_END_BY_NEWLINE = "(?d)"
"""Java's regular expressions know other ends of lines as well; RE2's don't."""

_STRICT = "map('allowSingleQuotes', 'false', 'allowNonNumericNumbers', 'false')"
_TO_THE_SECOND = r"regexp_replace({}, '^(.{{10}}[T ][0-9:]{{5}})(Z|[+-].*)$', '$1:00$2')"
"""Of times with a zone Spark asks for seconds."""

_NAMES = {"hash": "xxhash64", "epoch_us": "unix_micros", "try_strptime": "try_to_timestamp"}
_CLF = "dd/MMM/yyyy:HH:mm:ss Z"


def for_spark(statement: str, parameters: Mapping[str, Any]) -> str:
    """Turn a statement of DuckDB's dialect into one of Spark's; its parameters become literals.

    The parameter `torn` is the numbers of lines that have no end.

    Raises sqlglot.errors.SqlglotError for what neither sqlglot nor this module can turn.
    """
    tree = sqlglot.parse_one(statement, read="duckdb")
    turned = tree.transform(lambda node: _turned(node, parameters))
    return turned.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)


def _turned(node: exp.Expr, parameters: Mapping[str, Any]) -> exp.Expr:
    if isinstance(node, exp.Placeholder):
        return _last_lines(parameters["torn"]) if node.name == "torn" else exp.convert(parameters[node.name])
    if isinstance(node, exp.Try):
        return _json_texts(node.this)
    if isinstance(node, exp.RegexpLike | exp.RegexpExtract):
        node.set("expression", exp.convert(_LINES_END_BY_NEWLINE + node.expression.name))
    if isinstance(node, exp.RegexpExtract) and isinstance(node.args.get("group"), exp.Array):
        return _captures(node)
    if isinstance(node, exp.DataType) and node.is_type(exp.DType.UBIGINT):
        return exp.DataType.build("BIGINT")
    if isinstance(node, exp.TryCast) and node.to.is_type(exp.DType.TIMESTAMPTZ):
        node.set("this", sqlglot.parse_one(_TO_THE_SECOND.format(node.this.sql("spark")), read="spark"))
    if isinstance(node, exp.Window):
        return _ordered(node)
    return _renamed(node) if isinstance(node, exp.Anonymous) else node


def _last_lines(numbers: Sequence[int]) -> exp.Expr:
    return exp.In(this=exp.column("number"), expressions=[exp.convert(number) for number in numbers or (-1,)])


def _json_texts(extraction: exp.Expr) -> exp.Expr:
    """Parse once, and as a list of one, for what follows an object on its line is then a mistake too."""
    text = extraction.this.sql("spark")
    keys = [path.this.removeprefix('$."').removesuffix('"') for path in extraction.expression.expressions]
    columns = ", ".join(f"`{key}`: STRING" for key in keys)
    values = ", ".join(f"found[0].`{key}`" for key in keys)
    parsed = f"from_json(concat('[', {text}, ']'), 'ARRAY<STRUCT<{columns}>>', {_STRICT})"
    one = f"transform(array({parsed}), found -> CASE WHEN size(found) = 1 THEN array({values}) END)[0]"
    return sqlglot.parse_one(one, read="spark")


def _captures(node: exp.RegexpExtract) -> exp.Expr:
    parts: list[exp.Expr] = []
    for place, name in enumerate(node.args["group"].expressions, 1):
        capture = exp.RegexpExtract(this=node.this, expression=node.expression, group=exp.convert(place))
        parts += [name, capture]
    return exp.func("named_struct", *parts)


def _ordered(node: exp.Window) -> exp.Expr:
    """Name the order that DuckDB takes from the file, and the file, so that files are worked on apart."""
    if isinstance(node.this, exp.RowNumber):
        return exp.column("number")
    if not node.args.get("partition_by"):
        node.set("partition_by", [sqlglot.parse_one(f"number DIV {FILE_STRIDE}", read="spark")])
    if not node.args.get("order") and (node.args.get("spec") or isinstance(node.this, exp.Lead)):
        node.set("order", exp.Order(expressions=[exp.Ordered(this=exp.column("number"))]))
    return node


def _renamed(node: exp.Anonymous) -> exp.Expr:
    name = node.name.lower()
    if name in _NAMES:
        node.set("this", _NAMES[name])
    if name == "try_strptime":
        node.set("expressions", [node.expressions[0], exp.convert(_CLF)])
    return node
