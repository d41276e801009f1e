from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from checks.kinds.document import DocumentCheck
from checks.markdown import slugs
from checks.outcome import Observation, Status
from tests.checks.kinds.conftest import Make, MakeContext

PAGE = """# Configuration

The proxy is configured by its environment.

## Cache settings

`GEMINI_CACHE_TTL` and `CACHE_MAX_SIZE_MB=500` bound the cache; see [the rollback](other.md#step-1-stop).

## Empty

<!-- to be written -->

---

## Also empty

### But this is not

- a list

## Last
"""

Look = Callable[..., Observation]


@pytest.fixture
def look(make: Make, context: MakeContext) -> Look:
    """Write a page and observe it."""

    def looked(page: str, **fields: Any) -> Observation:
        given_context = context(**fields.pop("context", {}))
        (given_context.root / "page.md").write_text(page)
        return make(DocumentCheck, path="page.md", **fields).observe(given_context)

    return looked


def naming(*names: Any) -> dict[str, Any]:
    """A list of names in the code, to be found as upper-case words."""
    command = ["python", "-c", f"print({json.dumps({'names': names})!r})"]
    return {"what": "settings", "command": command, "query": "names", "pattern": "^([A-Z_]+)"}


def test_counts_lines_and_words(look: Look) -> None:
    seen = look("# One\n\nsame line\nsame line\n  same line\n").properties
    assert (seen["lines"], seen["distinct_lines"], seen["words"]) == (4, 2, 8)


def test_finds_missing_and_empty_sections(look: Look) -> None:
    seen = look(PAGE, headings=["Configuration", "Cache settings", "Safety"]).properties["headings"]
    assert seen == {"count": 6, "missing": ["Safety"], "empty": ["Empty", "Last"]}


def test_without_headings_asked_for_none_is_said_to_be_there(look: Look) -> None:
    assert "missing" not in look(PAGE).properties["headings"]


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("[a](other.md)", None),
        ("[a](other.md#step-1-stop)", None),
        ("[a](other.md#step-2-start)", "no such heading"),
        ("[a](none.md)", "no such file"),
        ("[a](#page)", None),
        ("[a](#none)", "no such heading"),
        ("[a](#by-hand)", None),
        ("[a](/other.md)", None),
        ("[a](folder)", None),
        ("[a](with%20blank.txt#any)", None),
        ("![picture](none.png)", "no such file"),
        ("[a][b]\n\n[b]: none.md", "no such file"),
        ("[a](bytes.md#x)", "not UTF-8 at byte 0"),
        ("[a](%00)", "embedded null byte"),
    ],
)
def test_relative_links_lead_somewhere(link: str, problem: str | None, look: Look, context: MakeContext) -> None:
    root = context().root
    (root / "folder").mkdir()
    (root / "with blank.txt").write_text("")
    (root / "bytes.md").write_bytes(b"\xff")
    (root / "other.md").write_text("# Other\n\n## Step 1: `stop`\n")
    seen = look(f'# Page\n\n<a id="by-hand"></a>\n\n{link}\n').properties["links"]
    assert (seen["count"], seen["external"]) == (1, 0)
    assert [each.rpartition(": ")[2] for each in seen["broken"]] == ([] if problem is None else [problem])


def test_external_links_are_counted_and_not_followed(look: Look) -> None:
    seen = look("[a](https://example.org/none) <mailto:a@example.org> [b](//example.org)").properties["links"]
    assert seen == {"count": 3, "external": 3, "broken": []}


def test_the_names_in_the_code_and_in_the_document_agree(look: Look) -> None:
    observation = look(PAGE, settings_of=[naming("GEMINI_CACHE_TTL", "CACHE_MAX_SIZE_MB")])
    assert observation.properties["settings"] == {"settings": {"documented": 2, "missing": [], "unknown": []}}


def test_names_are_compared_in_both_directions(look: Look) -> None:
    observation = look(PAGE, settings_of=[naming("GEMINI_CACHE_TTL", "CACHE_BACKEND")])
    assert observation.properties["settings"] == {
        "settings": {"documented": 1, "missing": ["CACHE_BACKEND"], "unknown": ["CACHE_MAX_SIZE_MB"]}
    }


@pytest.mark.parametrize(
    "fields",
    [
        naming(),
        naming("A", 1),
        {**naming("A"), "query": "none"},
        {**naming("A"), "query": "abs(names)"},
        {**naming("A"), "command": ["python", "-c", "print('A')"]},
        {**naming("A"), "command": ["python", "-c", 'print(\'{"names": ["A"]}\'); exit(1)']},
        {**naming("A"), "command": ["python", "-c", "print('[' + '1,' * 700_000 + '1]')"]},
        {**naming("A"), "command": ["no-such-program"]},
    ],
)
def test_a_code_without_names_is_an_error(fields: dict[str, Any], look: Look) -> None:
    observation = look(PAGE, settings_of=[fields])
    assert observation.status is Status.ERROR
    assert "settings: " in observation.reason or "query" in observation.reason or "JSON" in observation.reason


RUNNABLE = """```sh run
# says hello
python -c 'print("hello")'

python -c 'raise SystemExit("no")'
```

```sh
false
```
"""


def test_marked_blocks_are_run(look: Look) -> None:
    observation = look(RUNNABLE, run_blocks=True)
    assert observation.properties["blocks"] == {
        "run": 2,
        "failed": ["line 5: python -c 'raise SystemExit(\"no\")': ended with 1: no"],
    }
    assert b"line 3: python -c 'print(\"hello\")': ok" in observation.evidence[0].content


@pytest.mark.parametrize("line", ["a | b", "a > b", "a < b", "a && b", "a; b", "echo `b`", "echo $(b)", "echo $HOME"])
def test_a_line_that_needs_a_shell_is_refused(line: str, look: Look) -> None:
    blocks = look(f"```sh run\n{line}\n```", run_blocks=True).properties["blocks"]
    assert blocks["run"] == 1
    assert "needs a shell" in blocks["failed"][0]


@pytest.mark.parametrize(
    ("line", "problem"),
    [("echo 'open", "refused: No closing quotation"), ("no-such-program", "no-such-program")],
)
def test_a_line_that_cannot_be_run_fails(line: str, problem: str, look: Look) -> None:
    assert problem in look(f"```sh run\n{line}\n```", run_blocks=True).properties["blocks"]["failed"][0]


def test_lines_beyond_the_time_fail(look: Look) -> None:
    page = "```sh run\npython -c 'input(__import__(\"time\").sleep(60))'\npython --version\n```"
    failed = look(page, run_blocks=True, context={"timeout_s": 0.2}).properties["blocks"]["failed"]
    assert "did not end within" in failed[0]
    assert "time was over" in failed[1]


def test_no_marked_block_is_no_data(look: Look) -> None:
    assert look("```sh\ntrue\n```", run_blocks=True).status is Status.NO_DATA


def test_a_missing_document_fails(make: Make, context: MakeContext) -> None:
    assert make(DocumentCheck, path="none.md").observe(context()).status is Status.FAIL


def test_a_document_that_is_not_text_is_an_error(make: Make, context: MakeContext) -> None:
    (context().root / "page.md").write_bytes(b"\xff\xfe")
    assert make(DocumentCheck, path="page.md").observe(context()).status is Status.ERROR


@pytest.mark.parametrize(
    "lists",
    [[{**naming("A"), "pattern": "("}], [{**naming("A"), "what": "a.b"}], [naming("A"), naming("B")]],
)
def test_lists_that_cannot_be_compared_are_refused(lists: list[dict[str, Any]], make: Make) -> None:
    with pytest.raises(ValidationError):
        make(DocumentCheck, path="page.md", settings_of=lists)


@given(st.lists(st.text(max_size=20), max_size=20))
def test_anchors_have_neither_blanks_nor_capitals(texts: list[str]) -> None:
    found = list(slugs(texts))
    assert len(found) == len(texts)
    assert not any(" " in slug or slug != slug.lower() for slug in found)


@pytest.mark.parametrize(
    ("title", "anchor"),
    [
        ("1. Stop the proxy", "1-stop-the-proxy"),
        ("Error rate > 10 %", "error-rate--10-"),
        ("CACHE_TTL's range", "cache_ttls-range"),
        ("Häuser & Äpfel", "häuser--äpfel"),
        ("e\u0301tat", "e\u0301tat"),
    ],
)
def test_anchors_as_on_github(title: str, anchor: str) -> None:
    assert list(slugs([title, title])) == [anchor, f"{anchor}-1"]


def test_a_document_of_this_project_is_read(look: Look) -> None:
    readme = Path(__file__).parents[3] / "README.md"
    assert look(readme.read_text()).properties["headings"]["count"] >= 1


TABLES = """# Reference

## Fields

| field | meaning |
|---|---|
| `ts` | the time, as `NOT_A_FIELD` |
| `level` | how bad |

## Codes

### `bad_key`

Wrong.

## Others

`elsewhere`
"""


@pytest.mark.parametrize(
    ("place", "under", "in_the_code", "missing", "unknown"),
    [
        ("first_column", "Fields", ["ts", "level"], [], []),
        ("first_column", "Fields", ["ts", "status"], ["status"], ["level"]),
        ("first_column", "Nowhere", ["ts"], ["ts"], []),
        ("headings", "Codes", ["bad_key"], [], []),
        ("headings", "Codes", ["bad_key", "no_key"], ["no_key"], []),
        ("code", "Others", ["elsewhere"], [], []),
        ("code", "Others", ["nothing"], ["nothing"], ["elsewhere"]),
    ],
)
def test_names_are_looked_for_where_they_are_meant_to_stand(
    look: Look, place: str, under: str, in_the_code: list[str], missing: list[str], unknown: list[str]
) -> None:
    wanted = {**naming(*in_the_code), "pattern": "^([a-z_]+)$", "place": place, "under": under}
    compared = look(TABLES, settings_of=[wanted]).properties["settings"]["settings"]
    assert (compared["missing"], compared["unknown"]) == (missing, unknown)


def test_options_are_compared_with_a_help_text(make: Make, context: MakeContext) -> None:
    (context().root / "it.md").write_text("# It\n\n`--host` and `--gone`\n")
    names = {"what": "options", "command": ["echo", "usage: it --host H --port N"], "pattern": "^--[a-z]+$"}
    check = make(DocumentCheck, path="it.md", settings_of=[{**names, "printed": "--[a-z]+"}])
    seen = check.observe(context()).properties["settings"]["options"]
    assert seen == {"documented": 1, "missing": ["--port"], "unknown": ["--gone"]}
    silent = make(DocumentCheck, path="it.md", settings_of=[{**names, "printed": "==[a-z]+"}]).observe(context())
    assert silent.status is Status.ERROR
    with pytest.raises(ValidationError, match="`printed`, for text"):
        make(DocumentCheck, path="it.md", settings_of=[names])
