"""The reference as it is deployed: the release and the version before, side by side, and a link to the one that serves.

The version before is a second copy of the proxy's package that says another version. It shares the release's
dependencies, so that it takes no network and no time. In place of a service manager there is a small program.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from checks.process import base_environment, run_process

STOP_S = 15.0
"""How long a server that the stand-in started may take to end before it is killed."""
MANAGER = '''#!{python}
"""Stands in for a service manager: `service-manager start image-proxy` starts what `current` leads to."""
import json, pathlib, subprocess, sys
if sys.argv[1:] != ["start", "image-proxy"]:
    sys.exit("service-manager: only `start image-proxy` is known")
here = pathlib.Path(__file__).parent
service = json.loads((here / "service.json").read_text())
with (here / "serve.log").open("ab") as log:
    started = subprocess.Popen(
        [str(here / "current/bin/image-proxy"), *service["arguments"]], env=service["environment"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )
(here / "service.pid").write_text(str(started.pid))
'''


@dataclass(frozen=True)
class Deployment:
    """A folder with one folder a version, and `current`, a link to the one that serves."""

    folder: Path

    @property
    def settings(self) -> dict[str, Any]:
        """The profile values that say where versions lie and what starts them."""
        return {"install_dir": str(self.folder), "service_manager": str(self.folder / "service-manager")}

    def serve_by(self, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
        """Say with which arguments and environment the stand-in starts the service."""
        path = self.folder / "service.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"arguments": list(arguments), "environment": dict(environment)}))

    def end(self) -> None:
        """End the server that the stand-in has started, if it has."""
        try:
            pid = int((self.folder / "service.pid").read_text())
            process = psutil.Process(pid)
        except (OSError, ValueError, psutil.Error):
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(pid, number)
            deadline = time.monotonic() + STOP_S
            while process.is_running() and process.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
                time.sleep(0.05)


def deploy(source: Path, program: Path, folder: Path, version: str, previous: str | None) -> Deployment:
    """Put the installed `program` under its version, a copy as `previous` beside it, and point `current` to the first.

    `source` is the project's folder. The paths of the versions are `folder`/VERSION.
    """
    environment = program.parent.parent
    (folder / version).symlink_to(environment)
    (folder / "current").symlink_to(folder / version)
    if previous is not None:
        _copy_as(previous, source / "proxy", environment, folder / previous)
    manager = folder / "service-manager"
    manager.write_text(MANAGER.format(python=sys.executable))
    manager.chmod(0o700)
    return Deployment(folder)


def _copy_as(version: str, package: Path, release: Path, folder: Path) -> None:
    """An environment that has the package with another version, and all else from the release's."""
    argv = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    run_process(argv, cwd=package.parent, env=base_environment(), timeout_s=60.0)
    libraries = next((folder / "lib").glob("python*")) / "site-packages"
    copied = libraries / "proxy"
    shutil.copytree(package, copied, ignore=shutil.ignore_patterns("__pycache__"))
    initial = copied / "__init__.py"
    lines = initial.read_text().splitlines()
    named = [f'__version__ = "{version.removeprefix("v")}"' if "__version__ =" in line else line for line in lines]
    initial.write_text("\n".join(named) + "\n")
    (libraries / "release.pth").write_text(f"{next((release / 'lib').glob('python*')) / 'site-packages'}\n")
    program = folder / "bin" / "image-proxy"
    program.write_text(f"#!{folder / 'bin' / 'python'}\nfrom proxy.command import main\n\nmain()\n")
    program.chmod(0o755)
