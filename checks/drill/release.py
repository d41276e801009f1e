"""A finished run that people sign, and the gate that decides by it: all through the command line, with real keys."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from checks.drill.command_line import TIMEOUT_S, NoAnswerError, answer, signoff
from checks.drill.outcome import SeenCheck
from checks.drill.place import Place
from checks.outcome import Status
from checks.process import base_environment, run_process

GATE, APPROVE = "gate", "approve"
"""Stand for the commands, where they refuse."""
SIGNERS: Mapping[str, str] = {"qa-lead": "alice", "tech-lead": "bob", "integration-lead": "carol"}
"""Who signs in which role."""
PEOPLE = ("alice", "bob", "carol", "stranger")
CHECKLIST = Path(__file__).parent / "data" / "release.yaml"
_STATUS = {"GO": Status.PASS, "NO-GO": Status.FAIL, "HOLD": Status.NO_DATA}


def make_keys(place: Place) -> None:
    """A key of each person, and the file that says who may sign; raises ValueError where ssh-keygen is missing."""
    lines = []
    for person in PEOPLE:
        key = place.folder / "keys" / person
        key.parent.mkdir(exist_ok=True)
        made = run_process(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", person, "-f", str(key)],
            cwd=place.folder,
            env=base_environment({}),
            timeout_s=TIMEOUT_S,
        )
        if made.exit_code != 0:
            raise ValueError(f"no key could be made: {made.failure or made.stderr.decode(errors='replace')}")
        kind, public = key.with_suffix(".pub").read_text().split()[:2]
        if person != "stranger":
            lines.append(f"{person} {kind} {public}\n")
    (place.folder / "allowed_signers").write_text("".join(lines))


def make_release(folder: Path, stop: threading.Event) -> None:
    """A release with its keys, run and signed by everyone; raises ValueError where a program is missing."""
    folder.mkdir(parents=True)
    place = Place(folder, stop, ExitStack())
    shutil.copy2(CHECKLIST, folder / "release.yaml")
    make_keys(place)
    make_run(place)
    sign_all(place)


def make_run(place: Place, *options: str) -> None:
    """Run the release's checklist into the folder `run`."""
    done = signoff(place, "run", "release.yaml", "--output", "run", "--quiet", "--non-interactive", *options)
    if not (place.folder / "run" / "verdict.json").is_file():
        raise ValueError(f"the run was refused: {done.stderr.decode(errors='replace')[:500]}")


class SigningRefused(Exception):  # noqa: N818 - what the command did, no error of ours
    """`signoff approve` would not sign; the message is what it said."""


def sign(place: Place, role: str, person: str, *options: str) -> None:
    """Sign the run; raises SigningRefused where the command does."""
    done = signoff(place, "approve", "run", "--role", role, "--key", str(place.folder / "keys" / person), *options)
    if done.exit_code != 0:
        raise SigningRefused(f"{person} as {role}: {done.failure or done.stderr.decode(errors='replace')[:500]}")


def sign_all(place: Place) -> None:
    """Everyone signs in the own role."""
    for role, person in SIGNERS.items():
        sign(place, role, person)


def gate(place: Place) -> tuple[SeenCheck, ...]:
    """What the gate decides, as a check."""
    try:
        decision = answer(place, "gate", "run", "--allowed-signers", "allowed_signers", has="decision")
    except NoAnswerError as error:
        return (SeenCheck(id=GATE, status=Status.ERROR, reason=str(error)),)
    states = ", ".join(f"{each['role']} {each['state']}" for each in decision["approvals"])
    reason = f"{decision['decision']} ({states}): {decision['reason']}"
    return (SeenCheck(id=GATE, status=_STATUS[decision["decision"]], reason=reason[:500]),)
