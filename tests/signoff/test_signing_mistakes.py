"""docs/signing.md, What can go wrong: every row happens, with its code and message, and no traceback."""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checks.outcome import RunRecord
from checks.signing import statement
from tests.signoff.conftest import ROOT, Command
from tests.signoff.signing import PASSPHRASE, line, make_key, run_of

pytestmark = pytest.mark.usefixtures("plugin")

TABLE = (ROOT / "docs" / "signing.md").read_text().partition("## What can go wrong")[2]
ROWS = {
    what: (command, int(code), message)
    for what, command, code, message in re.findall(r"(?m)^\| ([^|]+) \| `(\w+)` \| (\d) \| `([^`]+)` \|$", TABLE)
}


@dataclass
class Place:
    """A signed run, and what a command is given."""

    run: Path
    keys: dict[str, Path]
    key: Path
    allowed: Path
    revoked: Path | None = None

    def record(self) -> RunRecord:
        """What verdict.json says."""
        return RunRecord.model_validate_json((self.run / "verdict.json").read_bytes())


def _newer(place: Place) -> None:
    raw = json.loads((place.run / "verdict.json").read_text())
    (place.run / "verdict.json").write_text(json.dumps({**raw, "schema_version": 2}))


def _revoke(place: Place) -> None:
    place.revoked = place.run.parent / "revoked.krl"
    public = str(place.keys["alice"].with_suffix(".pub"))
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(place.revoked), public], check=True, timeout=20)


def _no_list(place: Place) -> None:
    place.revoked = place.allowed


def _key(name: str) -> Callable[[Place], None]:
    def give(place: Place) -> None:
        place.key = place.keys.get(name, place.run.parent / name)

    return give


def _no_key(place: Place) -> None:
    place.key = place.run.parent / "no-key"
    place.key.write_text("not a key\n")
    place.key.chmod(0o600)


def _allow(text: str) -> Callable[[Place], object]:
    return lambda place: place.allowed.write_text(text.format(line=line(place.keys["alice"])))


def _expired(place: Place) -> None:
    place.allowed.write_text(line(place.keys["alice"], 'valid-before="20200101Z"') + "\n")


def _gone(place: Place) -> None:
    place.run = place.run.parent / "nowhere"


CASES: dict[str, Callable[[Place], object]] = {
    "there is no such folder": _gone,
    "the run has not ended, or its folder is incomplete": lambda place: (place.run / "verdict.json").unlink(),
    "a report is missing": lambda place: (place.run / "report.html").unlink(),
    "the run is being written": lambda place: None,
    "a newer signoff wrote the run": _newer,
    "verdict.json is no JSON": lambda place: (place.run / "verdict.json").write_text("{"),
    "evidence was edited before anybody signed": lambda place: (place.run / "checklist.yaml").write_text("schema: 1\n"),
    "a file was edited after the signing": lambda place: (place.run / "report.md").write_text("# GO\n"),
    "a file was added after the signing": lambda place: (place.run / "more.txt").write_text(""),
    "a file was taken away after the signing": lambda place: (place.run / "junit.xml").unlink(),
    "the key is encrypted, and no agent has it": _key("encrypted"),
    "there is no such key": _key("missing"),
    "the key is no key": _no_key,
    "nobody knows the key": lambda place: place.allowed.write_text(line(place.keys["bob"]) + "\n"),
    "the key was revoked": _revoke,
    "the list of revoked keys is none": _no_list,
    "the key had expired": _expired,
    "there are no allowed signers": lambda place: place.allowed.unlink(),
    "the allowed signers are malformed": _allow("who knows\n{line}\n"),
    "the signer's clock is behind the run's end": lambda place: None,
    "the gate's clock is before the signature's time": lambda place: None,
}
CLOCKS = {"the signer's clock is behind the run's end", "the gate's clock is before the signature's time"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    made = {name: make_key(folder, name) for name in ("alice", "bob")}
    return {**made, "encrypted": make_key(folder, "encrypted", PASSPHRASE)}


@pytest.fixture
def place(signoff: Command, tmp_path: Path, keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    run = run_of(signoff, tmp_path / "one")
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(line(keys["alice"]) + "\n")
    assert signoff("approve", run, "--role", "qa-lead", "--key", keys["alice"]).code == 0
    return Place(run, keys, keys["alice"], allowed)


@contextmanager
def written_by_another(run: Path) -> Iterator[None]:
    with (run / ".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def command_of(name: str, place: Place) -> list[object]:
    if name == "approve":
        return ["approve", place.run, "--role", "qa-lead", "--key", place.key]
    if name == "report":
        return ["report", place.run]
    revoked = ["--revoked-keys", place.revoked] if place.revoked else []
    return ["gate", place.run, "--allowed-signers", place.allowed, *revoked]


def test_the_page_and_the_cases_are_the_same() -> None:
    assert set(ROWS) == set(CASES)


@pytest.mark.parametrize("what", CASES)
def test_what_goes_wrong_has_its_code_and_message(
    signoff: Command, place: Place, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    name, code, message = ROWS[what]
    CASES[what](place)
    if what in CLOCKS:
        early = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        monkeypatch.setattr(statement, "now", lambda: early)
    if what == "the run is being written":
        with written_by_another(place.run):
            said = signoff(*command_of(name, place))
    else:
        said = signoff(*command_of(name, place))
    told = said.out if code in {1, 3} else said.err
    assert (said.code, message in told) == (code, True), said
    assert "Traceback" not in said.out + said.err
