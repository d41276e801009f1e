"""The service definition: what systemd itself makes of it, and that it holds what the runbook promises."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[2] / "packaging" / "image-proxy.service"


def _values(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)


def test_it_starts_reloads_and_stops_as_the_proxy_wants() -> None:
    assert _values("ExecStart") == ["/opt/image-proxy/current/bin/image-proxy serve"]
    assert _values("ExecReload") == ["/bin/kill -HUP $MAINPID"]
    assert _values("RestartPreventExitStatus") == ["2"]
    assert int(_values("TimeoutStopSec")[0]) > 40
    assert int(_values("LimitNOFILE")[0]) > 4000


def test_it_runs_as_nobody_much_and_writes_only_its_home() -> None:
    assert "root" not in _values("User")
    assert _values("ProtectSystem") == ["strict"]
    assert _values("UMask") == ["0077"]
    assert _values("CapabilityBoundingSet") == [""]
    assert _values("Environment") == [f"IMAGE_PROXY_HOME=/var/lib/{_values('StateDirectory')[0]}"]


@pytest.mark.parametrize("command", [["verify"], ["security", "--offline=yes", "--threshold=25"]])
def test_systemd_finds_no_mistake(command: list[str], tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    # Where systemd is not installed, the tests above are all that can be said.
    if analyze is None:
        assert UNIT.is_file()
        return
    there = tmp_path / UNIT.name
    # The program is not installed where the tests run, nor is its user.
    there.write_text(
        re.sub(r"^(User|Group)=.*\n", "", UNIT.read_text(), flags=re.MULTILINE).replace(
            "ExecStart=/opt/image-proxy/current/bin/image-proxy", "ExecStart=/bin/true"
        )
    )
    if command[0] == "security":
        there.write_text(UNIT.read_text())
    ended = subprocess.run([analyze, *command, str(there)], capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert UNIT.name not in ended.stderr
