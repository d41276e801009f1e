"""Signing and verifying by ssh-keygen, with keys in files or in an agent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from checks.process import ProcessResult, base_environment, run_process
from checks.signing.allowed_signers import Signer
from checks.signing.armour import canonical
from checks.signing.errors import SigningError

TIMEOUT_S = 60.0
"""A key on a token waits for a touch."""
_NO_KEY = ("there is no such key", "name a private key, or a public one whose key an agent has")


def sign(content: bytes, key: Path, namespace: str) -> bytes:
    """The signature file over `content` with a private key, or with the agent's key for a public one.

    Raises SigningError where there is no such key, or where it is encrypted and no agent has it.
    """
    if not key.is_file():
        raise SigningError(key, *_NO_KEY)
    with tempfile.TemporaryDirectory() as folder:
        message = Path(folder) / "statement.json"
        message.write_bytes(content)
        done = _run("-Y", "sign", "-f", str(key.resolve()), "-n", namespace, str(message), cwd=Path(folder))
        signature = message.with_name("statement.json.sig")
        if done.exit_code != 0 or not signature.is_file():
            raise SigningError(key, *_why_not(done))
        return canonical(signature.read_bytes())


def fingerprint_of(key: Path) -> str:
    """The fingerprint of a private or public key, which needs no passphrase; raises SigningError where it is none."""
    if not key.is_file():
        raise SigningError(key, *_NO_KEY)
    done = _run("-l", "-E", "sha256", "-f", str(key.resolve()), cwd=key.resolve().parent)
    words = done.stdout.decode(errors="replace").split()
    if done.exit_code != 0 or len(words) < 2 or not words[1].startswith("SHA256:"):
        raise SigningError(key, *_why_not(done))
    return words[1]


def mismatch(content: bytes, signature: bytes, namespace: str) -> str | None:
    """Why `signature` does not fit `content` and the key that it names, whoever's that is; None where it does."""
    return _refusal(content, signature, {}, "-Y", "check-novalidate", "-n", namespace)


def refusal(content: bytes, signature: bytes, namespace: str, signer: Signer, at: datetime) -> str | None:
    """Why `signature` is not the signer's over `content`, made `at` a time when the key is good; None where it is."""
    moment = f"-Overify-time={at.astimezone(UTC):%Y%m%d%H%M%S}"
    who = ("-n", namespace, "-f", "allowed_signers", "-I", signer.principal, moment)
    return _refusal(content, signature, {"allowed_signers": signer.line + "\n"}, "-Y", "verify", *who)


def is_revoked(public_key: str, revoked: Path) -> bool:
    """Whether a public key, as `TYPE BASE64`, is in a KRL; raises SigningError where ssh-keygen cannot read that."""
    with tempfile.TemporaryDirectory() as folder:
        key = Path(folder) / "key.pub"
        key.write_text(public_key + "\n")
        done = _run("-Q", "-f", str(revoked.resolve()), str(key), cwd=Path(folder))
    if done.exit_code == 0 and not done.failure:
        return False
    if done.stdout.rstrip().endswith(b"REVOKED"):
        return True
    raise SigningError(revoked, f"is no list of revoked keys: {_said(done)}", "name a KRL that `ssh-keygen -k` made")


def _refusal(content: bytes, signature: bytes, files: Mapping[str, str], *arguments: str) -> str | None:
    with tempfile.TemporaryDirectory() as folder:
        message, armour = Path(folder) / "statement.json", Path(folder) / "signature"
        message.write_bytes(content)
        armour.write_bytes(signature)
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        done = _run(*arguments, "-s", armour.name, cwd=Path(folder), stdin=message)
    return None if done.exit_code == 0 and done.failure is None else _said(done)


def _run(*arguments: str, cwd: Path, stdin: Path | None = None) -> ProcessResult:
    agent = {name: os.environ[name] for name in ("SSH_AUTH_SOCK",) if name in os.environ}
    environment = {**base_environment(agent), "TZ": "UTC", "LC_ALL": "C"}
    done = run_process(["ssh-keygen", *arguments], cwd=cwd, env=environment, timeout_s=TIMEOUT_S, stdin=stdin)
    if not done.started:
        raise SigningError("ssh-keygen", done.failure or "cannot be started", "install OpenSSH's client")
    return done


def _why_not(done: ProcessResult) -> tuple[str, str]:
    said = _said(done)
    if "passphrase" in said:
        return "is encrypted, and no agent has it", "add it to an agent with ssh-add, or name another"
    if "No private key found" in said:
        return "is a public key, and no agent has its private one", "add that to an agent with ssh-add"
    return f"cannot sign: {said}", "name a key that ssh-keygen can sign with"


def _said(done: ProcessResult) -> str:
    if done.timed_out:
        return f"ssh-keygen did not end within {TIMEOUT_S:.0f} s"
    lines = done.stderr.decode(errors="replace").split("\n") + done.stdout.decode(errors="replace").split("\n")
    said = " ".join(line.strip() for line in lines if line.strip())
    return said[:300] or f"ssh-keygen ended with {done.exit_code if done.signal is None else done.signal}"
