"""`signoff approve`, `gate` and `bundle`, with real keys: who signed what, and any byte changed since."""

from __future__ import annotations

import fcntl
import json
import subprocess
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.markdown import read_markdown
from checks.outcome import RunRecord
from checks.signing import approving, signatures
from checks.signing.armour import canonical, read_armour
from checks.signing.gate import changed_files
from checks.signing.inventory import take_inventory
from checks.signing.statement import now
from checks.signing.trust import read_trust
from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import ROOT, Command
from tests.signoff.signing import PASSPHRASE, ROLES, agent_with, gated, line, make_key, run_of

pytestmark = pytest.mark.usefixtures("plugin")

Keys = dict[str, Path]

SMALL_BYTES = 600
"""Of a file up to this size every byte is changed."""
SAMPLED = 25
"""Of a larger one this many, evenly spread."""


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    folder = tmp_path_factory.mktemp("keys")
    made = {name: make_key(folder, name) for name in ("alice", "bob", "stranger")}
    return {
        **made,
        "encrypted": make_key(folder, "encrypted", PASSPHRASE),
        "ecdsa": make_key(folder, "ecdsa", "", "ecdsa"),
    }


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)


@pytest.fixture
def allowed(tmp_path: Path, keys: Keys) -> Path:
    path = tmp_path / "allowed_signers"
    path.write_text("# who may sign\n" + "".join(f"{line(keys[name])}\n" for name in ("alice", "bob", "ecdsa")))
    return path


@pytest.fixture
def run(signoff: Command, tmp_path: Path) -> Path:
    return run_of(signoff, tmp_path / "one")


@pytest.fixture
def signed(signoff: Command, run: Path, keys: Keys) -> Path:
    said = signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"], "--comment", "seen | <b>\nall")
    assert said.code == 0, said.err
    return run


def test_a_run_goes_once_everyone_has_approved(signoff: Command, signed: Path, allowed: Path) -> None:
    code, decision = gated(signoff, signed, allowed)
    assert (code, decision["decision"], decision["evidence_verdict"]) == (0, "GO", "GO")
    (approval,) = decision["approvals"]
    assert (approval["role"], approval["state"]) == ("qa-lead", "approved")
    assert (approval["principal"], approval["comment"]) == ("alice", "seen | <b>\nall")
    assert approval["fingerprint"].startswith("SHA256:")
    assert datetime.fromisoformat(approval["at"]).tzinfo is not None
    assert (decision["changed_files"], list(decision)) == (
        [],
        ["decision", "evidence_verdict", "approvals", "requirements", "override", "changed_files", "reason"],
    )


def test_people_read_who_signed_on_one_line_each(signoff: Command, signed: Path, allowed: Path) -> None:
    said = signoff("gate", signed, "--allowed-signers", allowed)
    assert said.code == 0
    assert said.out.startswith("GO (evidence: GO)\n")
    (told_of,) = [each for each in said.out.splitlines() if each.startswith("qa-lead")]
    assert "approved" in told_of
    assert "alice" in told_of
    assert told_of.endswith("seen | <b> all")


def test_nothing_signed_is_awaited(signoff: Command, run: Path, allowed: Path) -> None:
    code, decision = gated(signoff, run, allowed)
    assert (code, decision["decision"], decision["approvals"][0]["state"]) == (3, "HOLD", "awaiting")
    assert "qa-lead: awaiting a signature" in decision["reason"]


def test_one_reject_vetoes_whoever_else_approved(signoff: Command, signed: Path, allowed: Path, keys: Keys) -> None:
    assert signoff("approve", signed, "--role", "qa-lead", "--key", keys["bob"], "--reject").code == 0
    code, decision = gated(signoff, signed, allowed)
    assert (code, decision["decision"]) == (1, "NO-GO")
    assert (decision["approvals"][0]["state"], decision["approvals"][0]["principal"]) == ("rejected", "bob")


def test_a_signers_last_word_counts(signoff: Command, signed: Path, allowed: Path, keys: Keys) -> None:
    assert signoff("approve", signed, "--role", "qa-lead", "--key", keys["alice"], "--reject").code == 0
    assert gated(signoff, signed, allowed)[0] == 1
    assert signoff("approve", signed, "--role", "qa-lead", "--key", keys["alice"]).code == 0
    assert gated(signoff, signed, allowed)[0] == 0


OVERRIDING = ("--role", "tech-lead", "--reason", "it cannot wait", "--expires", "1h")


def test_every_change_of_a_single_byte_of_a_signed_file_is_noticed(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys
) -> None:
    """Of a run that was looked at again: so it holds signatures that were put aside, and views of two overrides."""
    roles = [{"role": "qa-lead", "deadline": "2h"}, {"role": "tech-lead", "may_override": True}]
    signed = run_of(signoff, tmp_path / "whole", told("a", "fail"), approvals=roles)
    for again in (
        ("rerun", signed, "a", "--reason", "mended and tried"),
        ("gate", signed, "--allowed-signers", allowed),
    ):
        assert signoff("approve", signed, "--role", "qa-lead", "--key", keys["alice"]).code == 0
        assert signoff("override", signed, *OVERRIDING, "--key", keys["bob"]).code == 0
        assert signoff(*again).code in {1, 5}
    read = signatures.read_signatures(signed, read_trust(allowed, None), now())
    assert changed_files(take_inventory(signed), read) == {}
    files = [path for path in sorted(signed.rglob("*")) if path.is_file() and path.parent.name != "signatures"]
    assert {path.suffix for path in files} >= {".json", ".jsonl", ".yaml", ".md", ".html", ".xml", ".csv", ".sig"}
    assert len([path for path in files if path.name.startswith("override.")]) == 6 + 6 + 2
    for path in files:
        content = path.read_bytes()
        for place in range(0, len(content), 1 if len(content) <= SMALL_BYTES else len(content) // SAMPLED):
            path.write_bytes(_flipped(content, place, 1))
            assert list(changed_files(take_inventory(signed), read)) == [path.relative_to(signed).as_posix()], place
        path.write_bytes(content)
    assert changed_files(take_inventory(signed), read) == {}


@pytest.mark.parametrize("kind", ["approve", "override"])
@pytest.mark.parametrize(("suffix", "bit", "step"), [(".sig", 1, 1), (".json", 0x80, 8), (".json", 1, 64)])
def test_every_change_of_a_single_byte_of_a_signature_is_noticed(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys, kind: str, suffix: str, bit: int, step: int
) -> None:
    """Every byte of the signature; of the statement, which is large, some, by a bit that is no text and by another."""
    signed = run_of(signoff, tmp_path / "one", approvals=[{"role": "tech-lead", "may_override": True}])
    given = OVERRIDING if kind == "override" else ("--role", "tech-lead")
    assert signoff(kind, signed, *given, "--key", keys["alice"]).code == 0
    trust = read_trust(allowed, None)
    (path,) = (each for each in (signed / "signatures").iterdir() if each.suffix == suffix)
    assert path.name.startswith("override.") == (kind == "override")
    content = path.read_bytes()
    for place in range(0, len(content), step):
        path.write_bytes(_flipped(content, place, bit))
        (name,) = signatures.read_signatures(signed, trust, now()).broken
        assert name.removesuffix(".sig") == f"signatures/{path.name.removesuffix('.sig')}", place
    path.write_bytes(content)
    assert signatures.read_signatures(signed, trust, now()).broken == {}


def _flipped(content: bytes, place: int, bit: int) -> bytes:
    return content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :]


CHANGES: dict[str, Callable[[Path], object]] = {
    "report.md": lambda path: path.write_text("# GO\n"),
    "verdict.json": lambda path: path.write_text("{}"),
    "checklist.yaml": lambda path: path.write_text("schema: 1\n"),
    "journal.jsonl": Path.unlink,
    "evidence/added.txt": lambda path: path.write_text("x"),
    ".lock": lambda path: path.write_text(""),
    "a\nname": lambda path: path.write_text(""),
    "link": lambda path: path.symlink_to("report.md"),
    "linked-folder": lambda path: path.symlink_to("evidence"),
    "signatures/stray": lambda path: path.write_text("x"),
    "signatures/qa-lead.0000000000000000.json": lambda path: path.write_text("{}"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_gate_names_the_file(signoff: Command, signed: Path, allowed: Path, name: str) -> None:
    CHANGES[name](signed / name)
    code, decision = gated(signoff, signed, allowed)
    assert (code, decision["decision"]) == (1, "NO-GO")
    assert decision["changed_files"] == [name]
    covered = not name.startswith("signatures/")
    assert decision["approvals"][0]["state"] == ("invalid" if covered else "approved")
    assert decision["evidence_verdict"] == (None if name in {"verdict.json", "checklist.yaml"} else "GO")


def test_armour_in_another_writing_is_no_signature(signoff: Command, signed: Path, allowed: Path) -> None:
    (path,) = (signed / "signatures").glob("*.sig")
    content = path.read_bytes()
    other = content.replace(b"\n", b"\r\n")
    path.write_bytes(other)
    code, decision = gated(signoff, signed, allowed)
    assert (code, decision["changed_files"]) == (1, [f"signatures/{path.name}"])
    assert canonical(other) == content
    assert read_armour(content).namespace == "signoff-approval-v1"


def test_distinct_roles_take_distinct_people(signoff: Command, tmp_path: Path, allowed: Path, keys: Keys) -> None:
    run = run_of(signoff, tmp_path / "roles", approvals=list(ROLES))
    for role in ("qa-lead", "tech-lead", "integration-lead"):
        assert signoff("approve", run, "--role", role, "--key", keys["alice"]).code == 0
    code, decision = gated(signoff, run, allowed)
    states = {each["role"]: each["state"] for each in decision["approvals"]}
    assert code == 3
    assert sorted(states.values()) in (["approved", "approved", "invalid"], ["approved", "invalid", "invalid"])
    assert "one person fills one role" in decision["reason"]
    (run / "signatures").rename(run.parent / "thrown away")
    for role, name in (("qa-lead", "bob"), ("tech-lead", "alice"), ("integration-lead", "alice")):
        assert signoff("approve", run, "--role", role, "--key", keys[name]).code == 0
    assert gated(signoff, run, allowed)[0] == 0


def test_a_role_takes_its_own_principals_only(signoff: Command, tmp_path: Path, allowed: Path, keys: Keys) -> None:
    run = run_of(signoff, tmp_path / "own", approvals=[{"role": "qa-lead", "principals": ["bob"]}])
    for word in ((), ("--reject",)):
        signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"], *word)
        code, decision = gated(signoff, run, allowed)
        assert (code, decision["approvals"][0]["state"]) == (3, "invalid")
        assert "alice is none of bob" in decision["reason"]
    signoff("approve", run, "--role", "qa-lead", "--key", keys["bob"])
    assert gated(signoff, run, allowed)[0] == 0


def test_an_unknown_key_and_another_type_of_key(signoff: Command, run: Path, allowed: Path, keys: Keys) -> None:
    signoff("approve", run, "--role", "qa-lead", "--key", keys["stranger"])
    code, decision = gated(signoff, run, allowed)
    assert (code, decision["approvals"][0]["state"], decision["approvals"][0]["principal"]) == (3, "invalid", None)
    assert "no allowed signer has" in decision["reason"]
    signoff("approve", run, "--role", "qa-lead", "--key", keys["ecdsa"])
    assert gated(signoff, run, allowed)[0] == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ('valid-after="20990101"', "before the key of alice is valid"),
        ('valid-before="20200101Z"', "after the key of alice has expired"),
        ('namespaces="git"', "is refused by ssh-keygen"),
        ('valid-after="20200101",namespaces="signoff-*",valid-before="209901011200"', ""),
    ],
)
def test_a_key_is_good_at_its_time_and_for_its_use(
    signoff: Command, signed: Path, tmp_path: Path, keys: Keys, options: str, reason: str
) -> None:
    path = tmp_path / "timed"
    path.write_text(line(keys["alice"], options) + "\n")
    code, decision = gated(signoff, signed, path)
    assert code == (3 if reason else 0)
    assert reason in decision["reason"]


@pytest.mark.parametrize(
    ("shift", "code", "reason"),
    [(timedelta(hours=1), 3, "yet to come"), (-timedelta(days=1), 3, "before the run's end")],
)
def test_a_signers_clock_is_looked_at(
    signoff: Command, run: Path, allowed: Path, keys: Keys, shift: timedelta, code: int, reason: str
) -> None:
    record = RunRecord.model_validate_json((run / "verdict.json").read_bytes())
    at = datetime.now(UTC).replace(microsecond=0) + shift
    ended = record.model_copy(update={"finished_at": min(record.finished_at, at)})
    approving.approve(run, ended, "qa-lead", keys["alice"], "approve", "", at)
    said, decision = gated(signoff, run, allowed)
    assert said == code
    assert reason in decision["reason"]


@pytest.mark.parametrize(("status", "code", "verdict"), [("fail", 1, "NO-GO"), ("error", 3, "HOLD")])
def test_signatures_do_not_better_the_evidence(
    signoff: Command, tmp_path: Path, allowed: Path, keys: Keys, status: str, code: int, verdict: str
) -> None:
    run = run_of(signoff, tmp_path / "bad", told("a"), told("b", status))
    assert "the gate stays closed" in signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"]).err
    said, decision = gated(signoff, run, allowed)
    assert (said, decision["decision"], decision["evidence_verdict"]) == (code, verdict, verdict)
    assert decision["approvals"][0]["state"] == "approved"


def test_a_partial_run_never_goes(signoff: Command, tmp_path: Path, allowed: Path, keys: Keys) -> None:
    run = run_of(signoff, tmp_path / "part", told("a"), told("b"), options=("--check", "a"))
    signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"])
    code, decision = gated(signoff, run, allowed)
    assert (code, decision["decision"], decision["evidence_verdict"]) == (3, "HOLD", "GO")
    assert "partial" in decision["reason"]


def test_a_role_is_asked_for_once(signoff: Command, tmp_path: Path) -> None:
    path = write(tmp_path, checklist(stage(told("a")), approvals=[{"role": "qa-lead"}, {"role": "qa-lead"}]))
    said = signoff("lint", path)
    assert (said.code, "the role 'qa-lead' is there twice" in said.err) == (2, True)


def test_a_checklist_that_asks_for_nobody_never_goes(signoff: Command, tmp_path: Path, allowed: Path) -> None:
    code, decision = gated(signoff, run_of(signoff, tmp_path / "none", approvals=[]), allowed)
    assert (code, decision["decision"]) == (3, "HOLD")


def test_evidence_of_another_run_is_noticed(signoff: Command, tmp_path: Path, allowed: Path, keys: Keys) -> None:
    run = run_of(signoff, tmp_path / "a")
    (run / "checklist.yaml").write_bytes((run / "checklist.yaml").read_bytes() + b"\n")
    said = signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"])
    assert (said.code, "is not what verdict.json says" in said.err) == (2, True)
    code, decision = gated(signoff, run, allowed)
    assert (code, decision["changed_files"]) == (1, ["checklist.yaml"])


@pytest.mark.parametrize(
    ("prepare", "arguments", "message"),
    [
        (lambda run: (run / "verdict.json").unlink(), (), "verdict.json: does not exist"),
        (lambda run: (run / "report.md").unlink(), (), "report.md: does not exist"),
        (lambda run: (run / "junit.xml").unlink(), (), "junit.xml: does not exist"),
        (lambda run: _newer(run), (), "use the newer signoff"),
        (
            lambda run: None,
            ("--role", "nobody"),
            "has no role 'nobody'; name one of its roles with --role: it has qa-lead",
        ),
        (lambda run: None, ("--key", "missing"), "missing: there is no such key"),
        (lambda run: None, ("--comment", "x" * 5000), "more than 4000 characters"),
        (lambda run: (run / "link").symlink_to("report.md"), (), "link: is no plain file"),
    ],
)
def test_what_cannot_be_signed(
    signoff: Command, run: Path, keys: Keys, prepare: Callable[[Path], object], arguments: tuple[str, ...], message: str
) -> None:
    prepare(run)
    given = {"--role": "qa-lead", "--key": str(keys["alice"])}
    given |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    said = signoff("approve", run, *(word for pair in given.items() for word in pair))
    assert (said.code, said.out) == (2, "")
    assert message in said.err
    assert not (run / "signatures").exists()


def _newer(run: Path) -> None:
    raw = json.loads((run / "verdict.json").read_text())
    (run / "verdict.json").write_text(json.dumps({**raw, "schema_version": 2}))


def test_an_encrypted_key_takes_an_agent(
    signoff: Command, run: Path, allowed: Path, keys: Keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys["encrypted"]
    said = signoff("approve", run, "--role", "qa-lead", "--key", key)
    assert (said.code, "is encrypted, and no agent has it; add it to an agent" in said.err) == (2, True)
    assert "no agent has its private one" in _public_alone(signoff, run, key, tmp_path)
    with agent_with(key, tmp_path, monkeypatch):
        said = signoff("approve", run, "--role", "qa-lead", "--key", key.with_suffix(".pub"))
        assert said.code == 0, said.err
    allowed.write_text(line(key) + "\n")
    assert gated(signoff, run, allowed)[0] == 0


def _public_alone(signoff: Command, run: Path, key: Path, folder: Path) -> str:
    alone = folder / "alone.pub"
    alone.write_bytes(key.with_suffix(".pub").read_bytes())
    return signoff("approve", run, "--role", "qa-lead", "--key", alone).err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read the file of allowed signers: No such file"),
        ("", "names nobody"),
        ("# only\n", "names nobody"),
        ("alice ssh-ed25519\n", ":1:1: is no line"),
        ("\nalice ssh-ed25519 AAAA\n", ":2:1: the key is none of the type ssh-ed25519"),
        ("*@example.org KEY\n", "is not the name of one person"),
        ("alice,bob KEY\n", "is not the name of one person"),
        ("alice cert-authority KEY\n", "option 'cert-authority' is not supported"),
        ('alice valid-after="20261399" KEY\n', "'20261399' is no time"),
        ("alice KEY\nbob KEY\n", ":2:1: the key of alice again"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_allowed_signers_that_cannot_be_relied_on(
    signoff: Command, signed: Path, tmp_path: Path, keys: Keys, content: str | bytes | None, message: str
) -> None:
    path = tmp_path / "signers"
    key = line(keys["alice"]).partition(" ")[2]
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.write_text(content.replace("KEY", key))
    said = signoff("gate", signed, "--allowed-signers", path)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_a_run_that_is_being_written(signoff: Command, signed: Path, allowed: Path) -> None:
    with (signed / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        said = signoff("gate", signed, "--allowed-signers", allowed)
    assert (said.code, "is still being written" in said.err) == (2, True)


def test_a_third_party_verifies_a_bundle_by_the_recipe(
    signoff: Command, allowed: Path, keys: Keys, tmp_path: Path
) -> None:
    signed = run_of(signoff, tmp_path / "one", approvals=[{"role": "qa-lead", "may_override": True}])
    given = ("--role", "qa-lead", "--key", keys["alice"])
    assert signoff("approve", signed, *given).code == 0
    assert signoff("override", signed, *given, "--reason", "it cannot wait", "--expires", "1h").code == 0
    archive = tmp_path / "release.tar"
    assert signoff("bundle", signed, "--output", archive).code == 0
    first = archive.read_bytes()
    assert signoff("bundle", signed, "--output", archive).code == 0
    assert archive.read_bytes() == first
    there = tmp_path / "there"
    with tarfile.open(archive) as tar:
        tar.extractall(there, filter="data")
    (there / "allowed_signers").write_bytes(allowed.read_bytes())
    (folder,) = [path for path in there.iterdir() if path.is_dir()]
    done = _recipe(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Good") == 2
    (banner,) = folder.glob("override.*.report.md")
    foreign = "override.qa-lead.0123456789abcdef.report.md"
    for name, content in (("report.md", "# GO\n"), (banner.name, "# GO\n"), (foreign, ""), ("more.txt", "")):
        kept = (folder / name).read_bytes() if (folder / name).exists() else None
        (folder / name).write_text(content)
        assert _recipe(folder).returncode != 0, name
        (folder / name).unlink()
        if kept is not None:
            (folder / name).write_bytes(kept)
    assert _recipe(folder).returncode == 0


def _recipe(folder: Path) -> subprocess.CompletedProcess[str]:
    (block,) = [
        each for each in read_markdown(ROOT / "docs" / "signing.md").blocks if each.info[:2] == ("sh", "verify")
    ]
    return subprocess.run(
        ["sh", "-eu", "-c", block.content], cwd=folder, capture_output=True, text=True, timeout=20, check=False
    )


@pytest.mark.parametrize("inside", [False, True])
def test_what_cannot_be_bundled(signoff: Command, run: Path, keys: Keys, inside: bool) -> None:
    if inside:
        signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"])
    said = signoff("bundle", run, "--output", run / "x.tar")
    assert (said.code, ("in the run's folder" if inside else "is not signed") in said.err) == (2, True)
    assert not (run / "x.tar").exists()
