"""Spark itself: a session of one's own, and the one bridge for its errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from checks.metrics.errors import LogEngineError, LogSourceError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}
_ALONE = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}
"""Spark on this machine talks to nobody else."""

_MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "false",
    "spark.sql.caseSensitive": "true",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
}
"""What the statements rely on, and that nothing is left out in silence."""


@contextmanager
def spark_session(master: str) -> Iterator[SparkSession]:
    """Open a session in the Spark of this process, which is started where there is none, and then stopped.

    `master` is the cluster's address, or `local[*]` for this machine. Raises LogSourceError where pyspark is not
    installed, and LogEngineError, with the cause, for every error of Spark's inside the block.
    """
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ImportError as error:
        remedy = "install it: pip install 'signoff[spark]', and Java 17 or newer"
        raise LogSourceError("the engine spark", "pyspark is not installed", remedy) from error
    is_local = master.startswith("local")
    running = SparkSession.getActiveSession()
    try:
        builder = SparkSession.builder.appName("signoff logs").master(master)
        for name, value in (_QUIET | _ALONE if is_local else _QUIET).items():
            builder = builder.config(name, value)
        builder = builder.config("spark.sql.warehouse.dir", Path(gettempdir(), "signoff-spark-warehouse").as_uri())
        started = running or builder.getOrCreate()
        try:
            session = started.newSession()
            for name, value in _MEANING.items():
                session.conf.set(name, value)
            if is_local:
                session.conf.set("spark.sql.shuffle.partitions", str(os.cpu_count() or 1))
            yield session
        finally:
            if not running:
                started.stop()
    except (PySparkException, Py4JError, OSError) as error:
        problem = f"Spark failed: {_first_line(error)}"
        remedy = "check that Java 17 or newer is installed, and that the cluster is up and may read these files"
        raise LogEngineError("the logs", problem, remedy) from error


def _first_line(error: Exception) -> str:
    """Give what says most: of an error of Java's, its own words."""
    java = getattr(error, "java_exception", None)
    return str(java.toString() if java else error).strip().split("\n", 1)[0]
