"""TLS against a real server with a certificate of its own, which asks for one of ours."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic import ValidationError

from checks.judging import judge
from checks.kinds.http import HttpCheck
from checks.kinds.sequence import SequenceCheck
from checks.kinds.traffic import TrafficCheck
from checks.outcome import Status
from checks.target import Target
from checks.transport_security import Tls
from tests.checks.kinds.conftest import Make, MakeContext
from tests.checks.kinds.conftest import context as context
from tests.checks.kinds.conftest import make as make

DAYS = 20


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with a self-signed certificate for 127.0.0.1, and its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    out = ["-days", str(DAYS), "-keyout", str(path), "-out", str(path.with_name("certificate.pem"))]
    subprocess.run(["openssl", "req", "-x509", *kind, *names, *out], check=True, capture_output=True)
    path.write_text(path.read_text() + path.with_name("certificate.pem").read_text())
    return path


@pytest.fixture(scope="module")
def server(pem: Path) -> Iterator[str]:
    serving = HTTPServer(("127.0.0.1", 0), Handler)
    settings = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pem))
    settings.load_cert_chain(str(pem))
    settings.verify_mode = ssl.CERT_REQUIRED
    serving.socket = settings.wrap_socket(serving.socket, server_side=True)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"https://127.0.0.1:{serving.server_port}"
    serving.shutdown()
    serving.server_close()


def test_a_certificate_of_its_own_is_trusted_where_it_is_named(
    server: str, pem: Path, make: Make, context: MakeContext
) -> None:
    there = context(target=Target(url=server))
    tls = {"ca": str(pem), "certificate": str(pem)}
    expect = {"status": 200, "tls.version": {"one_of": ["TLSv1.2", "TLSv1.3"]}, "tls.expires_in": {"above": "14d"}}
    good = make(HttpCheck, url="/", tls=tls, expect=expect)
    assert judge(good, good.observe(there)) == (Status.PASS, "")
    near = make(HttpCheck, url="/", tls=tls, expect={"tls.expires_in": {"above": f"{DAYS + 1}d"}})
    assert judge(near, near.observe(there))[0] is Status.FAIL
    steps = make(SequenceCheck, steps=[{"name": "one", "url": "/", "tls": tls}], expect={"one.status": 200})
    assert judge(steps, steps.observe(there))[0] is Status.PASS
    load = make(TrafficCheck, url="/", tls=tls, requests=3, clients=1, expect={"answered": 3})
    assert judge(load, load.observe(there))[0] is Status.PASS


def test_without_it_there_is_no_connection(server: str, pem: Path, make: Make, context: MakeContext) -> None:
    there = context(target=Target(url=server))
    seen = make(HttpCheck, url="/", expect={"status": 200}).observe(there)
    assert seen.status is Status.FAIL
    assert "self-signed certificate" in seen.reason
    nameless = make(HttpCheck, url="/", tls={"ca": str(pem)}, expect={"status": 200}).observe(there)
    assert nameless.status is Status.FAIL


@pytest.fixture
def refusing(pem: Path) -> Iterator[str]:
    """A server that wants our certificate, says so when we have none, and then does not close."""
    settings = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pem))
    settings.load_cert_chain(str(pem))
    settings.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server(("127.0.0.1", 0)) as listening, ExitStack() as open_until_the_end:

        def serve() -> None:
            accepted = open_until_the_end.enter_context(listening.accept()[0])
            secured = settings.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
            open_until_the_end.enter_context(secured)
            with suppress(ssl.SSLError):
                secured.do_handshake()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_a_refusal_of_ours_after_the_handshake_is_no_answer(
    refusing: str, pem: Path, make: Make, context: MakeContext
) -> None:
    there = context(target=Target(url=refusing))
    nameless = make(HttpCheck, url="/", tls={"ca": str(pem)}, expect={"status": 200}).observe(there)
    assert nameless.status is Status.FAIL
    assert "the connection broke" in nameless.reason
    assert "CERTIFICATE_REQUIRED" in nameless.reason


def test_files_that_cannot_be_used_are_an_error(server: str, make: Make, context: MakeContext) -> None:
    there = context(target=Target(url=server))
    (there.root / "bad.pem").write_text("no certificate")
    for name in ("bad.pem", "none.pem"):
        seen = make(HttpCheck, url="/", tls={"ca": name}, expect={"status": 200}).observe(there)
        assert seen.status is Status.ERROR
        assert "the files of `tls` cannot be used" in seen.reason


def test_settings_that_say_nothing_are_refused() -> None:
    for fields in ({}, {"key": "x"}, {"ca": "x", "key": "y"}, {"verify": False}):
        with pytest.raises(ValidationError):
            Tls.model_validate(fields)
