"""Terms of a release beside who signs: deadlines, scopes, revoked keys, overrides, and environments before it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from defusedxml.ElementTree import fromstring

from checks.outcome import RunRecord
from checks.signing import approving, overriding
from checks.signing.asking import ask
from checks.signing.errors import SigningError
from checks.signing.gate import Decided, Decision
from checks.signing.trust import read_trust
from tests.checks.running import checklist, stage, told, write
from tests.reports.html_page import read_page
from tests.reports.test_junit import cases, outcome
from tests.signoff.conftest import Command
from tests.signoff.signing import gated, line, make_key, run_of

pytestmark = pytest.mark.usefixtures("plugin")

Keys = dict[str, Path]
WHY = "the outage is worse than the p95"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    return {name: make_key(folder, name) for name in ("alice", "bob")}


@pytest.fixture
def allowed(tmp_path: Path, keys: Keys) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text("".join(f"{line(key)}\n" for key in keys.values()))
    return path


def record_of(run: Path) -> RunRecord:
    return RunRecord.model_validate_json((run / "verdict.json").read_bytes())


def approved(run: Path, key: Path, role: str = "qa-lead", after: timedelta = timedelta(0)) -> None:
    record = record_of(run)
    approving.approve(run, record, role, key, "approve", "", record.finished_at.replace(microsecond=0) + after)


def asked(run: Path, allowed: Path, after: timedelta = timedelta(seconds=1), **bundles: Path) -> Decision:
    return ask(run, read_trust(allowed, None), record_of(run).finished_at + after, bundles)


def test_a_deadline_that_has_passed_holds_and_says_so(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    run = run_of(signoff, tmp_path / "one", approvals=[{"role": "qa-lead", "deadline": "2h"}])
    early = asked(run, allowed, timedelta(hours=1))
    assert (early.decision, early.reasons) == (Decided.HOLD, ("qa-lead: awaiting a signature",))
    assert early.approvals[0].deadline == record_of(run).finished_at + timedelta(hours=2)
    late = asked(run, allowed, timedelta(hours=3))
    assert late.decision is Decided.HOLD
    assert "qa-lead: awaited until 20" in late.reasons[0]
    assert "run the checklist again" in late.reasons[0]
    approved(run, keys["alice"], after=timedelta(hours=2, minutes=1))
    (state,) = asked(run, allowed, timedelta(hours=3)).approvals
    assert (state.state, "alice signed after the deadline" in state.reason) == ("invalid", True)
    approved(run, keys["alice"], after=timedelta(hours=1))
    assert asked(run, allowed, timedelta(days=9)).decision is Decided.GO


def test_a_role_vouches_for_its_scope_and_somebody_for_every_check(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    roles = [{"role": "qa-lead", "scope": ["a"]}, {"role": "tech-lead", "scope": ["b"]}]
    run = run_of(signoff, tmp_path / "one", told("a"), told("b"), told("c"), approvals=roles)
    approved(run, keys["alice"])
    approved(run, keys["bob"], "tech-lead")
    decision = asked(run, allowed)
    assert (decision.decision, decision.reasons) == (Decided.HOLD, ("no role vouches for c; widen a role's scope",))
    statements = [json.loads(path.read_text()) for path in sorted((run / "signatures").glob("*.json"))]
    assert [each["predicate"]["vouches_for"] for each in statements] == [["a"], ["b"]]
    whole = [{"role": "qa-lead", "scope": ["first"]}]
    run = run_of(signoff, tmp_path / "two", told("a"), told("b"), approvals=whole)
    approved(run, keys["alice"])
    assert asked(run, allowed).decision is Decided.GO


@pytest.mark.parametrize(
    ("approval", "message"),
    [
        ({"role": "qa-lead", "scope": ["unit-test"]}, "qa-lead: scope names 'unit-test', no stage or check"),
        ({"role": "qa-lead", "may_also_be": ["qa-leed"]}, "may_also_be names 'qa-leed', which is no role"),
        ({"role": "qa-lead", "deadline": "-2h"}, "deadline: '-2h' is negative"),
        ({"role": "qa-lead", "scope": []}, "scope: Tuple should have at least 1 item"),
    ],
)
def test_what_no_role_can_mean_is_an_error_of_the_checklist(
    signoff: Command, tmp_path: Path, approval: dict[str, Any], message: str
) -> None:
    said = signoff("lint", write(tmp_path, checklist(stage(told("unit-tests")), approvals=[approval])))
    assert said.code == 2
    assert message in said.err


def test_a_revoked_key_counts_no_longer(signoff: Command, tmp_path: Path, allowed: Path, keys: Keys) -> None:
    run = run_of(signoff, tmp_path / "one")
    approved(run, keys["alice"])
    revoked = tmp_path / "revoked.krl"
    for name, code in (("bob", 0), ("alice", 3)):
        subprocess.run(
            ["ssh-keygen", "-q", "-k", "-f", str(revoked), str(keys[name].with_suffix(".pub"))], check=True, timeout=20
        )
        said = signoff("gate", run, "--allowed-signers", allowed, "--revoked-keys", revoked, "--json")
        assert said.code == code
    assert "a key of alice that was revoked" in json.loads(said.out)["reason"]
    revoked.write_text("no list")
    for path in (revoked, tmp_path / "none"):
        said = signoff("gate", run, "--allowed-signers", allowed, "--revoked-keys", path)
        assert (said.code, "list of revoked keys" in said.err) == (2, True)


OVERRIDABLE = [{"role": "qa-lead"}, {"role": "tech-lead", "may_override": True}]


def overridden(run: Path, key: Path, expires: timedelta = timedelta(hours=24), role: str = "tech-lead") -> Path:
    record = record_of(run)
    at = record.finished_at.replace(microsecond=0)
    return overriding.override(run, record, role, key, WHY, at + expires, at, lambda _: {"report.md": b"OVERRIDDEN"})


@pytest.mark.parametrize(("status", "evidence"), [("fail", "NO-GO"), ("error", "HOLD"), ("pass", "GO")])
def test_the_glass_is_broken_by_name_and_for_a_while(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys, status: str, evidence: str
) -> None:
    run = run_of(signoff, tmp_path / "one", told("a"), told("b", status), approvals=OVERRIDABLE)
    before, _ = gated(signoff, run, allowed)
    assert before in {1, 3}
    given = ("--reason", WHY, "--expires", "24h", "--role", "tech-lead", "--key", keys["bob"])
    said = signoff("override", run, *given)
    assert said.code == 0, said.err
    code, decision = gated(signoff, run, allowed)
    assert (code, decision["decision"], decision["evidence_verdict"]) == (5, "OVERRIDDEN", evidence)
    assert decision["override"]["principal"] == "bob"
    assert decision["override"]["reason"] == WHY
    passed_over = "\n".join(decision["override"]["overridden"])
    assert "qa-lead: awaiting a signature" in passed_over
    assert ("b: " in passed_over) == (status != "pass")
    shown = signoff("gate", run, "--allowed-signers", allowed)
    assert shown.code == 5
    assert "OVERRIDDEN: this release goes only by a signed override of bob as tech-lead" in shown.out
    assert "Passed over: qa-lead: awaiting a signature" in shown.out
    late = asked(run, allowed, timedelta(hours=25))
    assert late.decision in {Decided.HOLD, Decided.NO_GO}
    assert any("does not count: it expired at" in reason for reason in late.reasons)


@pytest.mark.parametrize("format_", ["md", "html", "junit", "json", "github", "csv"])
def test_every_view_carries_the_banner_of_an_override(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys, format_: str
) -> None:
    run = run_of(signoff, tmp_path / "one", told("a"), told("b", "fail"), approvals=OVERRIDABLE)
    overridden(run, keys["bob"])
    said = signoff("report", run, "--format", format_)
    assert (said.code, said.out, "holds an override" in said.err) == (2, "", True)
    said = signoff("report", run, "--format", format_, "--allowed-signers", allowed)
    assert said.code == 0
    if format_ == "csv":
        header, *rows = [row.split(",") for row in said.out.splitlines()]
        assert header[-1] == "overridden"
        assert [row[-1] for row in rows] == ["false", "true"]
    elif format_ == "json":
        assert json.loads(said.out)["gate"]["override"]["reason"] == WHY
    else:
        assert "OVERRIDDEN" in said.out
        assert WHY in said.out


def test_the_views_beside_the_runs_own_carry_the_banner_and_are_signed_with_it(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    run = run_of(signoff, tmp_path / "one", told("a"), told("b", "fail"), approvals=OVERRIDABLE)
    approved(run, keys["alice"])
    own = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    given = ("--reason", WHY, "--expires", "24h", "--role", "tech-lead", "--key", keys["bob"])
    said_of_it = signoff("override", run, *given)
    assert said_of_it.code == 0
    assert f"the views that tell of it: {run / 'override.tech-lead.'}" in said_of_it.err
    assert {name: (run / name).read_bytes() for name in own} == own
    views = {path.name.split(".", 3)[3]: path.read_text() for path in run.glob("override.tech-lead.*")}
    assert sorted(views) == ["checks.csv", "junit.xml", "report.html", "report.md", "summary.md", "verdict.json"]
    fingerprint = gated(signoff, run, allowed)[1]["override"]["fingerprint"]
    banner = f"signed override of somebody as tech-lead, {fingerprint}, until "
    over = ("Passed over: b: ", "Passed over: tech-lead: nobody had signed")
    for end in ("report.md", "summary.md"):
        quoted = views[end].partition("> **OVERRIDDEN")[2].partition("\n\n")[0].replace("\\", "")
        assert all(each in quoted for each in (banner, WHY, *over)), end
        assert "qa-lead: nobody" not in quoted
    (header,) = read_page(views["report.html"]).all("header")
    assert all(each in header.text for each in ("OVERRIDDEN", banner, WHY, *over))
    gate = cases(fromstring(views["junit.xml"]), "verdict")[1]
    assert (gate.get("name"), outcome(gate)) == ("gate", "skipped")
    assert all(each in (gate[0].text or "") for each in ("OVERRIDDEN", banner, WHY, *over))
    said = json.loads(views["verdict.json"])["gate"]
    assert (said["decision"], said["override"]["reason"]) == ("OVERRIDDEN", WHY)
    assert [row["overridden"] for row in csv.DictReader(io.StringIO(views["checks.csv"]))] == ["false", "true"]
    code, decision = gated(signoff, run, allowed)
    assert (code, decision["changed_files"], decision["approvals"][0]["state"]) == (5, [], "approved")


def test_an_override_again_takes_its_views_with_it_and_another_ones_stay(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    run = run_of(signoff, tmp_path / "one", told("a", "fail"), approvals=OVERRIDABLE)
    given = ("--expires", "24h", "--role", "tech-lead")
    for name, why in (("bob", WHY), ("alice", "also for alice"), ("bob", "another reason")):
        assert signoff("override", run, "--reason", why, *given, "--key", keys[name]).code == 0
        assert gated(signoff, run, allowed)[0] == 5
    told_of = [path.read_text() for path in run.glob("override.tech-lead.*.report.md")]
    assert sorted(("also for alice" in each, "another reason" in each) for each in told_of) == [
        (False, True),
        (True, False),
    ]
    assert signoff("rerun", run, "a", "--reason", "it was mended").code in {0, 1}
    assert list(run.glob("override.*")) == []
    assert len(list((run / "void-signatures").glob("*/override.tech-lead.*.report.md"))) == 2
    assert gated(signoff, run, allowed)[0] == 1


@pytest.mark.parametrize("spoil", ["changed", "taken away", "added", "statement taken away"])
def test_a_view_that_is_not_as_its_override_has_it_is_named(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys, spoil: str
) -> None:
    run = run_of(signoff, tmp_path / "one", told("a", "fail"), approvals=OVERRIDABLE)
    overridden(run, keys["bob"])
    (view,) = run.glob("override.*")
    named = view.name
    if spoil == "changed":
        view.write_bytes(b"OVERRIDDEM")
    elif spoil == "taken away":
        view.unlink()
    elif spoil == "added":
        named = view.with_suffix(".html").name
        (run / named).write_bytes(b"")
    else:
        for file in (run / "signatures").iterdir():
            file.unlink()
    code, decision = gated(signoff, run, allowed)
    assert (code, decision["decision"], decision["changed_files"]) == (1, "NO-GO", [named])


def test_an_approved_run_needs_no_override(signoff: Command, tmp_path: Path, allowed: Path, keys: Keys) -> None:
    run = run_of(signoff, tmp_path / "one", approvals=OVERRIDABLE)
    approved(run, keys["alice"])
    approved(run, keys["bob"], "tech-lead")
    overridden(run, keys["bob"])
    decision = asked(run, allowed)
    assert (decision.decision, decision.override) == (Decided.GO, None)


def _changed(run: Path, _: Keys) -> None:
    (run / "report.md").write_text("# GO\n")


def _rejected(run: Path, keys: Keys) -> None:
    record = record_of(run)
    approving.approve(run, record, "qa-lead", keys["alice"], "reject", "no", record.finished_at.replace(microsecond=0))


@pytest.mark.parametrize(("spoil", "reason"), [(_changed, "report.md was changed"), (_rejected, "rejected by alice")])
def test_nothing_passes_over_a_changed_byte_or_a_rejection(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys, spoil: Callable[[Path, Keys], None], reason: str
) -> None:
    run = run_of(signoff, tmp_path / "one", told("a"), told("b", "fail"), approvals=OVERRIDABLE)
    overridden(run, keys["bob"])
    spoil(run, keys)
    decision = asked(run, allowed)
    assert (decision.decision, decision.override) == (Decided.NO_GO, None)
    assert reason in "; ".join(decision.reasons)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"--role": "qa-lead"}, "the role 'qa-lead' may not override"),
        ({"--reason": "soon"}, "fewer than 10 characters"),
        ({"--expires": "8d"}, "within 7 days"),
        ({"--expires": "2020-01-01"}, "within 7 days"),
        ({"--expires": "soon"}, "'soon' is no time; write a span from now"),
        ({"--role": "nobody"}, "has no role 'nobody'"),
        ({"--key": "missing"}, "there is no such key"),
        ({"--key": __file__}, "cannot sign"),
    ],
)
def test_what_is_no_override(signoff: Command, tmp_path: Path, keys: Keys, given: dict[str, str], message: str) -> None:
    run = run_of(signoff, tmp_path / "one", told("a", "fail"), approvals=OVERRIDABLE)
    options = {"--role": "tech-lead", "--reason": WHY, "--expires": "1h", "--key": keys["bob"], **given}
    said = signoff("override", run, *(word for pair in options.items() for word in pair))
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert not (run / "signatures").exists()
    assert list(run.glob("override.*")) == []


def test_a_partial_run_cannot_be_overridden(signoff: Command, tmp_path: Path, keys: Keys) -> None:
    run = run_of(signoff, tmp_path / "one", told("a"), told("b"), approvals=OVERRIDABLE, options=("--check", "a"))
    with pytest.raises(SigningError, match="is no whole run"):
        overridden(run, keys["bob"])


def test_an_override_of_a_stranger_or_of_another_role_does_not_count(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    roles = [{"role": "tech-lead", "may_override": True, "principals": ["alice"]}]
    run = run_of(signoff, tmp_path / "one", told("a", "fail"), approvals=roles)
    overridden(run, keys["bob"])
    decision = asked(run, allowed)
    assert decision.decision is Decided.NO_GO
    assert "bob is none of alice" in decision.reasons[-1]
    limited = tmp_path / "limited"
    limited.write_text(line(keys["alice"], 'namespaces="signoff-approval-v1"') + "\n")
    overridden(run, keys["alice"])
    decision = asked(run, limited)
    assert decision.decision is Decided.NO_GO
    assert "refused by ssh-keygen" in "; ".join(decision.reasons)
    assert asked(run, allowed).decision is Decided.OVERRIDDEN


PROFILES = {"staging": {"x": 1}, "production": {"x": 2}, "other": {"x": 3}}
REQUIRE = [{"environment": "staging", "not_older_than": "7d", "roles": ["qa-lead"]}]
BUILD = {"name": "thing", "version": "v1", "build": "abc"}


def environment(signoff: Command, folder: Path, profile: str, *checks: dict[str, Any], **sections: Any) -> Path:
    given = {"profiles": PROFILES, "require": REQUIRE, "release": BUILD, **sections}
    return run_of(signoff, folder, *checks, options=("--profile", profile), **given)


def bundled(signoff: Command, run: Path, archive: Path) -> Path:
    assert signoff("bundle", run, "--output", archive).code == 0
    return archive


def test_a_release_follows_the_same_build_from_another_environment(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    staging = environment(signoff, tmp_path / "staging", "staging")
    production = environment(signoff, tmp_path / "production", "production")
    for run in (staging, production):
        approved(run, keys["alice"])
    archive = bundled(signoff, staging, tmp_path / "staging.tar")
    assert asked(staging, allowed).decision is Decided.GO
    code, decision = gated(signoff, production, allowed)
    assert (code, decision["requirements"][0]["state"]) == (3, "HOLD")
    assert "name it with --bundle staging=FILE" in decision["reason"]
    said = signoff("gate", production, "--allowed-signers", allowed, "--bundle", f"staging={archive}", "--json")
    assert said.code == 0, said.out
    (required,) = json.loads(said.out)["requirements"]
    assert required["run_id"] == record_of(staging).run_id
    late = asked(production, allowed, timedelta(days=8), staging=archive)
    assert (late.decision, "are allowed; run the checklist there again" in late.reasons[0]) == (Decided.HOLD, True)


@pytest.mark.parametrize(
    ("profile", "sections", "checks", "decided", "reason"),
    [
        ("other", {}, [], "HOLD", "of a run under the profile 'other'"),
        ("staging", {"release": {**BUILD, "version": "v2"}}, [], "HOLD", "is of thing v2"),
        ("staging", {"release": {**BUILD, "build": None}}, [], "HOLD", "the build there is not known"),
        ("staging", {"release": {**BUILD, "build": "xyz"}}, [], "NO-GO", "was 'xyz', and here it is 'abc'"),
        ("staging", {}, [told("a", "fail")], "NO-GO", "its gate says NO-GO: the evidence says NO-GO"),
        ("staging", {"approvals": [{"role": "tech-lead"}]}, [], "HOLD", "qa-lead did not approve there"),
    ],
)
def test_what_another_environment_cannot_vouch_for(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys,
    profile: str, sections: dict[str, Any], checks: list[dict[str, Any]], decided: str, reason: str,
) -> None:  # fmt: skip
    before = environment(signoff, tmp_path / "before", profile, *checks, **({"require": []} | sections))
    production = environment(signoff, tmp_path / "production", "production")
    for run in (before, production):
        approved(
            run,
            keys["alice"],
            (sections.get("approvals") or [{"role": "qa-lead"}])[0]["role"] if run == before else "qa-lead",
        )
    archive = bundled(signoff, before, tmp_path / "before.tar")
    decision = asked(production, allowed, staging=archive)
    assert decision.decision.value == decided
    assert reason in decision.reasons[0]


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_what_is_no_bundle(signoff: Command, tmp_path: Path, allowed: Path, keys: Keys, content: bytes | None) -> None:
    run = environment(signoff, tmp_path / "production", "production")
    approved(run, keys["alice"])
    archive = tmp_path / "x.tar"
    if content is not None:
        archive.write_bytes(content)
    said = signoff("gate", run, "--allowed-signers", allowed, "--bundle", f"staging={archive}")
    assert (said.code, said.out) == (2, "")
    assert "name an archive that `signoff bundle` wrote" in said.err
    assert signoff("gate", run, "--allowed-signers", allowed, "--bundle", "staging").code == 2


def test_times_are_those_of_the_run_not_of_the_machine(signoff: Command, tmp_path: Path) -> None:
    run = run_of(signoff, tmp_path / "one")
    assert record_of(run).finished_at.astimezone(UTC) <= datetime.now(UTC)


def test_a_rerun_voids_what_was_signed_and_it_can_be_signed_anew(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    run = run_of(signoff, tmp_path / "one", told("a"), approvals=OVERRIDABLE)
    approved(run, keys["alice"])
    overridden(run, keys["bob"])
    said = signoff("rerun", run, "a", "--reason", "the network was down")
    assert said.code == 0, said.err
    decision = asked(run, allowed)
    assert (decision.decision, decision.changed_files, decision.override) == (Decided.HOLD, (), None)
    assert {each.state for each in decision.approvals} == {"awaiting"}
    approved(run, keys["alice"])
    approved(run, keys["bob"], "tech-lead")
    assert asked(run, allowed).decision is Decided.GO
