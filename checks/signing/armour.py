"""The file that `ssh-keygen -Y sign` writes, taken apart and put together again.

Format: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig. ssh-keygen accepts more than one
armour for a signature (line ends, line lengths), and ignores its reserved field; only one writing is accepted here.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
import textwrap
from dataclasses import dataclass

BEGIN = "-----BEGIN SSH SIGNATURE-----"
END = "-----END SSH SIGNATURE-----"
WIDTH = 70
MAX_BYTES = 64 << 10
"""A signature with an RSA key of 16,384 bits has some 6 kB."""

_PREAMBLE = b"SSHSIG" + struct.pack(">I", 1)
_FIELDS = 5


@dataclass(frozen=True)
class Armoured:
    """A signature: the public key that it names, as SSH writes it, and its namespace."""

    public_key: bytes
    namespace: str

    @property
    def fingerprint(self) -> str:
        """The key's fingerprint as ssh-keygen shows it."""
        return fingerprint(self.public_key)


def fingerprint(public_key: bytes) -> str:
    """SHA256: and the digest in base64 without padding."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(public_key).digest()).decode().rstrip("=")


def canonical(content: bytes) -> bytes:
    """A signature file in its one writing; raises ValueError where it is none."""
    lines = content.decode("ascii").split()
    text = "".join(lines[3:-3])
    if " ".join(lines[:3]) != BEGIN or " ".join(lines[-3:]) != END:
        raise ValueError("it is no SSH signature")
    return _written(base64.b64decode(text, validate=True))


def read_armour(content: bytes) -> Armoured:
    """The parts of a signature file; raises ValueError where it is none, or is not in its one writing."""
    if len(content) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES >> 10} KiB")
    try:
        if canonical(content) != content:
            raise ValueError("it is not in its canonical form")
    except binascii.Error as cause:
        raise ValueError("it is not base64") from cause
    blob = base64.b64decode("".join(content.decode("ascii").splitlines()[1:-1]))
    if not blob.startswith(_PREAMBLE):
        raise ValueError("it is no SSH signature of version 1")
    fields, rest = [], blob[len(_PREAMBLE) :]
    for _ in range(_FIELDS):
        length = int.from_bytes(rest[:4], "big")
        if len(rest) < 4 + length:
            raise ValueError("it is cut short")
        fields.append(rest[4 : 4 + length])
        rest = rest[4 + length :]
    public_key, namespace, reserved, _, _ = fields
    if rest or reserved:
        raise ValueError("it holds bytes that mean nothing")
    return Armoured(public_key, namespace.decode())


def _written(blob: bytes) -> bytes:
    body = textwrap.wrap(base64.b64encode(blob).decode(), WIDTH)
    return ("\n".join([BEGIN, *body, END]) + "\n").encode()
