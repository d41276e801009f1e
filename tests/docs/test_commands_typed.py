"""The pages' commands, typed on a machine of the test's own in the order of the page; what ends badly is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import pytest

from tests.docs.machine import ROOT, Machine, machine
from tests.docs.pages import PAGES, is_typed, lines_of

T = TypeVar("T")

pytestmark = pytest.mark.system

INSTALLED = """
mkdir -p /etc/image-proxy; env | grep -E '^IMAGE_PROXY_(PORT|UPSTREAM)=' > /etc/image-proxy/environment
cp packaging/image-proxy.service /etc/systemd/system/; systemctl start image-proxy
"""
"""The service runs."""
TRAFFIC = "image-proxy traffic --url $URL --requests 8 --rate 50 --repeat-share 0.4"
BACKUP = "signoff run --stage backup --non-interactive --set target.url=$URL"
ANSWERS = "curl -sSf $URL/readyz; curl -sSf $URL/healthz | grep -F"
NEW_AGAIN = """
systemctl stop image-proxy; ln -sfn /opt/image-proxy/v3.3.20 /opt/image-proxy/current; systemctl start image-proxy
"""
STATS = 'curl -sSf $URL/internal/stats -H "Authorization: Bearer $IMAGE_PROXY_API_KEY"'
STATUS = """curl -sS -o /dev/null -w '%{http_code}' $URL/v1/images/generations -H 'Content-Type: application/json' \\
  -H "Authorization: Bearer $IMAGE_PROXY_API_KEY" -H 'Cache-Control: no-store' -d '{"prompt": "a chair"}'"""
SIMULATED = "curl -sS -X POST http://127.0.0.1:8046/_simulator/faults"
INTEGRITY = """python3 -c "import sqlite3, sys
print(sqlite3.connect(sys.argv[1]).execute('PRAGMA integrity_check').fetchone()[0])" "$HOME_DIR/proxy.db\""""
GONE = "for _ in $(seq 300); do curl -s $URL/healthz || break; sleep 0.1; done; ! curl -s $URL/healthz"

TINY = """
schema: 1
release: {name: Mine, version: v1}
stages:
  - id: one
    title: One
    checks:
      - {id: it-is, title: It is, kind: command, command: ["true"], expect: {exit_code: {equals: 0}}}
"""
FIRST = {
    "runbooks/rollback.md": f"{INSTALLED}\n{TRAFFIC}\n{BACKUP}",
    "runbooks/operations.md": f"{INSTALLED}\n{TRAFFIC}\ntouch signoff-0.1.0-py3-none-any.whl",
    "runbooks/configuration.md": """
mkdir -p .signoff; cp -Rp "$HOME_DIR" .signoff/docs-configuration; ln -s $PWD/.signoff/docs-configuration ~/.image-proxy
""",
    "runbooks/troubleshooting.md": 'mkdir -p "$HOME_DIR/logs"; echo "{}" > "$HOME_DIR/logs/image-proxy.jsonl"',
    "docs/ci.md": f"cat > checklist.yaml <<'END'{TINY}END\nsignoff run --non-interactive --output signoff-run",
    "docs/rollback.md": "rm checklist.yaml",
}
"""What a page takes for granted."""

BEFORE = {
    "runbooks/rollback.md": {
        "systemctl stop image-proxy": NEW_AGAIN,
        "signoff run --stage smoke-tests": "sed -i s/v3.3.20/v3.3.19/ checklist.yaml",
    },
    "runbooks/operations.md": {
        "useradd": "systemctl stop image-proxy; rm -r /etc/image-proxy /etc/systemd/system/* /opt/image-proxy/current",
        'image-proxy serve --home "$HOME_DIR"': "systemctl stop image-proxy",
        'mv "$HOME_DIR/config.json"': "systemctl stop image-proxy",
        "image-proxy serve --home .signoff/docs-backup/restored": (
            'mkdir -p .signoff/docs-backup/restored;cp -Rp "$B/config.json" "$B/accounts" .signoff/docs-backup/restored'
        ),
        "curl -sS -X POST http://127.0.0.1:8045/internal/faults": (
            'systemctl stop image-proxy; image-proxy serve --faults --home "$HOME_DIR"'
        ),
        "ls -l /proc": f"PID=$({STATS} | jq .pid)",
        "cp /proc": 'rm "$HOME_DIR/logs/image-proxy.jsonl"',
    },
    "runbooks/configuration.md": {"image-proxy cache stats": "unset CACHE_BACKEND"},
}
"""What a reader has done before a line that begins so."""

AFTER = {
    "runbooks/rollback.md": {
        "signoff rollback execute --profile production --confirm": (
            f"{ANSWERS} v3.3.19; grep -q 'was rolled back' /var/told"
        ),
        "systemctl stop": "! curl -s $URL/healthz; tail -1 $HOME_DIR/logs/image-proxy.jsonl | grep server_stopped",
        'cp -p "$BACKUPS/config-': 'cmp $BACKUPS/config-*.json "$HOME_DIR/config.json"',
        'chmod 600 "$HOME_DIR"/accounts': '[ "$(stat -c %a "$HOME_DIR"/accounts/*.json)" = 600 ]',
        'chmod 600 "$HOME_DIR/proxy.db"': f"{INTEGRITY} | grep -x ok",
        "systemctl start": f"{ANSWERS} v3.3.19",
    },
    "runbooks/operations.md": {
        "install -D": "env | grep -E '^IMAGE_PROXY_(PORT|UPSTREAM)=' >> /etc/image-proxy/environment",
        "systemctl daemon-reload": f"{ANSWERS} v3.3.20",
        'image-proxy serve --home "$HOME_DIR"': f"{ANSWERS} v3.3.20",
        "jq -r '.data[0].b64_json'": "head -c 4 answer.png | grep -aq PNG",
        "kill -TERM": f"{GONE}; systemctl start image-proxy",
        'cp -Rp "$B/accounts"': 'diff -r "$B/accounts" "$HOME_DIR/accounts"',
        'cp -p "$B/proxy.db"': f"systemctl start image-proxy; {ANSWERS} v3.3.20",
        f"""{SIMULATED} -d '{{"error_rate": 1.0""": f"[ $({STATUS}) -ge 500 ]",
        f"""{SIMULATED} -d '{{"error_rate": 0.0""": f"[ $({STATUS}) = 200 ]",
        "curl -sS -X POST http://127.0.0.1:8045/internal/faults": f"{STATS} | jq -e .faults.ttl_ignored",
        "cp /proc": "grep -q image_request /var/tmp/image-proxy.jsonl.saved",
    },
    "runbooks/configuration.md": {
        "chmod 600 ~/.image-proxy/accounts/team-b.json": f"{STATS} | jq -e '.accounts.usable == 2'",
    },
    "docs/ci.md": {"gh pr comment": "grep 'pr comment 7' /var/gh"},
}
"""What holds after a line that begins so, as the page promises."""

CODES = {"signoff rollback check": 3, "signoff rollback watch": 3}
"""Exit codes other than 0: HOLD, since there are few requests."""

PLACEHOLDERS = {
    "--every 1m --for 2h": "--once",
    "config-STAMP.json": "$(cd $BACKUPS; ls config-*.json)",
    "accounts-STAMP.tar.gz": "$(cd $BACKUPS; ls accounts-*.tar.gz)",
    "proxy-STAMP.db": "$(cd $BACKUPS; ls proxy-*.db)",
    "--requests 200 --rate 2": "--requests 8 --rate 50",
    "docker exec -it CONTAINER image-proxy init --home /var/lib/image-proxy": (
        "docker exec -it CONTAINER image-proxy init --home /var/lib/container"
    ),
    "/v1/traces image-proxy serve": "/v1/traces image-proxy serve --port 0",
    "/fd/N": "/fd/$(find /proc/$PID/fd -lname '*image-proxy.jsonl*' -printf '%f\n' | head -1)",
    "simulate --port 8046": "simulate --port 9046",
    "API_KEY=sk-…": "API_KEY=$IMAGE_PROXY_API_KEY",
    "API_KEY=…": "API_KEY=$IMAGE_PROXY_API_KEY",
    "cat > ~/.image-proxy/accounts/team-b.json   # paste": (
        "sed 's/simulator/team-b/; s/simulated-/simulated-b/' ~/.image-proxy/accounts/simulator.json "
        "> ~/.image-proxy/accounts/team-b.json   # paste"
    ),
    'python3 -c "import getpass': 'echo sk-any | python3 -c "import getpass',
    "--home HOME": '--home "$HOME_DIR"',
    "/PREVIOUS": "/v3.3.19",
    "signoff-runs/RUN": "signoff-runs/$(ls -t signoff-runs | head -1)",
    "request_id=R": "request_id=$(jq -r .request_id $HOME_DIR/logs/image-proxy.jsonl | tail -1)",
}
"""What a reader puts in place of what the pages leave open."""


def to_type() -> dict[str, list[str]]:
    """The lines of each page; those of the project's own programs once, where they are first."""
    seen: set[str] = set()
    found: dict[str, list[str]] = {}
    for page in PAGES:
        lines = [line for line in lines_of(page) if is_typed(line) and line not in seen]
        seen.update(line for line in lines if line.startswith(("signoff", "image-proxy cache")))
        if lines:
            found[page.relative_to(ROOT).as_posix()] = list(lines)
    return found


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Machine]:
    with machine(tmp_path) as made:
        yield made


ALONE = ("runbooks/rollback.md", "runbooks/operations.md", "runbooks/configuration.md")
"""Pages that want a machine of their own."""
OTHERS = tuple(page for page in to_type() if page not in ALONE)
"""Pages that share one."""


@pytest.mark.parametrize("pages", [*((each,) for each in ALONE), OTHERS], ids=lambda each: each[0])
def test_every_line_ends_well(pages: tuple[str, ...], here: Machine) -> None:
    bad = []
    for page in pages:
        lines = [(FIRST.get(page, "true"), 0)]
        for line in to_type()[page]:
            lines += [
                (_beginning(BEFORE.get(page, {}), line, "true"), 0),
                (_filled(line), _beginning(CODES, line, 0)),
                (_beginning(AFTER.get(page, {}), line, "true"), 0),
            ]
        bad += [said for line, code in lines if line != "true" and (said := _wrong(here, line, code))]
    assert not bad, "\n".join(bad)


def test_a_line_that_ends_badly_is_named(here: Machine) -> None:
    assert _wrong(here, "false; true", 0).startswith("--- false; true\n1: ")
    assert _wrong(here, "echo before; false | true", 1) == ""


def _beginning(table: Mapping[str, T], line: str, otherwise: T) -> T:
    return next((given for begin, given in table.items() if line.startswith(begin)), otherwise)


def _filled(line: str) -> str:
    for shown, given in PLACEHOLDERS.items():
        line = line.replace(shown, given)
    return line


def _wrong(here: Machine, line: str, code: int) -> str:
    """How a line ended, where it did not end as it should."""
    done = here.type(line)
    said = f"{done.stdout.decode(errors='replace')[-1500:]}\n{done.stderr.decode(errors='replace')[-1500:]}"
    return "" if done.exit_code == code else f"--- {line}\n{done.exit_code}: {said}"
