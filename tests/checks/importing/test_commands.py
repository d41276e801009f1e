"""Shell lines of a page: the right kind where it is sure, a question elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from checks.linting import lint_checklist
from tests.checks.importing.imported import imported, made_of

SURE: list[tuple[str, str, dict[str, Any]]] = [
    ("Port", "lsof -i :8045\n# Should show my-app process", {
        "kind": "port", "port": 8045, "expect": {"listening": True, "program": {"matches": "my-app"}}}),
    ("Port", "ss -ltn | grep :8080", {"kind": "port", "port": 8080, "expect": {"listening": True}}),
    ("Port", "nc -z localhost 6379", {"kind": "port", "port": 6379, "expect": {"listening": True}}),
    ("Accounts", "ls ~/a/*.json | wc -l  # at least 2, preferably 5-10", {
        "kind": "files", "pattern": "~/a/*.json", "expect": {"count": {"at_least": 2}},
        "prefer": {"count": {"between": [5, 10]}}}),
    ("Folder", "ls -la data/", {
        "kind": "file", "path": "data/", "expect": {"exists": True, "kind": "directory"}}),
    ("File", "test -s out.bin", {
        "kind": "file", "path": "out.bin", "expect": {"exists": True, "size": {"above": "0B"}}}),
    ("File", "[ -d out ]", {"kind": "file", "path": "out", "expect": {"exists": True, "kind": "directory"}}),
    ("Database", 'sqlite3 app.db "PRAGMA integrity_check;"', {
        "kind": "sqlite", "path": "app.db", "expect": {"integrity": "ok"}}),
    ("Hits", 'grep "Cache hit" logs/app.log | wc -l\n# Should have >0 hits', {
        "kind": "metric", "measure": "cache.hit_rate", "min_samples": 100, "expect": {"above": "0%"},
        "why": "Counted by the log's events: a text that a request holds can be found in a log as well."}),
    ("Panics", "grep panic logs/app.log  # should find none", {
        "kind": "log", "text": "panic", "expect": {"count": {"equals": 0}}}),
    ("Types", "mypy src", {
        "kind": "command", "command": ["mypy", "src"], "timeout": "30m", "expect": {"exit_code": 0}}),
    ("Tests", "cd web\nnpm test", {
        "kind": "command", "command": ["npm", "test"], "timeout": "30m", "effect": "write", "cwd": "web",
        "expect": {"exit_code": 0}}),
    ("20 tests passing", "pytest -q", {
        "kind": "command", "command": ["pytest", "-q"], "timeout": "30m", "effect": "write",
        "expect": {"exit_code": 0, "stdout": {"matches": r"\b(?:2[0-9]|[3-9][0-9]|[1-9][0-9]{2,}) passed"}}}),
    ("Healthy", "curl -fsS http://localhost:9000/health  # 200 OK", {
        "kind": "http", "url": "/health", "expect": {"status": 200}}),
    ("Healthy", "curl -s http://localhost:9000/health | jq -r .status  # Should be: ok", {
        "kind": "http", "url": "/health",
        "expect": {"status": {"between": [200, 299]}, "json.status": {"equals": "ok"}}}),
    ("Upload", "curl -X PUT http://localhost:1/a -H 'X-Org: $ORG' -F image=@a.png -F n=2  # returns 201", {
        "kind": "http", "url": "/a", "method": "PUT", "headers": {"x-org": "${env:ORG}"},
        "multipart": {"image": {"file": "a.png"}, "n": "2"}, "expect": {"status": 201}}),
]  # fmt: skip


@pytest.mark.parametrize(("box", "lines", "check"), SURE, ids=[lines.split("\n", 1)[0] for _, lines, _ in SURE])
def test_a_line_that_is_sure(box: str, lines: str, check: dict[str, Any]) -> None:
    assert made_of(f"- [ ] {box}\n  ```bash\n  {lines.replace(chr(10), chr(10) + '  ')}\n  ```\n") == [check]


@pytest.mark.parametrize(
    "line",
    [
        "rm -rf build",
        "cp a b",
        "kubectl delete pod x",
        "git push --tags",
        "curl --proxy x http://localhost/",
        "curl http://localhost/ -d 'not json'",
        "curl http://localhost/ > out.html",
        "ruff check --fix .",
        "pytest > report.txt",
        "pytest &",
        "grep -E 'a|b' logs/app.log",
        "ls $DIR",
        "ls a b",
        'echo "$A"b',
        "unclosed 'quote",
    ],
)
def test_a_line_that_is_not_sure_is_asked(line: str) -> None:
    (check,) = made_of(f"- [ ] Do it\n  ```sh\n  {line}\n  ```\n")
    assert (check["kind"], check["question"]) == ("ask", "Do it")
    assert check["todo"]


def test_what_is_not_sure_beside_what_is_stays_a_question() -> None:
    port, question = made_of(
        "- [ ] Restart\n  ```sh\n  lsof -i :80\n  service x restart\n  ```\n  Verify that users see it\n"
    )
    assert port["kind"] == "port"
    assert question["question"] == "Restart; Verify that users see it; service x restart"


def test_backups_have_names_of_their_own_and_are_restored() -> None:
    (check,) = made_of("- [ ] Backup database\n  ```sh\n  cp ~/app/app.db \\\n    ~/app/app.db.bak\n  ```\n")
    assert (check["kind"], check["of"], check["to"]) == ("backup", ["~/app/app.db"], "backups")
    assert check["expect"] == {"exists": True, "restored": True, "contents.databases": {"at_least": 1}}


def test_variables_are_looked_for_in_the_server_and_compared_with_the_profile() -> None:
    page = (
        "**Staging**:\n```bash\nexport MODE=fast\n```\n**Production**:\n```bash\nexport MODE=safe\n```\n"
        "- [ ] Set\n  ```bash\n  echo $MODE  # Should be: fast|safe\n  ```\n"
    )
    checklist = imported(page)
    assert checklist["profiles"] == {"staging": {"mode": "fast"}, "production": {"mode": "safe"}}
    (check,) = checklist["stages"][0]["checks"]
    assert check["names"] == ["MODE"]
    assert check["expect"] == {"MODE": {"one_of": ["fast", "safe"], "equals": "${mode}"}}


def test_nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = ("touch a", "$(touch b)", "`touch c`", "echo $(touch d)", "pytest; touch e", "make test")
    (tmp_path / "Makefile").write_text("test:\n\ttouch f\n")
    page = tmp_path / "page.md"
    page.write_text("".join(f"- [ ] Run `{line}`\n  ```sh\n  {line}\n  ```\n" for line in lines))
    (tmp_path / "checklist.yaml").write_text(json.dumps(imported(page.read_text())))
    assert lint_checklist(tmp_path / "checklist.yaml", page, {})[0] == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile", "checklist.yaml", "page.md"]
