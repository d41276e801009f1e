"""`curl` lines as requests: what is sent, and with which key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from checks.importing.draft import literal
from checks.yaml_scalars import INTEGER_LIMIT

_VALUED = {
    "-X": "method", "--request": "method", "-H": "header", "--header": "header", "-d": "data", "--data": "data",
    "--data-raw": "data", "--data-binary": "data", "--json": "json", "-F": "form", "--form": "form", "--url": "url",
    "-o": "", "--output": "", "-w": "", "--write-out": "", "-m": "", "--max-time": "", "--connect-timeout": "",
    "--retry": "", "-A": "", "--user-agent": "",
}  # fmt: skip
_FLAGS = {
    "-s", "-S", "-f", "-i", "-v", "-g", "--silent", "--show-error", "--fail", "--include", "--verbose",
    "--compressed", "--no-progress-meter", "--fail-with-body",
}  # fmt: skip
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_BEARER = re.compile(r"^authorization:\s*bearer\s+(.+)$", re.IGNORECASE)
MOST_LEVELS = 16
"""Most mappings and lists inside each other in a body."""
PAID = re.compile(r"/v1/(?:images|chat|completions|embeddings|audio|responses)\b|:generateContent\b")
"""Paths for which someone is billed, of OpenAI's and Google's interfaces."""


@dataclass
class Request:
    """A request as `curl` would send it; `key` is the variable that the bearer token comes from."""

    url: str
    method: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    json: Any = None
    multipart: dict[str, Any] | None = None
    key: str | None = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def fields(self, target: str | None) -> dict[str, Any]:
        """The fields of an `http` check; a path where the request goes to `target`."""
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        fields: dict[str, Any] = {"url": named(path if self.origin == target else self.url)}
        if self.method and self.method != ("POST" if self.json is not None or self.multipart else "GET"):
            fields["method"] = self.method
        if self.headers:
            fields["headers"] = {name: named(value) for name, value in self.headers.items()}
        if self.json is not None:
            fields["json"] = literal(self.json)
        if self.multipart:
            fields["multipart"] = self.multipart
        return fields

    @property
    def effect(self) -> str | None:
        """The effect, where it is not the kind's usual one."""
        return "paid" if PAID.search(self.url) and (self.json is not None or self.multipart) else None


def named(text: str) -> str:
    """Shell variables as the checklist names them: `$TOKEN` is `${env:TOKEN}`."""
    return _VARIABLE.sub(r"${env:\1}", text)


def request_of(arguments: tuple[str, ...]) -> Request | None:
    """The request of a `curl` command; None where an option is not known or the body is no JSON."""
    given: dict[str, list[str]] = {}
    urls: list[str] = []
    for name, value in _options(arguments):
        if name == "url":
            urls.append(value)
        elif name == "unknown":
            return None
        elif name:
            given.setdefault(name, []).append(value)
    url = _absolute(urls)
    method = given.get("method", [""])[0].upper() or None
    if url is None or (method and method not in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}):
        return None
    request = Request(url, method)
    for header in given.get("header", []):
        _take_header(request, header)
    body = given.get("data", []) + given.get("json", [])
    if len(body) > 1 or (body and "form" in given):
        return None
    if body:
        request.json = _parsed(body[0])
        if request.json is None:
            return None
    if "form" in given:
        request.multipart = _form(given["form"])
        return request if request.multipart else None
    return request


def _options(arguments: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    waiting = iter(arguments[1:])
    for word in waiting:
        long, equals, value = word.partition("=")
        if not word.startswith("-"):
            yield "url", word
        elif word in _VALUED:
            yield _VALUED[word], next(waiting, "")
        elif word.startswith("--") and equals and long in _VALUED:
            yield _VALUED[long], value
        elif word == "-I":
            yield "method", "HEAD"
        elif word[:2] in _VALUED and not word.startswith("--"):
            yield _VALUED[word[:2]], word[2:]
        elif word not in _FLAGS and not all(f"-{letter}" in _FLAGS for letter in word[1:] or "?"):
            yield "unknown", word


def _absolute(urls: list[str]) -> str | None:
    if len(urls) != 1:
        return None
    url = urls[0] if "://" in urls[0] else f"http://{urls[0]}"
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return None
    return url if fits and re.fullmatch(r"[!-~]+", url) and not re.search(r"[<>{}\\]", _VARIABLE.sub("", url)) else None


def _take_header(request: Request, header: str) -> None:
    name, _, value = header.partition(":")
    bearer = _BEARER.match(header.strip())
    variable = _VARIABLE.fullmatch(bearer[1].strip()) if bearer else None
    if variable:
        request.key = variable[1]
    elif name.strip().lower() not in {"content-type", "accept", ""}:
        request.headers[name.strip().lower()] = value.strip()


def _parsed(body: str) -> Any:
    try:
        parsed = json.loads(body, parse_constant=_refused)
        return parsed if _writable(parsed, MOST_LEVELS) else None
    except (ValueError, RecursionError):
        return None


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _writable(value: Any, levels: int) -> bool:
    """Whether a checklist can hold the value: not too deep, no number that is not exact everywhere."""
    if isinstance(value, dict):
        return levels > 0 and all(_writable(each, levels - 1) for each in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_writable(each, levels - 1) for each in value)
    return not isinstance(value, (int, float)) or abs(value) < INTEGER_LIMIT


def _form(parts: list[str]) -> dict[str, Any] | None:
    form: dict[str, Any] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals or not name or name in form:
            return None
        form[name] = {"file": value[1:].partition(";")[0]} if value.startswith("@") else literal(value)
    return form
