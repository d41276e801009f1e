"""Lines of files as a relation of Spark's: lines(number, line), as the statements read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from checks.metrics.extraction import joins_lines
from checks.metrics.log_format import LogFormat
from checks.metrics.reading import LONGEST_LINE, UNREADABLE
from checks.metrics.spark.dialect import FILE_STRIDE
from checks.metrics.spark.files import PACKED

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CLEAN = f"""
CASE WHEN octet_length(value) > {LONGEST_LINE} OR NOT is_valid_utf8(CAST(value AS STRING)) THEN chr({ord(UNREADABLE)})
  ELSE regexp_replace(regexp_replace(CAST(value AS STRING), '\\\\r\\\\z', ''), '^\\\\uFEFF', '') END
"""

_LOCATED = """
(SELECT value, path, block, place, coalesce(base, CAST(raise_error('no such file: ' || path) AS LONG)) AS base
FROM read LEFT JOIN files USING (path))
"""

_PLACE = "place"
_PLACE_IN_FILE = f"base * {FILE_STRIDE} + row_number() OVER (PARTITION BY path ORDER BY block, place)"
"""What numbers a line: where records have several lines, its file and its place there; else nothing but it."""

_LAST_PLACE = "max_by(place, struct(block, place))"
_LAST_PLACE_IN_FILE = f"max(base) * {FILE_STRIDE} + count(*)"


def view_lines(session: SparkSession, paths: Sequence[str], log_format: LogFormat) -> list[int]:
    """Make the view `lines` of every line of every file; return the numbers of lines that have no end.

    A line that is no text or too long is UNREADABLE. Of packed files it can't be told whether the last line has an end.
    """
    read = session.read.text(list(paths), lineSep="\n")
    files = sorted(read.inputFiles())
    numbered = [(_as_read(file), base, _torn(session, file)) for base, file in enumerate(files)]
    session.createDataFrame(numbered, "path STRING, base LONG, torn BOOLEAN").createOrReplaceTempView("files")
    read.selectExpr(
        "CAST(value AS BINARY) AS value",
        "_metadata.file_path AS path",
        "_metadata.file_block_start AS block",
        "monotonically_increasing_id() AS place",
    ).createOrReplaceTempView("read")
    joins = joins_lines(log_format)
    number, last = (_PLACE_IN_FILE, _LAST_PLACE_IN_FILE) if joins else (_PLACE, _LAST_PLACE)
    lines = f"SELECT {number} AS number, {_CLEAN} AS line FROM {_LOCATED if joins else 'read'}"  # noqa: S608 - constants
    session.sql(lines).createOrReplaceTempView("lines")
    if not any(torn for _, _, torn in numbered):
        return []
    torn = f"SELECT {last} FROM read JOIN files USING (path) WHERE torn GROUP BY path"  # noqa: S608 - constants only
    return [int(row[0]) for row in session.sql(torn).collect()]


def _as_read(file: str) -> str:
    """Write a file's URI as a line's metadata have it."""
    return file.replace("file:///", "file:/", 1)


def _torn(session: SparkSession, file: str) -> bool:
    """Tell whether the last line of a file has no end."""
    if file.endswith(PACKED):
        return False
    java: Any = session.sparkContext._jvm
    path = java.org.apache.hadoop.fs.Path(java.java.net.URI(file))
    system = path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration())
    stream = system.open(path)
    try:
        stream.seek(max(0, system.getFileStatus(path).getLen() - 1))
        return bool(stream.read() not in (-1, ord("\n")))
    finally:
        stream.close()
