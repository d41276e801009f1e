"""The kind `advisories`: known vulnerabilities of the packages that are installed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from checks.advisories.affecting import ECOSYSTEM, Affection, affecting
from checks.advisories.records import SEVERITIES, Record, read_records
from checks.check import Check, Context
from checks.contents import UnreadableError, read_bounded
from checks.far.carrying import Unreachable, run_there
from checks.judging import judge
from checks.kinds.command import run, why_unusable
from checks.outcome import Evidence, Observation, Status, error, no_data
from checks.query import parse_json
from checks.times import Seconds
from checks.units import Dimension, Quantity

LIST = """\
import importlib.metadata, json
found = [(each.metadata["Name"], each.version) for each in importlib.metadata.distributions()]
print(json.dumps(found))
"""
"""Has a Python say which packages it would import."""
FUTURE = timedelta(days=1)
"""How far in the future the time of a record may lie, for clocks that differ; one beyond that says nothing of age."""
SHOWN = 200


class AdvisoriesCheck(Check):
    """Hold the packages that a Python has installed, or that a file pins, against OSV records that lie here.

    ```yaml
    kind: advisories
    records: osv/PyPI/all.zip
    python: python
    max_age: 7d
    expect: {count: 0}
    ```
    """

    observes: ClassVar[Mapping[str, str]] = {
        "count": "vulnerabilities that affect a package; null where of any it cannot be told",
        "ids": "the names of those, as the databases give them, sorted",
        "severities": "how many are critical, high, moderate, low, and unknown where no record says it in a word",
        "packages": "how many packages were looked at",
        "records": "how many records of this ecosystem there are",
        "age": "seconds since the newest record was changed",
    }
    of_instances: ClassVar[bool] = True

    kind: Literal["advisories"]
    records: str = Field(min_length=1, description="OSV records: a .json, .jsonl or .zip file, or a folder of such.")
    python: str | None = Field(default=None, description="The interpreter whose packages are looked at.")
    requirements: str | None = Field(default=None, description="Or a file that pins packages, as name==version.")
    max_age: Seconds = Field(
        default=7 * 86_400.0, gt=0, description="Where the newest record is older, nothing can be told."
    )
    timeout: Seconds = Field(default=120.0, gt=0, description="After that the check is an error.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.python is None) == (self.requirements is None):
            raise ValueError("give `python`, whose packages are looked at, or `requirements`, a file that pins them")
        if self.instances and self.python is None:
            raise ValueError("of an instance, the packages of its `python` are looked at")
        return self

    def observe(self, context: Context) -> Observation:
        """Read all records, list the packages, and compare; without records that are new enough nothing is known."""
        try:
            records = [each for each in read_records(context.path(self.records)) if _is_of_ecosystem(each)]
        except (UnreadableError, ValueError) as problem:
            return error(f"the records cannot be used: {problem}")
        known = [each.modified for each in records if each.modified <= context.now() + FUTURE]
        if not known:
            return no_data(f"{self.records} holds no record of {ECOSYSTEM}", remedy="fetch the records anew")
        age = Quantity(max(0.0, (context.now() - max(known)).total_seconds()), Dimension.TIME)
        if age.value > self.max_age:
            allowed = Quantity(self.max_age, Dimension.TIME)
            reason = f"the newest of {len(records)} records is {age} old, and at most {allowed} are allowed"
            return no_data(reason, remedy="fetch the records anew, or allow a longer `max_age`", age=age)
        try:
            installed = self._pinned(context) if self.requirements else self._installed(context)
        except (UnreadableError, Unreachable, ValueError) as problem:
            return error(f"the packages cannot be listed: {problem}")
        if not installed:
            return no_data("no package is there to look at")
        seen = {"packages": len(installed), "records": len(records), "age": age}
        return self._told(affecting(installed, records), seen)

    def _told(self, affection: Affection, seen: dict[str, Any]) -> Observation:
        """What was found; where of some it cannot be told, that can miss an expectation and never meets one."""
        found, untold = affection.found, affection.untold
        counted = Counter(each.severity for each in found)
        seen |= {
            "count": len(found),
            "ids": sorted({name for each in found for name in each.ids})[:SHOWN],
            "severities": {word: counted[word] for word in SEVERITIES},
        }
        told = {"found": [asdict(each) for each in found[:SHOWN]], "untold": untold[:SHOWN]}
        evidence = Evidence("advisories.json", json.dumps(told, indent=1).encode())
        shown = [f"{each.package} {each.version} ({each.ids[0]}, {each.severity})" for each in found[:5]]
        reason = f"affected: {', '.join(shown)}" if found else f"{seen['packages']} packages, {seen['records']} records"
        observation = Observation(seen, (evidence,), reason=reason)
        if untold and judge(self, observation)[0] in {Status.PASS, Status.WARN}:
            return no_data(f"it cannot be told of {len(untold)}: {untold[0]}", evidence, **seen | {"count": None})
        return observation

    def _installed(self, context: Context) -> list[tuple[str, str]]:
        """The packages of an interpreter; raises ValueError or Unreachable."""
        argv = [self.python or "", "-I", "-c", LIST]
        where = context.elsewhere
        result = run(argv, context) if where is None else run_there(where, argv, context)
        problem = why_unusable(result, context.timeout_s)
        if problem is None and result.exit_code != 0:
            problem = f"{self.python} ended with {result.exit_code}"
        if problem is None and result.stdout_truncated:
            problem = f"{self.python} names more packages than are read"
        if problem is not None:
            raise ValueError(problem)
        return [(str(name), str(version)) for name, version in parse_json(result.stdout)]

    def _pinned(self, context: Context) -> list[tuple[str, str]]:
        """The packages that a requirements file pins; raises ValueError for a line that pins nothing."""
        from packaging.requirements import InvalidRequirement, Requirement

        content = read_bounded(context.path(self.requirements or "")).decode("utf-8", "replace")
        pinned = []
        for number, line in enumerate(content.replace("\\\n", " ").splitlines(), start=1):
            text = line.partition(" #")[0].partition(" --hash")[0].strip()
            if not text or text.startswith(("#", "-")):
                continue
            try:
                requirement = Requirement(text)
            except InvalidRequirement as problem:
                raise ValueError(f"{self.requirements}, line {number}: {problem}") from problem
            exact = [each.version for each in requirement.specifier if each.operator in {"==", "==="}]
            if len(exact) != 1 or exact[0].endswith(".*"):
                raise ValueError(f"{self.requirements}, line {number}: {requirement.name} is not pinned by ==")
            pinned.append((requirement.name, exact[0]))
        return pinned


def _is_of_ecosystem(record: Record) -> bool:
    return any(each.package and each.package.ecosystem.partition(":")[0] == ECOSYSTEM for each in record.affected)
