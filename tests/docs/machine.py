"""A machine of the test's own, on which the commands of a page are typed as they stand.

Folders of the machine are folders of the test, its ports are free ones, and the programs that cannot be here are
played by `STAND_INS`. All else is real: the shell and its tools, the proxy, the simulated service, `signoff`.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from checks.process import ProcessResult, base_environment, run_process
from checks.reference.deployment import deploy
from checks.reference.servers import background, free_port, server
from proxy.home import initialise

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
LINE_SECONDS = 120
PORTS = ("8045", "8046", "9046")
"""The ports that the pages name: of the proxy, of the simulated service, of the drill."""

SYSTEMCTL = r"""
unit=/etc/systemd/system/image-proxy.service pid=/var/run-image-proxy.pid
stop() {
  [ -f $pid ] || return 0
  kill -TERM "$(cat $pid)" || true
  for _ in $(seq 300); do
    case "$(ps -o stat= -p "$(cat $pid)" || true)" in "" | Z*) rm $pid; return 0 ;; esac
    sleep 0.1
  done
  exit 1
}
start() {
  setsid env -i $(sed -n 's/^Environment=//p' $unit) $(cat /etc/image-proxy/environment) \
    $(sed -n 's/^ExecStart=//p' $unit) </dev/null >>/var/service.log 2>&1 & echo $! >$pid
  for _ in $(seq 300); do curl -s http://127.0.0.1:8045/healthz >/dev/null && return 0; sleep 0.1; done
  cat /var/service.log; exit 1
}
case "$*" in
  daemon-reload) ;;
  "stop image-proxy") stop ;;
  "start image-proxy" | "enable --now image-proxy") start ;;
  *) echo "systemctl: unknown: $*" >&2; exit 1 ;;
esac
"""
PYTHON3 = r"""
if [ "${1-} ${2-}" != "-m venv" ]; then exec REAL "$@"; fi
mkdir -p "$3/bin"
printf '#!/bin/bash -eu\n[ -f "${2%%[*}" ]\nln -sf BIN/image-proxy BIN/signoff %s\n' "$3/bin/" > "$3/bin/pip"
chmod 755 "$3/bin/pip"
"""
STAND_INS = {
    "systemctl": SYSTEMCTL,
    "python3": PYTHON3.replace("REAL", sys.executable).replace("BIN", str(BIN)),
    "useradd": 'echo "$@" >>/var/useradd',
    "docker": 'if [ "$1" = exec ]; then shift 3; exec "$@"; fi; echo "$@" >>/var/docker',
    "gh": 'echo "$@" >>/var/gh; test -s "$5"',
    "page-the-team": 'echo "$@" >>/var/paged',
    "tell-the-team": "cat >>/var/told",
}
"""Programs that need a machine that is given to them, a network, or a person: what is typed, played by a shell's lines.

`python3` is the real one, but for new environments: their `pip` links what is installed here, where its wheel exists.
"""
KEEP = r"""set -aeu -o pipefail; . "$STATE"; trap 'export -p >"$STATE"; echo umask $(umask) >>"$STATE"' EXIT; """
"""Before every line: what the lines before have set holds, as in one terminal."""


@dataclass
class Machine:
    """Folder, ports by the pages' ports, and a client's key; `terminals` are those that a server keeps busy."""

    folder: Path
    ports: dict[str, str]
    key: str
    terminals: ExitStack = field(default_factory=ExitStack)

    @property
    def project(self) -> Path:
        """The folder that lines are typed in: the project's, whose files that name the machine's folders are copies."""
        return self.folder / "project"

    @property
    def url(self) -> str:
        """Where the proxy listens."""
        return f"http://127.0.0.1:{self.ports['8045']}"

    def here(self, text: str) -> str:
        """A text with the folders and ports of this machine in place of those that it names."""
        text = re.sub(r"(?<![\w$}.*~-])/(opt|etc|var)/", rf"{self.folder}/\1/", text)
        return re.sub(r"(?<=[:= ])(8045|8046|9046)\b", lambda found: self.ports[found[0]], text)

    def type(self, line: str) -> ProcessResult:
        """Run a line to its end; one that serves goes on in a terminal of its own."""
        line = self.here(line)
        if re.search(r"\bimage-proxy (serve|simulate)\b(?!.*--help)", line):
            return self._serve(line)
        return run_process(["bash", "-c", KEEP + line], cwd=self.project, env=self.environment, timeout_s=LINE_SECONDS)

    @property
    def settings(self) -> dict[str, str]:
        """The proxy's settings: its port, and the simulated service as what it calls."""
        upstream = f"http://127.0.0.1:{self.ports['8046']}"
        return {"IMAGE_PROXY_PORT": self.ports["8045"], "IMAGE_PROXY_UPSTREAM": upstream}

    @property
    def environment(self) -> dict[str, str]:
        """What a new terminal starts with."""
        given = {
            "PATH": os.pathsep.join([str(self.folder / "bin"), str(BIN), base_environment()["PATH"]]),
            "HOME": str(self.folder),
            "HOME_DIR": str(self.folder / "var/lib/image-proxy"),
            "BACKUPS": str(self.project / "backups"),
            "STATE": str(self.folder / "state"),
            "URL": self.url,
            "IMAGE_PROXY_API_KEY": self.key,
            **self.settings,
            "HEARTBEAT": f"{self.url}/healthz",
            "NUMBER": "7",
            "SIGNOFF_NOTIFY_PROGRAM": "tell-the-team",
        }
        return base_environment(given)

    def _serve(self, line: str) -> ProcessResult:
        """Start a server; the result is what it says once its port is open, or at its end."""
        said = Path(tempfile.mkstemp(dir=self.folder, suffix=".log")[1])
        shell = ["bash", "-c", f"cd {self.project}; {KEEP}{line}"]
        process = self.terminals.enter_context(background(shell, self.environment, said))
        deadline = time.monotonic() + LINE_SECONDS
        while "://127" not in said.read_text() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
        code = 0 if "://127" in said.read_text() else process.poll()
        return ProcessResult(tuple(shell), exit_code=code, stderr=said.read_bytes())


@contextmanager
def machine(folder: Path) -> Iterator[Machine]:
    """A machine with a home, both releases installed, and a simulated service that answers; all ends with the block."""
    for name in ("bin", "opt/image-proxy", "etc/systemd/system", "var/lib", "var/backups", "var/tmp", "project"):
        (folder / name).mkdir(parents=True)
    (folder / "state").touch()
    _, key = initialise(folder / "var/lib/image-proxy")
    made = Machine(folder, {port: str(free_port()) for port in PORTS}, key)
    for entry in ROOT.iterdir():
        if not entry.name.startswith(".") and entry.name not in {"packaging", "checklist.yaml", "signoff-runs"}:
            (made.project / entry.name).symlink_to(entry)
    (made.project / ".venv").symlink_to(BIN.parent)
    (made.project / "packaging").mkdir()
    for name in ("packaging/image-proxy.service", "checklist.yaml"):
        text = re.sub(r"^(User|Group)=.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
        (made.project / name).write_text(made.here(text))
    # Where systemd is not installed, no more can be said of the unit than that it is there.
    analyze = {} if shutil.which("systemd-analyze") else {"systemd-analyze": 'test -s "$2"'}
    for name, lines in (STAND_INS | analyze).items():
        (folder / "bin" / name).write_text(made.here(f"#!/bin/bash -eu\n{lines}\n"))
        (folder / "bin" / name).chmod(0o755)
    deploy(ROOT, BIN / "image-proxy", folder / "opt/image-proxy", "v3.3.20", "v3.3.19")
    # A folder of its own in place of the link, so that what is installed there goes nowhere else.
    (folder / "opt/image-proxy/v3.3.20").unlink()
    (folder / "opt/image-proxy/v3.3.20/bin").mkdir(parents=True)
    for name in ("image-proxy", "signoff"):
        (folder / "opt/image-proxy/v3.3.20/bin" / name).symlink_to(BIN / name)
    simulate = [str(BIN / "image-proxy"), "simulate", "--port", made.ports["8046"]]
    address = f"http://127.0.0.1:{made.ports['8046']}/_simulator/stats"
    with server(simulate, base_environment(), folder / "simulate.log", address, threading.Event()):
        try:
            with made.terminals:
                yield made
        finally:
            made.type("systemctl stop image-proxy")
