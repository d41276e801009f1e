"""Failed answers as Google's front ends write them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

API_DOMAIN = "googleapis.com"
_METRIC = "generativelanguage.googleapis.com/generate_requests_per_model"
_TYPE = "type.googleapis.com/google.rpc."


@dataclass(frozen=True)
class Failure:
    """An answer that is not a success: HTTP status, body and media type, ready to be sent."""

    status: int
    body: bytes
    media_type: str = "application/json"


class RefusedRequestError(Exception):
    """The request is answered with `failure` instead of a picture."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"refused with status {failure.status}")
        self.failure = failure


def google_failure(code: int, status: str, message: str, *details: Mapping[str, object]) -> Failure:
    """The envelope of every Google API: `{"error": {"code", "message", "status", "details"}}`."""
    return Failure(code, json.dumps({"error": _error(code, status, message, *details)}).encode())


def invalid_argument(message: str, *, field: str | None = None) -> RefusedRequestError:
    """400 INVALID_ARGUMENT, with a `BadRequest` detail where one field is to blame (snake_case path)."""
    violations = [{"field": field, "description": message}] if field else []
    details = [{"@type": _TYPE + "BadRequest", "fieldViolations": violations}] if violations else []
    return RefusedRequestError(google_failure(400, "INVALID_ARGUMENT", message, *details))


def unknown_model(model: str) -> RefusedRequestError:
    """404 NOT_FOUND for a model id that the service does not have."""
    message = (
        f"models/{model} is not found for API version v1beta, or is not supported for generateContent. "
        "Call ListModels to see the list of available models and their supported methods."
    )
    return RefusedRequestError(google_failure(404, "NOT_FOUND", message))


def missing_key() -> RefusedRequestError:
    """401 UNAUTHENTICATED: no API key came with the request."""
    message = "Request is missing required authentication credential. Expected an API key in x-goog-api-key."
    detail = _error_info("CREDENTIALS_MISSING", {"service": "generativelanguage.googleapis.com"})
    return RefusedRequestError(google_failure(401, "UNAUTHENTICATED", message, detail))


def invalid_key() -> RefusedRequestError:
    """400 API_KEY_INVALID: Google answers a wrong key with 400, not 401, and tells it by `ErrorInfo.reason`."""
    message = "API key not valid. Please pass a valid API key."
    details = (
        _error_info("API_KEY_INVALID", {"service": "generativelanguage.googleapis.com"}),
        {"@type": _TYPE + "LocalizedMessage", "locale": "en-US", "message": message},
    )
    return RefusedRequestError(google_failure(400, "INVALID_ARGUMENT", message, *details))


def over_quota(span: str, model: str, limit: int, delay_s: float) -> Failure:
    """429 RESOURCE_EXHAUSTED for the quota of a `Minute` or a `Day`; a limit of 0 is told as no access at all."""
    message = f"{_QUOTA}\n* Quota exceeded for metric: {_METRIC}, limit: {limit}, model: {model}"
    quota = _quota_failure(f"GenerateRequestsPer{span}PerProjectPerModel", _METRIC, str(limit), model)
    return google_failure(429, "RESOURCE_EXHAUSTED", message, quota, _retry_info(f"{delay_s:.9f}s"))


def _error(code: int, status: str, message: str, *details: Mapping[str, object]) -> dict[str, object]:
    error: dict[str, object] = {"code": code, "message": message, "status": status}
    return error | {"details": list(details)} if details else error


def _error_info(reason: str, metadata: Mapping[str, str]) -> dict[str, object]:
    return {"@type": _TYPE + "ErrorInfo", "reason": reason, "domain": API_DOMAIN, "metadata": dict(metadata)}


def _retry_info(delay: str) -> dict[str, object]:
    return {"@type": _TYPE + "RetryInfo", "retryDelay": delay}


def _quota_failure(quota_id: str, metric: str, value: str, model: str = "gemini-3-pro-image") -> dict[str, object]:
    violation = {
        "quotaMetric": metric,
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": value,
    }
    return {"@type": _TYPE + "QuotaFailure", "violations": [violation]}


_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_PER_MINUTE = _quota_failure("GenerateRequestsPerMinutePerProjectPerModel", _METRIC, "10")
_PER_DAY = _quota_failure("GenerateRequestsPerDayPerProjectPerModel-FreeTier", _METRIC + "_per_day", "50")
_OVERLOADED = _error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")

PLAYABLE: Mapping[str, Failure] = MappingProxyType(
    {
        "400-region": google_failure(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),
        "403": google_failure(
            403,
            "PERMISSION_DENIED",
            "Generative Language API has not been used in this project before or it is disabled.",
            _error_info("SERVICE_DISABLED", {"service": "generativelanguage.googleapis.com"}),
        ),
        "404": unknown_model("gemini-retired").failure,
        "409": google_failure(409, "ABORTED", "The operation was aborted."),
        "429": google_failure(429, "RESOURCE_EXHAUSTED", _QUOTA, _PER_MINUTE, _retry_info("1.173612231s")),
        "429-daily": google_failure(429, "RESOURCE_EXHAUSTED", _QUOTA, _PER_DAY, _retry_info("29s")),
        "429-no-access": google_failure(
            429, "RESOURCE_EXHAUSTED", _QUOTA + f"\n* Quota exceeded for metric: {_METRIC}, limit: 0", _PER_DAY
        ),
        "429-bare": google_failure(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        "429-capacity": google_failure(
            429,
            "RESOURCE_EXHAUSTED",
            "No capacity available for this model on the server.",
            _error_info("MODEL_CAPACITY_EXHAUSTED", {"model": "gemini-3-pro-image"}),
        ),
        "500": google_failure(500, "INTERNAL", "An internal error has occurred. Please retry."),
        "503": Failure(503, json.dumps({"error": _OVERLOADED}).encode()),
        "503-array": Failure(503, json.dumps([{"error": _OVERLOADED}]).encode()),
        "503-empty": Failure(503, b""),
        "504": google_failure(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        "html-502": Failure(
            502,
            b"<!DOCTYPE html>\n<html lang=en><title>Error 502 (Server Error)!!1</title>"
            b"<p><b>502.</b> The server encountered a temporary error.</html>\n",
            "text/html; charset=UTF-8",
        ),
    }
)
"""The failures that a prompt can ask for, by the name in its `[play:NAME]` marker."""

BY_STATUS: Mapping[int, Failure] = MappingProxyType(
    {failure.status: failure for name, failure in reversed(list(PLAYABLE.items())) if not name.startswith("503-")}
)
"""The failure that stands for a status when errors come at a rate: the plainest of PLAYABLE."""
