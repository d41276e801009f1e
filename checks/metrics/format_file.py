"""A log format by its name: one that comes with the program, or a YAML file of the user's own."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from checks.errors import ConfigurationError, Problem
from checks.explaining import explain
from checks.metrics.errors import FormatFileError
from checks.metrics.formats import built_in_format
from checks.metrics.log_format import LogFormat
from checks.yaml_reader import MAXIMUM_BYTES, Document, read_yaml

SUFFIXES = (".yaml", ".yml")
"""What a format's name ends with where it is a file."""


def format_named(name: str) -> LogFormat:
    """Load a format: a name ending in .yaml or .yml is a file's.

    Raises UnknownFormatError for another name that is none, and FormatFileError, with every problem and its line and
    column, for a file that can't be read or says what no format can say.
    """
    return read_format(Path(name)) if name.endswith(SUFFIXES) else built_in_format(name)


def read_format(path: Path) -> LogFormat:
    """Load a format from a YAML file; raises FormatFileError for one that is none."""
    try:
        document = _document(path)
        return LogFormat.model_validate(document.data)
    except ValidationError as error:
        raise FormatFileError(str(path), explain(error, LogFormat, document, ())) from error
    except ConfigurationError as error:
        raise FormatFileError(str(path), error.problems) from error


def _document(path: Path) -> Document:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        message = f"the log format can't be read ({error.strerror}); name another file"
        raise ConfigurationError([Problem(str(path), None, None, message)]) from error
    document = read_yaml(content, str(path))
    if not isinstance(document.data, dict):
        raise ConfigurationError([Problem(str(path), 1, 1, "a log format is a mapping with `name` and `syntax`")])
    return document
