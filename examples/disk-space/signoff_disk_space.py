"""The kind `disk-space`: how much room there is where a path lies."""

import shutil
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from checks.check import Check, Context
from checks.outcome import Observation, error, failed
from checks.units import Dimension, Quantity


class DiskSpaceCheck(Check):
    """How much room there is on the file system that a path is on.

    ```yaml
    kind: disk-space
    path: .
    expect: {free: {above: 1MB}, used: {below: 100%}}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "free": "bytes that are free",
        "used": "share of the file system that is used, a ratio",
    }

    kind: Literal["disk-space"]
    path: str = Field(min_length=1, description="A file or folder on the file system.")

    def observe(self, context: Context) -> Observation:
        """Ask the system; a path that is not there is a finding, one that cannot be asked of is an error."""
        path = context.path(self.path)
        try:
            usage = shutil.disk_usage(path)
        except FileNotFoundError:
            return failed(f"there is no {path}")
        except OSError as problem:
            return error(f"{path}: {problem.strerror}")
        return Observation(
            {
                "free": Quantity(usage.free, Dimension.SIZE),
                "used": Quantity(usage.used / usage.total, Dimension.RATIO),
            }
        )
