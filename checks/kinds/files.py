"""The kind `files`: how many files there are that match a pattern and are as they should be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from checks.check import Check, Context, Expected
from checks.contents import UnreadableError
from checks.kinds.file import PROPERTIES
from checks.kinds.path_looking import paths_of
from checks.observed import ABSENT, look_up
from checks.outcome import Observation, error, no_data
from checks.query import Query
from checks.units import Dimension, Quantity
from checks.wildcards import fixed_part

MAXIMUM_NAMES = 50


class FilesCheck(Check):
    """How many files match a pattern, and of them how many have the properties that `where` asks for.

    ```yaml
    kind: files
    pattern: ${target.data_dir}/accounts/*.json
    where: {mode: "0600", value: {exists: true}}
    query: api_key
    expect: {count: {at_least: 1}, unparsed: 0}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "exists": "whether the folder before the first wildcard is there",
        "count": "number of matches that are as `where` says; unknown if an unreadable one could change the judgement",
        "total": "number of matches of the pattern alone",
        "unparsed": "number of matches of which `where` could not be told, such as broken JSON",
        "names": "the first 50 paths that count, relative to the folder before the first wildcard",
        "newest_age": "seconds since the latest change of those that count",
        "size": "bytes of those that count, together",
    }
    of_instances: ClassVar[bool] = True

    kind: Literal["files"]
    pattern: str = Field(min_length=1, description="Path with *, ?, […] and ** (any folders).")
    where: Mapping[str, Expected] = Field(default_factory=dict, description="Property of a file to comparator.")
    query: Query | None = Field(default=None, description="JMESPath for the property `value`.")

    @field_validator("where")
    @classmethod
    def _known_properties(cls, where: Mapping[str, Expected]) -> Mapping[str, Expected]:
        unknown = [name for name in where if name.partition(".")[0] not in PROPERTIES]
        if unknown:
            raise ValueError(f"a file has no {', '.join(unknown)}; known are {', '.join(PROPERTIES)}")
        return where

    @model_validator(mode="after")
    def _value_by_a_query(self) -> Self:
        if self.query is None and any(name.partition(".")[0] == "value" for name in self.where):
            raise ValueError("`where` asks for a value, and there is no `query` to find it")
        return self

    def observe(self, context: Context) -> Observation:
        """List the matches and look at each; a folder that cannot be read is an error, never a zero."""
        look = paths_of(context, {name.partition(".")[0] for name in self.where}, self.query)
        pattern = look.path(self.pattern)
        folder, _ = fixed_part(pattern)
        try:
            found = look.matching(pattern)
        except FileNotFoundError:
            return self._without_folder(folder)
        except (UnreadableError, OSError) as problem:
            return error(str(problem))
        counted: list[tuple[Path, dict[str, Any]]] = []
        unparsed = []
        for path in found:
            if context.stop.is_set():
                return error(f"{len(found)} files match, too many to look at in {context.timeout_s:g} s")
            try:
                seen = look.seen(path)
                wanted = all(self._holds(name, seen) for name in self.where)
            except ValueError:
                unparsed.append(str(path.relative_to(folder)))
                continue
            except UnreadableError as problem:
                return error(str(problem))
            if wanted and seen["exists"]:
                counted.append((path, seen))
        ages = [seen["age"] for _, seen in counted]
        return Observation(
            {
                "exists": True,
                "count": self._certain(len(counted), len(unparsed)),
                "total": len(found),
                "unparsed": len(unparsed),
                "names": [str(path.relative_to(folder)) for path, _ in counted[:MAXIMUM_NAMES]],
                "newest_age": min(ages, key=lambda age: age.value) if ages and None not in ages else None,
                "size": Quantity(sum(_bytes(seen) for _, seen in counted), Dimension.SIZE),
            },
            reason=f"not to be read: {', '.join(unparsed[:5])}" if unparsed else "",
        )

    def _holds(self, name: str, seen: Mapping[str, Any]) -> bool:
        observed = look_up(seen, name)
        return self.where[name].check(None if observed is ABSENT else observed).holds is True

    def _certain(self, count: int, unparsed: int) -> int | None:
        """The count, unless one of the unparsed files, counted too, would turn a pass into a miss."""
        expected: Sequence[Expected] = [each["count"] for each in (self.expect, self.prefer) if "count" in each]
        doubtful = any(each.check(count).holds and not each.check(count + unparsed).holds for each in expected)
        return None if doubtful else count

    def _without_folder(self, folder: Path) -> Observation:
        """Zero files in a folder that is not there: can miss an expectation, and passes one only if that is meant."""
        reason = f"the folder {folder} does not exist"
        seen = dict.fromkeys(self.observes) | {"exists": False, "count": 0, "total": 0, "unparsed": 0, "names": []}
        zero_is_fine = "count" not in self.expect or self.expect["count"].check(0).holds
        if "exists" not in self.expect and zero_is_fine:
            return no_data(reason, remedy="Correct the pattern; or expect `exists: false` as well.", **seen)
        return Observation(seen, reason=reason)


def _bytes(seen: Mapping[str, Any]) -> float:
    return seen["size"].value if seen["size"] is not None else 0
