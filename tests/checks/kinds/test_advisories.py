from __future__ import annotations

import json
import sys
import zipfile
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from pydantic import ValidationError

from checks.advisories.affecting import is_affected
from checks.advisories.records import Affected, Event, Range
from checks.judging import judge
from checks.kinds.advisories import AdvisoriesCheck
from checks.outcome import Observation, Status
from tests.checks.kinds.conftest import Make, MakeContext

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KITE = {"package": {"ecosystem": "PyPI", "name": "Kite.Lib"}}


def record(id_: str = "PYSEC-2026-1", *affected: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": id_, "modified": "2026-03-01T00:00:00Z", "affected": list(affected), **fields}


def ranged(*events: dict[str, str], kind: str = "ECOSYSTEM", **fields: Any) -> dict[str, Any]:
    return {**KITE, "ranges": [{"type": kind, "events": list(events)}], **fields}


OLD = ranged({"introduced": "0"}, {"fixed": "1.2.10"})


@pytest.fixture
def look(make: Make, context: MakeContext) -> Any:
    """Hold `kite-lib` of some version, and a harmless package, against records."""

    def looked(written: Any, version: str = "1.2.9", expect: Any = None, **fields: Any) -> tuple[Status, Observation]:
        made = context(now=lambda: NOW)
        (made.root / "osv.json").write_text(written if isinstance(written, str) else json.dumps(written))
        (made.root / "lock.txt").write_text(f"harmless==1.0\nkite_lib=={version} \\\n    --hash=sha256:00  # pinned\n")
        given = {"records": "osv.json", "requirements": "lock.txt", "expect": expect or {"count": 0}, **fields}
        check = make(AdvisoriesCheck, **given)
        seen = check.observe(made)
        return judge(check, seen)[0], seen

    return looked


@pytest.mark.parametrize(
    ("version", "status"),
    [("1.2.9", "fail"), ("1.2.10", "pass"), ("1.2.10rc1", "fail"), ("1.2.9.post1", "fail"), ("1!0.1", "pass")],
)
def test_a_version_before_the_fix_is_affected(look: Any, version: str, status: str) -> None:
    found, seen = look([record("PYSEC-2026-1", OLD)], version)
    assert found == status
    assert (seen.properties["packages"], seen.properties["records"]) == (2, 1)


def test_what_is_found_is_named_once_with_its_worst_severity(look: Any) -> None:
    records = [
        record("PYSEC-2026-1", OLD, aliases=["CVE-2026-7"]),
        record("GHSA-aaaa", OLD, aliases=["CVE-2026-7"], database_specific={"severity": "CRITICAL"}),
        record("PYSEC-2026-2", {**KITE, "versions": ["1.2.9"]}),
    ]
    status, seen = look(records, expect={"severities.critical": 0})
    assert status is Status.FAIL
    assert seen.properties["count"] == 2
    assert seen.properties["severities"] == {"critical": 1, "high": 0, "moderate": 0, "low": 0, "unknown": 1}
    assert seen.properties["ids"] == ["GHSA-aaaa", "PYSEC-2026-1", "PYSEC-2026-2"]
    assert "kite-lib 1.2.9 (GHSA-aaaa, critical)" in seen.reason


def test_what_is_withdrawn_or_of_another_ecosystem_does_not_count(look: Any) -> None:
    other = {**OLD, "package": {"ecosystem": "npm", "name": "kite-lib"}}
    records = [record("A", OLD, withdrawn="2026-02-01T00:00:00Z"), record("B", other)]
    assert look(records)[0] is Status.PASS


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ([], "no record of PyPI"),
        ([record("B", {"package": {"ecosystem": "npm", "name": "x"}})], "no record of PyPI"),
        ([record("A", OLD, modified="2026-02-01T00:00:00Z")], "newest of 1 records is 29 d old, and at most 7 d"),
        ([record("A", OLD, modified="2031-01-01T00:00:00Z")], "no record of PyPI"),
        ([record("A", ranged({"introduced": "0"}, kind="GIT"))], "it names commits or nothing"),
        ([record("A", ranged({"introduced": "0"}, {"fixed": "abc"}))], "'abc' is no version"),
    ],
)
def test_records_that_are_none_stale_or_unclear_are_no_data(look: Any, records: Any, reason: str) -> None:
    status, seen = look(records)
    assert status is Status.NO_DATA
    assert reason in seen.reason


def test_what_cannot_be_told_never_meets_a_bound(look: Any) -> None:
    unclear = record("B", ranged({"introduced": "0"}, kind="GIT"))
    assert look([record("A", OLD), unclear], expect={"count": {"at_most": 3}})[0] is Status.NO_DATA
    assert look([record("A", OLD), unclear], expect={"count": 0})[0] is Status.FAIL


@pytest.mark.parametrize(
    ("records", "reason"),
    [
        ("{", "osv.json: not JSON"),
        ([{"id": "A"}], "osv.json: not an OSV record: modified"),
        ([1], "not an OSV record"),
        ([record("A", OLD, modified="yesterday")], "modified"),
    ],
)
def test_records_that_are_broken_are_an_error(look: Any, records: Any, reason: str) -> None:
    status, seen = look(records)
    assert status is Status.ERROR
    assert reason in seen.reason


@pytest.mark.parametrize("line", ["kite-lib>=1", "kite-lib==1.*", "kite lib", "kite-lib"])
def test_a_line_that_pins_nothing_is_an_error(look: Any, context: MakeContext, line: str) -> None:
    (context().root / "open.txt").write_text(f"# lock\n{line}\n")
    status, seen = look([record("A", OLD)], requirements="open.txt")
    assert (status, "open.txt, line 2" in seen.reason) == (Status.ERROR, True)


def test_a_folder_and_its_archives_are_read_whole(look: Any, context: MakeContext) -> None:
    folder = context().root / "osv"
    (folder / "deep").mkdir(parents=True)
    with zipfile.ZipFile(folder / "deep" / "all.zip", "w") as archive:
        archive.writestr("A.json", json.dumps(record("A", OLD)))
    (folder / "more.jsonl").write_text(json.dumps(record("B", OLD)) + "\n\n" + json.dumps(record("C")) + "\n")
    status, seen = look([], records="osv")
    assert (status, seen.properties["ids"]) == (Status.FAIL, ["A", "B"])
    (folder / "torn.zip").write_bytes((folder / "deep" / "all.zip").read_bytes()[:60])
    assert look([], records="osv")[0] is Status.ERROR
    assert look([], records="nothing.zip")[0] is Status.ERROR


def test_the_packages_of_a_real_python(make: Make, context: MakeContext) -> None:
    own = record("A", {"package": {"ecosystem": "PyPI", "name": "PyTest"}, "ranges": OLD["ranges"]})
    own["affected"][0]["ranges"] = [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]
    made = context(now=lambda: NOW)
    (made.root / "osv.json").write_text(json.dumps(own))
    seen = make(AdvisoriesCheck, records="osv.json", python=sys.executable, expect={"count": 0}).observe(made)
    assert seen.properties["count"] == 1
    assert seen.properties["packages"] > 30
    without = make(AdvisoriesCheck, records="osv.json", python="no-such-python").observe(made)
    assert (without.status, "command not found" in without.reason) == (Status.ERROR, True)


def test_one_source_of_packages_is_given(make: Make) -> None:
    for fields in ({}, {"python": "python", "requirements": "x"}, {"requirements": "x", "instances": "all"}):
        with pytest.raises(ValidationError):
            make(AdvisoriesCheck, records="x", **fields)


VERSIONS = st.builds(lambda parts: ".".join(map(str, parts)), st.lists(st.integers(0, 4), min_size=1, max_size=3))


@given(own=VERSIONS, spans=st.lists(st.tuples(VERSIONS, VERSIONS), max_size=4))
def test_ranges_mean_the_versions_between_their_ends(own: str, spans: list[tuple[str, str]]) -> None:
    real = [(low, high) for low, high in spans if Version(low) < Version(high)]
    ranges = tuple(Range(type="ECOSYSTEM", events=(Event(fixed=high), Event(introduced=low))) for low, high in real)
    expected = any(Version(low) <= Version(own) < Version(high) for low, high in real)
    assert is_affected(own, Affected(versions=("999",), ranges=ranges)) is expected


@given(own=VERSIONS, last=VERSIONS)
def test_the_last_version_that_is_affected_is_affected(own: str, last: str) -> None:
    events = (Event(introduced="0"), Event(last_affected=last))
    told = is_affected(own, Affected(ranges=(Range(type="ECOSYSTEM", events=events),)))
    assert told is (Version(own) <= Version(last))
