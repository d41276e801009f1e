"""Prometheus' HTTP API: range queries, with everything that makes an answer less than whole."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from checks.metrics.errors import LogSourceError

TIMEOUT_S = 30.0
MOST_BYTES = 64 << 20
MOST_POINTS = 10_000
"""Points of a series that one query asks for; Prometheus refuses more than 11,000."""


@dataclass(frozen=True)
class Span:
    """From `start` to `end`, both included, in seconds since 1970, a point each `step` seconds."""

    start: int
    end: int
    step: int

    def parts(self) -> Iterator[Span]:
        """Give the span in parts that one query may ask for."""
        for start in range(self.start, self.end + 1, self.step * MOST_POINTS):
            yield Span(start, min(self.end, start + self.step * (MOST_POINTS - 1)), self.step)


@dataclass
class Samples:
    """One series: its labels, and its values by time. A value that is not a finite number is among them as NaN is."""

    labels: Mapping[str, str]
    values: dict[int, float] = field(default_factory=dict)


class Prometheus:
    """One server, by its base URL; `warnings` collects what its answers warned of."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise LogSourceError(url, "this is no URL of a Prometheus", "write it as http://HOST:9090")
        self._url = url.rstrip("/")
        self.name = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path.rstrip('/')}"
        """The URL without any user name and password."""
        self.warnings: set[str] = set()
        self.bytes = 0
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=False, verify=_verified(parts.scheme))

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def range(self, query: str, span: Span) -> list[Samples]:
        """Ask for the values of a query's series over a span.

        Raises LogSourceError where the server can't be reached, answers an error, or anything but a matrix.
        """
        found: dict[tuple[tuple[str, str], ...], Samples] = {}
        for part in span.parts():
            for series in self._asked(query, part):
                labels, values = _series(series, self._refused)
                samples = found.setdefault(tuple(sorted(labels.items())), Samples(labels))
                samples.values.update(values)
        return list(found.values())

    def _asked(self, query: str, span: Span) -> list[Any]:
        parameters = {"query": query, "start": str(span.start), "end": str(span.end), "step": str(span.step)}
        answer = self._document(parameters)
        if answer.get("status") != "success":
            raise self._refused(f"it answered {answer.get('errorType', 'an error')}: {answer.get('error', answer)}")
        self.warnings.update(map(str, answer.get("warnings") or ()))
        data = answer.get("data")
        if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
            raise self._refused("it answered a range query without a matrix")
        result: list[Any] = data["result"]
        return result

    def _document(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        body = bytearray()
        try:
            with self._client.stream("GET", f"{self._url}/api/v1/query_range", params=parameters) as response:
                for block in response.iter_bytes():
                    body += block
                    if len(body) > MOST_BYTES:
                        raise self._refused(f"its answer has more than {MOST_BYTES >> 20} MiB")
            self.bytes += len(body)
            answer = json.loads(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._refused(f"it can't be asked ({error or type(error).__name__})") from error
        except ValueError as error:
            raise self._refused(f"it answered status {response.status_code} and no JSON") from error
        if not isinstance(answer, dict):
            raise self._refused("it answered JSON that is no object")
        return answer

    def _refused(self, problem: str) -> LogSourceError:
        return LogSourceError(self.name, " ".join(problem.split())[:300], "check the URL and what runs there")


def _verified(scheme: str) -> ssl.SSLContext | bool:
    """Make what checks certificates only where there are any: that takes longer than a query."""
    return httpx.create_ssl_context() if scheme == "https" else False


def _series(series: Any, refused: Any) -> tuple[dict[str, str], dict[int, float]]:
    try:
        labels = {str(name): str(value) for name, value in series["metric"].items()}
        values = {round(float(at)): float(value) for at, value in series["values"]}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem: LogSourceError = refused(f"it answered a series that is none ({error!r})")
        raise problem from error
    return labels, values
