"""Large logs for the benchmarks, written by a query: a day of the original's text log, and of the image proxy's."""

from __future__ import annotations

from pathlib import Path

import duckdb

START = 1_768_089_600
"""The first record, in seconds since 1970: 2026-01-11 00:00 UTC."""

SPAN_S = 86_400
"""The logs cover a day, unless asked otherwise."""

_HANDLER = "antigravity_tools_lib::proxy::handlers::openai: "
_CLIENT = "antigravity_tools_lib::proxy::upstream::client: "
_AUTH = "antigravity_tools_lib::proxy::middleware::auth: "

_HASH = "printf('%016x', (hash(i) % 1000000000000000)::BIGINT)"
_MODEL = "gemini-3-pro-image"

_RECEIVED = (
    f" INFO {_HANDLER}[Images] Received request: model={_MODEL}, prompt=a red kite over the old harbour at du..., "
    "n=1, size=1024x1024, quality=standard, style=vivid"
)
_DUMP = (
    "=== UPSTREAM REQUEST ===",
    "URL: https://upstream.example.org/v1internal:generateContent",
    "Method: POST",
    "Header authorization: Bearer ya29.a0ATk...x9Qz",
    "Header content-type: application/json",
    "Header user-agent: antigravity/1.11.9 windows/amd64",
    "Header accept: */*",
    "Project: sample-project-1a2b3",
    "Request id: img-0f0e0d0c-0b0a-4908-8706-050403020100",
    "Model: gemini-3-pro-image",
    "User agent: antigravity",
    "Request type: image_gen",
    "Candidate count: 1",
    "Image config: aspect ratio 1:1",
    "Safety settings: five categories, threshold BLOCK_ONLY_HIGH",
    "Temperature: unset",
    "Body length: 1187 bytes",
    'Body, first 500 characters: {"project": "sample-project-1a2b3", "requestId": "img-0f0e", "model": "gemini-3-pro',
    "Attempt 1 of 3",
    "Endpoint 1 of 2",
    "Timeout: 600 s",
    "=== END OF UPSTREAM REQUEST ===",
    "=== UPSTREAM RESPONSE ===",
    "Status: 200 OK",
    "Header content-type: application/json; charset=UTF-8",
    "Header server: ESF",
    "Header vary: Origin, X-Origin, Referer",
    "Header date: Sun, 11 Jan 2026 10:00:00 GMT",
    "Header x-frame-options: SAMEORIGIN",
    'Header alt-svc: h3=":443"; ma=2592000',
    "=== END OF UPSTREAM RESPONSE ===",
)
_ARRIVAL = (f"  INFO {_AUTH}Request: POST /v1/images/generations", f" {_RECEIVED}")
_ACCOUNT = f"  INFO {_HANDLER}[Images] Using account: someone@example.org (type: pool), attempt 1"
_UPSTREAM = tuple(f" ERROR {_CLIENT}{line}" for line in _DUMP)
_FIELDS = (
    f'error_type="API_ERROR" account_email=someone@example.org model={_MODEL} prompt_hash=00112233aabbccdd '
    "generation_time_ms=4412 aspect_ratio=1:1 quality=standard style=vivid n=1 safety_threshold=OFF"
)
_FAILED = f" ERROR {_HANDLER}Image generation failed. Details: "
_BODY = '{\n  "error": {\n    "code": 503,\n    "message": "sample",\n    "status": "UNAVAILABLE"\n  }\n}\n'

_HIT = (*_ARRIVAL, f"  INFO {_HANDLER}[Images] \U0001f3af Cache hit for model={_MODEL}, prompt_hash=#")
_SUCCESS = (*_ARRIVAL, _ACCOUNT, *_UPSTREAM, f"  INFO {_HANDLER}[Images] Successfully generated 1 out of 1 images")
_FAILURE = (
    *_ARRIVAL,
    _ACCOUNT,
    *_UPSTREAM,
    f"{_FAILED}{_BODY} {_FIELDS} status_code=500 task_index=0",
    f"{_FAILED}{_BODY} {_FIELDS} status_code=502",
    " ERROR tower_http::trace::on_failure: response failed classification=Status code: 502 Bad Gateway latency=4413 ms",
)
_SHARES = ((_HIT, 41), (_SUCCESS, 57), (_FAILURE, 2))
"""Ways that a request goes, and how many of a hundred go it."""


def _physical(records: tuple[str, ...]) -> int:
    return sum(1 + record.count("\n") for record in records)


def text_log(folder: Path, lines: int) -> Path:
    """Write about so many lines as the original writes at its default level, most of them its dumps of calls."""
    per_hundred = sum(_physical(records) * share for records, share in _SHARES)
    requests = lines * 100 // per_hundred
    path = folder / f"app-{lines}.log"
    branches, low = [], 0
    for records, share in _SHARES:
        branches.append(f"WHEN i % 100 < {low + share} THEN {_list(records)}")
        low += share
    stamp = f"make_timestamp({START * 1_000_000} + i * {SPAN_S * 1_000_000 // requests} + part * 900)"
    query = f"""
SELECT strftime({stamp}, '%Y-%m-%dT%H:%M:%S.%f') || lpad((i % 1000)::VARCHAR, 3, '0') || '+00:00'
  || CASE WHEN ends_with(record, '#') THEN left(record, length(record) - 1) || {_HASH} ELSE record END AS line
FROM (SELECT i, unnest(records) AS record, generate_subscripts(records, 1) AS part
  FROM (SELECT i, CASE {" ".join(branches)} END AS records FROM range({requests}) AS numbers(i)))
"""  # noqa: S608 - texts of this file
    return _written(query, path)


def json_log(folder: Path, requests: int, span_s: int = SPAN_S) -> Path:
    """Write so many requests of that many seconds as the image proxy logs them."""
    path = folder / f"image-proxy-{requests}-{span_s}.jsonl"
    hit, failed = "i % 100 < 41", "i % 50 = 49"
    generation = "printf('%.3f', 250 + (i * 7919 % 900000) / 100.0)"
    parts = [
        '\'{"ts": "\'',
        f"strftime(make_timestamp({START * 1_000_000} + i * {span_s * 1_000_000 // requests}), '%Y-%m-%dT%H:%M:%S.%f')",
        '\'Z", "level": "INFO", "event": "image_request", "version": "v3.3.20", "build": "0123456789ab", '
        '"instance": "127.0.0.1:8045", "synthetic": false, "request_id": "\'',
        _HASH + " || printf('%08x', i)",
        '\'", "endpoint": "generations", "model": "gemini-3-pro-image", "prompt_hash": "\'',
        _HASH,
        '\'", "n": 1, "images": 1, "size": "1024x1024", "aspect_ratio": "1:1", "quality": null, "style": null, '
        '"safety_threshold": "MEDIUM", "cache": \'',
        f"CASE WHEN {hit} THEN '\"hit\"' ELSE '\"miss\"' END",
        "', \"status\": '",
        f"CASE WHEN {failed} THEN '502' ELSE '200' END",
        "', \"error_type\": '",
        f"CASE WHEN {failed} THEN '\"API_ERROR\"' ELSE 'null' END",
        "', \"error_code\": '",
        f"CASE WHEN {failed} THEN '\"upstream_error\"' ELSE 'null' END",
        '\', "account": null, "generation_time_ms": \'',
        f"CASE WHEN {hit} THEN 'null' ELSE {generation} END",
        "', \"duration_ms\": '",
        f"CASE WHEN {hit} THEN printf('%.3f', 2 + i % 97 / 10.0) ELSE {generation} END",
        "'}'",
    ]
    query = f"SELECT {' || '.join(parts)} AS line FROM range({requests}) AS numbers(i)"  # noqa: S608 - as above
    return _written(query, path)


def _list(records: tuple[str, ...]) -> str:
    return "[" + ", ".join("'" + record.replace("'", "''") + "'" for record in records) + "]"


def _written(query: str, path: Path) -> Path:
    if not path.exists():
        draft = path.with_suffix(".draft")
        with duckdb.connect(":memory:") as database:
            database.execute(
                f"COPY ({query}) TO '{draft}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"
            )
        draft.replace(path)
    return path
