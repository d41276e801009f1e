"""A reference that a rollback can be tried on: deployed, backed up, and written to since."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from checks.backup_files import Work, back_up
from checks.errors import ConfigurationError, Problem
from checks.events import Listener
from checks.reference.environment import Variant, reference
from checks.reference.installation import source_tree
from checks.rollback.preparation import Asked
from checks.run import Request, prepared

BACKED_UP = ("config.json", "accounts", "proxy.db")


@contextmanager
def rollback_of_reference(
    asked: Asked, listener: Listener, stop: threading.Event, variant: Variant | None = None
) -> Iterator[Asked]:
    """Start the reference, make backups, add an account after them; what is asked then is about this reference.

    Rollbacks are recorded under `.signoff/rollbacks` unless they are asked to be elsewhere. Raises ConfigurationError
    where the reference cannot be started.
    """
    request = Request(checklist=asked.checklist, profile=asked.profile or "reference", settings=asked.settings)
    loaded, _ = prepared(replace(request, environ=asked.environ))
    source = source_tree(asked.checklist.resolve().parent)
    with reference(source, loaded, asked.environ, listener, stop, variant or Variant()) as started:
        if started.problem is not None:
            raise ConfigurationError([Problem(str(asked.checklist), None, None, started.problem)])
        home = Path(started.settings["target.data_dir"])
        backups = home.parent / "backups"
        _back_up(home, backups)
        first = next((home / "accounts").iterdir())
        shutil.copy2(first, first.with_name("added-since.json"))
        now = datetime.now(UTC)
        yield replace(
            asked,
            profile=request.profile,
            settings={**started.settings, "backup_dir": str(backups), **asked.settings},
            records=asked.records or source / ".signoff" / "rollbacks" / f"{now:%Y%m%dT%H%M%SZ}-{home.parent.name}",
        )


def _back_up(home: Path, backups: Path) -> None:
    scratch = home.parent / "scratch"
    scratch.mkdir()
    work = Work(backups, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", scratch, lambda: False)
    for name in BACKED_UP:
        back_up(home / name, work)
