"""A run with its signatures as one archive that a third party can verify with OpenSSH and sha256sum."""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checks.run_folder import write_atomically
from checks.signing.errors import SigningError
from checks.signing.inventory import MAX_FILES, SIGNATURES, take_inventory
from checks.signing.signatures import signature_names

MAX_BYTES = 1 << 30
"""A bundle that unpacks to more is refused."""


def bundle(run: Path, output: Path) -> int:
    """Write a tar archive of the run's folder, signatures included; the same files give the same bytes.

    Everything is under one folder, named after the run's. Returns the number of files. Raises SigningError where
    nobody has signed, where a file is not plain, or where the archive would lie in what is signed.
    """
    inventory = take_inventory(run)
    for name, problem in inventory.unsignable.items():
        raise SigningError(run / ascii(name)[1:-1], problem, "take it away; it is not part of a run")
    signatures = signature_names(run)
    if not signatures:
        raise SigningError(run, "is not signed", "sign it with `signoff approve` first")
    if output.resolve().is_relative_to(run.resolve()):
        raise SigningError(
            output, "is in the run's folder, where it would be a file that nobody signed", "name another"
        )
    names = sorted([*inventory.digests, *inventory.views, *(f"{SIGNATURES}/{name}" for name in signatures)])
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in names:
            content = (run / name).read_bytes()
            member = tarfile.TarInfo(f"{run.resolve().name}/{name}")
            member.size = len(content)
            member.mode = 0o644
            tar.addfile(member, io.BytesIO(content))
    write_atomically(output, archive.getvalue())
    return len(names)


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """The run's folder of a bundle, unpacked for as long as it is looked at.

    Raises SigningError where the archive is no bundle: not a tar of plain files under one folder, or too large.
    """
    with tempfile.TemporaryDirectory(prefix="signoff-bundle-") as folder:
        try:
            with tarfile.open(archive, mode="r:") as tar:
                members = _members(archive, tar)
                tar.extractall(folder, members=members, filter="data")
        except (OSError, tarfile.TarError) as cause:
            raise SigningError(archive, f"cannot be read as a bundle: {cause}", _REMEDY) from cause
        yield Path(folder) / members[0].name.partition("/")[0]


_REMEDY = "name an archive that `signoff bundle` wrote"


def _members(archive: Path, tar: tarfile.TarFile) -> list[tarfile.TarInfo]:
    members: list[tarfile.TarInfo] = []
    size = 0
    for member in tar:
        size += member.size
        members.append(member)
        if size > MAX_BYTES or len(members) > MAX_FILES:
            raise SigningError(archive, "unpacks to more than a bundle may hold", _REMEDY)
    if not all(each.isreg() for each in members) or len({each.name.partition("/")[0] for each in members}) != 1:
        raise SigningError(archive, "is not one folder of plain files", _REMEDY)
    return members
