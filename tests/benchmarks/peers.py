"""What is compared with, installed for benchmarks only, in .signoff/bench: LiteLLM's proxy by pip, nginx by apt.

What cannot be installed raises UnavailableError, which says why; nothing of the system is changed.
"""

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.ratio import UnavailableError
from tests.benchmarks.servers import Target, free_port, started

FOLDER = Path(__file__).parents[2] / ".signoff" / "bench"
LITELLM = "litellm[proxy]==1.106.2"
INSTALL_SECONDS = 1200
READY_SECONDS = 120
KEY = "sk-benchmark-0123456789abcdef"
MODEL = "gpt-image-1"


def litellm_program() -> Path:
    """LiteLLM's command, in an environment of its own."""
    environment = FOLDER / "litellm"
    program = environment / "bin" / "litellm"
    stamp = environment / "installed"
    if not stamp.exists() or stamp.read_text() != LITELLM:
        shutil.rmtree(environment, ignore_errors=True)
        _install([sys.executable, "-m", "venv", str(environment)])
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
        _install([*pip, "--only-binary", ":all:", LITELLM])
        stamp.write_text(LITELLM)
    return program


def nginx_program() -> Path:
    """nginx: the system's, or the package's content in a folder of its own."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found:
        return Path(found)
    folder = FOLDER / "nginx"
    program = folder / "usr" / "sbin" / "nginx"
    if not program.exists():
        if not shutil.which("apt-get"):
            raise UnavailableError("nginx is not installed, and there is no apt to fetch it")
        folder.mkdir(parents=True, exist_ok=True)
        _install(["apt-get", "download", "-qq", "nginx"], cwd=folder)
        (package,) = folder.glob("nginx_*.deb")
        _install(["dpkg-deb", "-x", str(package), str(folder)])
    return program


def _install(command: Sequence[str], cwd: Path | None = None) -> None:
    sys.stderr.write(f"installing for the benchmark: {' '.join(command)}\n")
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=INSTALL_SECONDS, cwd=cwd)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"{command[0]} took longer than {INSTALL_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise UnavailableError(f"{' '.join(command)} failed: {''.join(last)}") from error


@contextmanager
def litellm(folder: Path, upstream: Target) -> Generator[Target, None, None]:
    """LiteLLM's proxy in front of an upstream, with one worker and its cache switched on for images.

    By default it caches no images: `supported_call_types` beyond the documented ones makes it do so.
    """
    program, port = litellm_program(), free_port()
    base = upstream.url.removesuffix("/images/generations")
    configuration = {
        "model_list": [
            {
                "model_name": MODEL,
                "litellm_params": {"model": f"openai/{MODEL}", "api_base": base, "api_key": upstream.key},
            }
        ],
        "litellm_settings": {
            "cache": True,
            "cache_params": {"type": "local", "supported_call_types": ["aimage_generation", "image_generation"]},
        },
        "general_settings": {"master_key": KEY},
    }
    # JSON is YAML too.
    (folder / "litellm.yaml").write_text(json.dumps(configuration))
    command = [str(program), "--config", str(folder / "litellm.yaml"), "--port", str(port), "--host", "127.0.0.1"]
    log = (folder / "litellm.log").open("wb")
    process = subprocess.Popen(
        command,
        env={"PATH": f"{program.parent}:/usr/bin:/bin", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "HOME": str(folder)},
        stdout=log,
        stderr=log,
    )
    try:
        _await_ready(process, f"http://127.0.0.1:{port}/health/liveliness")
        yield Target(f"http://127.0.0.1:{port}/v1/images/generations", KEY)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def _await_ready(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UnavailableError(f"LiteLLM ended with {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - loopback
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    raise UnavailableError(f"LiteLLM was not ready after {READY_SECONDS} s")


@contextmanager
def nginx(folder: Path, body: bytes) -> Generator[Target, None, None]:
    """nginx with one worker and one static file."""
    program, port = nginx_program(), free_port()
    (folder / "static").mkdir()
    (folder / "static" / "answer.json").write_bytes(body)
    places = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"""
daemon off; pid {folder}/nginx.pid; error_log stderr error; worker_processes 1;
events {{ worker_connections 256; }}
http {{
  access_log off; sendfile on; keepalive_requests 1000000; {places}
  server {{ listen 127.0.0.1:{port}; root {folder}/static; }}
}}
"""
    )
    folder.chmod(0o755)
    with started([str(program), "-c", str(folder / "nginx.conf"), "-p", str(folder)], port):
        yield Target(f"http://127.0.0.1:{port}/answer.json")
