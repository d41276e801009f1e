"""Logs become the same window table by Spark: on this machine, or on a cluster that reads them where they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from checks.metrics import statements
from checks.metrics.cells import Cell, cells
from checks.metrics.extraction import KEPT, PLACED, extracted, joins_lines, kept
from checks.metrics.log_format import FieldName, LogFormat
from checks.metrics.quotation import requoted, suspicious
from checks.metrics.selection import Selection, parameters
from checks.metrics.spark.dialect import for_spark
from checks.metrics.spark.files import files_for_spark
from checks.metrics.spark.lines import view_lines
from checks.metrics.spark.session import spark_session
from checks.metrics.table import WindowTable
from checks.metrics.tabulating import tabulated

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

LOCAL = "local[*]"
"""The master that is this machine, with all its cores."""

_PASSED_OVER = f"SELECT (SELECT count(*) FROM lines) - (SELECT count(*) FROM {KEPT})"  # noqa: S608 - constants only


def read_windows_by_spark(
    paths: Sequence[str | Path], *, master: str = LOCAL, log_format: str = "auto", **selection: Unpack[Selection]
) -> WindowTable:
    """Read logs into a window table as `engine.read_windows` does, with the same arguments and the same result.

    A path may also be one that Spark's file systems know, as s3a://bucket/logs/*.jsonl; then the format must be named.
    `master` is the cluster's address.

    Raises LogSourceError where nothing can be read or Spark is not installed, LogEngineError where Spark fails, and
    ValueError for a window below one second or times without a zone.
    """
    asked = parameters(selection)
    files = files_for_spark(paths, log_format)
    with spark_session(master) as session:
        reading = _Reading(session, files.log_format, {**asked, "torn": view_lines(session, *files[:2])})
        try:
            passed_over = reading.count(selection.get("by"))
            return tabulated(
                reading,
                selection,
                log_format=files.log_format,
                sources=files.sources,
                states=Counter(ignored=passed_over),
                notes=Counter(files.notes),
            )
        finally:
            reading.forget()


class _Reading:
    """Spark as a runner of the statements, on the view `lines`; each step is a view for the next."""

    def __init__(self, session: SparkSession, log_format: LogFormat, asked: Mapping[str, Any]) -> None:
        self.session = session
        self.format = log_format
        self.asked = asked
        self.kept: list[DataFrame] = []

    def count(self, by: FieldName | None) -> int:
        """Make the view `counts`; return how many lines no event can be in."""
        columns = [tuple(cell) for cell in cells()]
        self.session.createDataFrame(columns, list(Cell._fields)).createOrReplaceTempView("cells")
        passed_over = 0
        if joins_lines(self.format):
            self.view(KEPT, kept(self.format))
            passed_over = int(self.fetch(_PASSED_OVER)[0][0])
            quotes = self.format.quotes
            if quotes and self.fetch(suspicious(quotes))[0][0]:
                self.view(KEPT, requoted(quotes))
            self.view("placed", PLACED)
        records = extracted(self.format, statements.fields_used(self.format, by))
        self.view("counts", statements.counts(self.format, records, by))
        return passed_over

    def view(self, name: str, statement: str) -> None:
        """Give a statement a name; what it gives is worked out only once."""
        frame = self.session.sql(for_spark(statement, self.asked)).persist()
        self.kept.append(frame)
        frame.createOrReplaceTempView(name)

    def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        """Give a statement's rows."""
        return [tuple(row) for row in self.session.sql(for_spark(statement, self.asked)).collect()]

    def forget(self) -> None:
        """Free what was kept."""
        for frame in self.kept:
            frame.unpersist()
