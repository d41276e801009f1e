"""A run with its signatures as one archive that a third party can verify with OpenSSH and sha256sum."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from checks.run_folder import write_atomically
from checks.signing.errors import SigningError
from checks.signing.inventory import SIGNATURES, take_inventory


def bundle(run: Path, output: Path) -> int:
    """Write a tar archive of the run's folder, signatures included; the same files give the same bytes.

    Everything is under one folder, named after the run's. Returns the number of files. Raises SigningError where
    nobody has signed, where a file is not plain, or where the archive would lie in what is signed.
    """
    inventory = take_inventory(run)
    for name, problem in inventory.unsignable.items():
        raise SigningError(run / ascii(name)[1:-1], problem, "take it away; it is not part of a run")
    folder = run / SIGNATURES
    signatures = sorted(folder.iterdir()) if folder.is_dir() and not folder.is_symlink() else []
    if not signatures:
        raise SigningError(run, "is not signed", "sign it with `signoff approve` first")
    if output.resolve().is_relative_to(run.resolve()):
        raise SigningError(
            output, "is in the run's folder, where it would be a file that nobody signed", "name another"
        )
    names = sorted([*inventory.digests, *(f"{SIGNATURES}/{each.name}" for each in signatures)])
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
