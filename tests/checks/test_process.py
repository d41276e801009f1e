"""Child processes: what is told of them, and that nothing of them stays."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from checks import process
from checks.process import ProcessResult, base_environment, run_process
from checks.process_session import Session

MARGIN_SECONDS = 20.0


def run(argv: Sequence[str], cwd: Path, timeout_s: float = MARGIN_SECONDS, max_bytes: int = 1 << 20) -> ProcessResult:
    return run_process(argv, cwd=cwd, env=base_environment(), timeout_s=timeout_s, max_bytes=max_bytes)


def python(*lines: str) -> list[str]:
    return [sys.executable, "-I", "-c", "\n".join(lines)]


def eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + MARGIN_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        threading.Event().wait(0.01)
    return True


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_gives_exit_code_and_both_streams(tmp_path: Path) -> None:
    result = run(["sh", "-c", "echo out; echo err >&2; exit 3"], tmp_path)
    assert (result.exit_code, result.stdout, result.stderr) == (3, b"out\n", b"err\n")
    assert result.argv == ("sh", "-c", "echo out; echo err >&2; exit 3")
    assert result.started
    assert result.duration_s > 0
    assert (result.signal, result.failure, result.timed_out, result.interrupted) == (None, None, False, False)
    assert not result.stdout_truncated
    assert not result.stderr_truncated


def test_runs_in_the_folder_given_with_no_input(tmp_path: Path) -> None:
    assert run(["sh", "-c", "pwd -P; cat"], tmp_path).stdout.decode() == f"{tmp_path.resolve()}\n"


def test_no_shell_reads_the_arguments(tmp_path: Path) -> None:
    assert run(["echo", "$HOME; $(id) *"], tmp_path).stdout == b"$HOME; $(id) *\n"


def test_the_environment_given_is_the_whole(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "ONLY": "this"}
    result = run_process(["env"], cwd=tmp_path, env=environment, timeout_s=MARGIN_SECONDS)
    assert {"ONLY=this", f"PATH={os.environ['PATH']}"} == set(result.stdout.decode().splitlines())


def test_the_base_environment_is_an_allowlist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("SOME_API_KEY", "secret")
    monkeypatch.delenv("TZ", raising=False)
    environment = base_environment({"EXTRA": "1", "LANG": "C"})
    assert environment["HOME"] == "/home/someone"
    assert environment["EXTRA"] == "1"
    assert environment["LANG"] == "C"
    assert "SOME_API_KEY" not in environment
    assert "TZ" not in environment


@pytest.mark.parametrize(
    ("argv", "failure"),
    [
        ([], "no command is given"),
        ([""], "no command is given"),
        (["no-such-command"], "command not found: no-such-command"),
        (["./no-such-file"], "command not found: ./no-such-file"),
        (["./notes.txt"], "not executable: ./notes.txt"),
        (["./lost-interpreter"], "interpreter not found: the one that ./lost-interpreter names"),
        (["./broken"], "cannot be started: ./broken: Exec format error"),
        (["echo", "a\0b"], "cannot be started: echo: embedded null byte"),
    ],
)
def test_what_cannot_be_started_says_why(tmp_path: Path, argv: list[str], failure: str) -> None:
    (tmp_path / "notes.txt").write_text("just text")
    for name, content in {"lost-interpreter": b"#!/no/such/interpreter\n", "broken": b"\x7fELF nonsense"}.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o755)
    result = run(argv, tmp_path)
    assert result.failure == failure
    assert not result.started
    assert result.exit_code is None


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert run(["true"], tmp_path / "nowhere").failure == f"working directory not found: {tmp_path / 'nowhere'}"


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGKILL, "SIGKILL"), (signal.SIGSEGV, "SIGSEGV"), (40, "signal 40")]
)
def test_an_end_by_signal_is_told_as_such(tmp_path: Path, number: int, name: str) -> None:
    result = run(python("import os", f"os.kill(os.getpid(), {int(number)})"), tmp_path)
    assert result.signal == name
    assert result.exit_code is None
    assert not result.timed_out


def test_output_beyond_the_limit_is_dropped_and_marked(tmp_path: Path) -> None:
    result = run(["sh", "-c", "head -c 1000 /dev/zero; head -c 1001 /dev/zero >&2"], tmp_path, max_bytes=1000)
    assert (len(result.stdout), result.stdout_truncated) == (1000, False)
    assert (len(result.stderr), result.stderr_truncated) == (1000, True)


def test_a_gigabyte_of_output_neither_blocks_nor_fills_memory(tmp_path: Path) -> None:
    result = run(["head", "-c", "1000000000", "/dev/zero"], tmp_path, timeout_s=60)
    assert result.exit_code == 0
    assert len(result.stdout) == 1 << 20
    assert result.stdout_truncated


def test_what_never_ends_is_ended(tmp_path: Path) -> None:
    result = run(["sh", "-c", "echo begun; sleep 1000"], tmp_path, timeout_s=0.3)
    assert result.timed_out
    assert result.stdout == b"begun\n"
    assert result.signal == "SIGTERM"
    assert result.duration_s < MARGIN_SECONDS


def test_what_cleans_up_on_term_has_time_for_it(tmp_path: Path) -> None:
    result = run(
        ["sh", "-c", "trap 'echo cleaned; exit 7' TERM; echo ready; while :; do sleep 0.05; done"], tmp_path, 0.5
    )
    assert result.timed_out
    assert result.exit_code == 7
    assert result.stdout == b"ready\ncleaned\n"


def test_what_ignores_term_is_killed_after_the_grace(tmp_path: Path) -> None:
    result = run(["sh", "-c", "trap '' TERM; while :; do sleep 0.05; done"], tmp_path, timeout_s=0.3)
    assert result.timed_out
    assert result.signal == "SIGKILL"
    assert 2.0 <= result.duration_s < MARGIN_SECONDS


def test_a_request_to_stop_ends_it(tmp_path: Path) -> None:
    stop = threading.Event()
    ready = tmp_path / "ready"
    results: list[ProcessResult] = []
    argv = ["sh", "-c", f"touch {ready}; sleep 1000"]
    thread = threading.Thread(
        target=lambda: results.append(
            run_process(argv, cwd=tmp_path, env=base_environment(), timeout_s=MARGIN_SECONDS * 2, stop=stop)
        )
    )
    thread.start()
    assert eventually(ready.exists)
    stop.set()
    thread.join(MARGIN_SECONDS)
    assert results[0].interrupted
    assert not results[0].timed_out
    assert results[0].started


def test_nothing_is_started_once_stopped(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    result = run_process(["touch", "x"], cwd=tmp_path, env=base_environment(), timeout_s=1, stop=stop)
    assert result.interrupted
    assert not result.started
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "script",
    [
        "sleep 1000 & echo $!",
        "(trap '' TERM; sleep 1000) & echo $!",
        "exec >&2; sleep 1000 & echo $! > number",
        "set -m; sleep 1000 & echo $!",
        "nohup sleep 1000 & echo $!",
    ],
    ids=["child", "ignores TERM", "closed output", "own group", "nohup"],
)
def test_children_left_behind_are_ended(tmp_path: Path, script: str) -> None:
    result = run(["sh", "-c", script], tmp_path)
    assert result.exit_code == 0
    assert not result.timed_out
    written = result.stdout or (tmp_path / "number").read_bytes()
    assert gone(int(written))


def test_grandchildren_are_ended_with_the_time_limit(tmp_path: Path) -> None:
    result = run(["sh", "-c", "sh -c 'sleep 1000 & echo $!; wait' & wait"], tmp_path, timeout_s=0.5)
    assert result.timed_out
    assert gone(int(result.stdout))


def test_a_daemon_in_the_session_is_ended(tmp_path: Path) -> None:
    daemon = python(
        "import os, sys, time",
        "if os.fork() == 0:",
        "    if os.fork() == 0:",
        "        print(os.getpid(), flush=True)",
        "        time.sleep(1000)",
        "    os._exit(0)",
        "os.wait()",
        "time.sleep(0.2)",
    )
    assert gone(int(run(daemon, tmp_path).stdout))


@pytest.mark.parametrize("drain_seconds", [0.0, process.DRAIN_SECONDS])
def test_who_left_the_session_cannot_block_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drain_seconds: float
) -> None:
    monkeypatch.setattr(process, "DRAIN_SECONDS", drain_seconds)
    escaped = python(
        "import os, time",
        "if os.fork() == 0:",
        "    os.setsid()",
        "    print(os.getpid(), flush=True)",
        "    while True:",
        "        os.write(1, b'x' * 65536)",
        "time.sleep(0.3)",
    )
    result = run(escaped, tmp_path, timeout_s=10)
    pid = int(result.stdout.split(b"\n")[0])
    if not gone(pid):
        os.kill(pid, signal.SIGKILL)
    assert result.exit_code == 0
    assert result.stdout_truncated
    assert eventually(lambda: gone(pid))


def test_closed_output_does_not_end_the_wait(tmp_path: Path) -> None:
    result = run(["sh", "-c", "exec >&- 2>&-; sleep 0.2; exit 4"], tmp_path)
    assert result.exit_code == 4
    assert result.duration_s >= 0.2


def test_an_exception_while_waiting_leaves_no_process(tmp_path: Path) -> None:
    class Interrupting(threading.Event):
        def is_set(self) -> bool:
            if (tmp_path / "number").exists() and (tmp_path / "number").read_text().endswith("\n"):
                raise KeyboardInterrupt
            return False

    with pytest.raises(KeyboardInterrupt):
        run_process(
            ["sh", "-c", "echo $$ > number; sleep 1000"],
            cwd=tmp_path,
            env=base_environment(),
            timeout_s=MARGIN_SECONDS,
            stop=Interrupting(),
        )
    assert gone(int((tmp_path / "number").read_text()))


def test_a_session_without_members_is_over() -> None:
    nobody = Session(2**30)
    assert nobody.leader_ended()
    assert nobody.members() == []
    assert nobody.end(lambda seconds: None) == []
