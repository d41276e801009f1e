"""Real SSH keys, and runs to sign with them."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from signoff.exit_code import ExitCode
from tests.checks.running import checklist, stage, told, write
from tests.signoff.conftest import Command

PASSPHRASE = "not empty"
ROLES = ({"role": "qa-lead"}, {"role": "tech-lead", "may_also_be": ["integration-lead"]}, {"role": "integration-lead"})


def make_key(folder: Path, name: str, passphrase: str = "", kind: str = "ed25519") -> Path:
    """A key pair of a person."""
    key = folder / name
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", str(key)]
    subprocess.run(command, check=True, timeout=20, stdin=subprocess.DEVNULL)
    return key


@contextmanager
def agent_with(key: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent that has a key, whose passphrase, if it has one, is `PASSPHRASE`."""
    ask, socket = folder / "ask", folder / "agent"
    ask.write_text(f"#!/bin/sh\necho '{PASSPHRASE}'\n")
    ask.chmod(0o700)
    asked = {"SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none", "SSH_AUTH_SOCK": str(socket)}
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as agent:
        try:
            for name, value in asked.items():
                monkeypatch.setenv(name, value)
            for _ in range(500):
                if socket.exists():
                    break
                threading.Event().wait(0.02)
            subprocess.run(["ssh-add", "-q", str(key)], check=True, timeout=20, stdin=subprocess.DEVNULL)
            yield
        finally:
            agent.terminate()


def line(key: Path, options: str = "", principal: str | None = None) -> str:
    """The line of allowed_signers for a key, under its file's name."""
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    return " ".join(part for part in (principal or key.name, options, public) if part)


def run_of(
    signoff: Command, folder: Path, *checks: dict[str, Any], options: tuple[object, ...] = (), **sections: Any
) -> Path:
    """Run a small checklist that asks for signatures; gives the run's folder."""
    given = {"approvals": [{"role": "qa-lead"}], **sections}
    folder.mkdir(exist_ok=True)
    path = write(folder, checklist(stage(*(checks or (told("a"),))), **given))
    said = signoff("run", path, "--output", folder / "run", "--quiet", *options)
    assert said.code in {ExitCode.GO, ExitCode.NO_GO, ExitCode.HOLD}, said.err
    return folder / "run"


def gated(signoff: Command, run: Path, allowed: Path) -> tuple[int, dict[str, Any]]:
    """The gate's exit code and what it says."""
    said = signoff("gate", run, "--allowed-signers", allowed, "--json")
    assert said.out, said.err
    return said.code, json.loads(said.out)
