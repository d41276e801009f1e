"""Who may sign: OpenSSH's allowed_signers file, one person and one key a line.

Stricter than OpenSSH (ALLOWED SIGNERS in ssh-keygen(1)): a line names one principal, literally, and no certificate
authority, so that it is always one known person whose signature counts. Times without `Z` are in UTC.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from checks.errors import ConfigurationError, Problem
from checks.signing.armour import fingerprint

MAX_BYTES = 1 << 20

_LINE = re.compile(
    r"(?P<principal>\S+)\s+"
    r'(?:(?P<options>(?:[^\s"]|"[^"]*")+)\s+)??'
    r"(?P<type>(?:sk-)?(?:ssh|ecdsa)-[A-Za-z0-9@.-]+)\s+(?P<key>[A-Za-z0-9+/]+=*)(?:\s.*)?"
)
_OPTION = re.compile(r'(?P<name>[a-z-]+)(?:="(?P<value>[^"]*)")?(?:,|$)', re.IGNORECASE)
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]*")
_TIMES = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}


@dataclass(frozen=True)
class Signer:
    """One line: a person, a key of theirs, from when and until when it is good (None: without end)."""

    principal: str
    fingerprint: str
    line: str
    public_key: str
    valid_after: datetime | None
    valid_before: datetime | None

    def problem_at(self, moment: datetime) -> str | None:
        """Why the key is not good at a time; None where it is."""
        if self.valid_after is not None and moment < self.valid_after:
            return f"is of {moment:%Y-%m-%d %H:%M:%S} UTC, before the key of {self.principal} is valid"
        if self.valid_before is not None and moment >= self.valid_before:
            return f"is of {moment:%Y-%m-%d %H:%M:%S} UTC, after the key of {self.principal} has expired"
        return None


def read_allowed_signers(path: Path) -> Mapping[str, Signer]:
    """The signers by their key's fingerprint; raises ConfigurationError with every line that is wrong."""
    signers: dict[str, Signer] = {}
    problems: list[Problem] = []
    for number, line in enumerate(_text(path).splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            signer = _signer(line.strip())
        except ValueError as cause:
            problems.append(Problem(str(path), number, 1, str(cause)))
            continue
        known = signers.setdefault(signer.fingerprint, signer)
        if known is not signer:
            message = f"the key of {known.principal} again; one key is one person's"
            problems.append(Problem(str(path), number, 1, message))
    if not signers and not problems:
        problems.append(Problem(str(path), None, None, "names nobody; add a line `PRINCIPAL KEY-TYPE KEY`"))
    if problems:
        raise ConfigurationError(problems)
    return signers


def _text(path: Path) -> str:
    try:
        content = path.read_bytes() if path.stat().st_size <= MAX_BYTES else None
        text = None if content is None else content.decode()
    except OSError as cause:
        message = f"cannot read the file of allowed signers: {cause.strerror}; name it with --allowed-signers"
        raise ConfigurationError([Problem(str(path), None, None, message)]) from cause
    except UnicodeDecodeError as cause:
        raise ConfigurationError([Problem(str(path), None, None, "is not UTF-8; write it anew")]) from cause
    if text is None:
        raise ConfigurationError([Problem(str(path), None, None, "larger than 1 MiB; name another file")])
    return text


def _signer(line: str) -> Signer:
    found = _LINE.fullmatch(line)
    if not found:
        raise ValueError("is no line `PRINCIPAL [OPTIONS] KEY-TYPE KEY`")
    principal = found["principal"]
    if not _PRINCIPAL.fullmatch(principal):
        raise ValueError(f"{principal!r} is not the name of one person; write one literal principal a line")
    options = _options(found["options"] or "")
    return Signer(
        principal,
        fingerprint(_key(found["type"], found["key"])),
        line,
        f"{found['type']} {found['key']}",
        _time(options.get("valid-after")),
        _time(options.get("valid-before")),
    )


def _options(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    done = 0
    for option in _OPTION.finditer(text):
        if option.start() != done:
            break
        done = option.end()
        options[option["name"].lower()] = option["value"] or ""
    if done != len(text):
        raise ValueError(f"the options {text!r} cannot be read")
    unknown = sorted(set(options) - {"namespaces", "valid-after", "valid-before"})
    if unknown:
        raise ValueError(f"the option {unknown[0]!r} is not supported; use namespaces, valid-after, valid-before")
    return options


def _key(kind: str, text: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as cause:
        raise ValueError("the key is not base64") from cause
    if not key.startswith(len(kind).to_bytes(4, "big") + kind.encode()):
        raise ValueError(f"the key is none of the type {kind}")
    return key


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    digits = text.removesuffix("Z")
    try:
        return datetime.strptime(digits, _TIMES[len(digits)]).replace(tzinfo=UTC)
    except (KeyError, ValueError) as cause:
        raise ValueError(f"{text!r} is no time; write YYYYMMDD or YYYYMMDDHHMM[SS]") from cause
