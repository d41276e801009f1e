"""Every error that the proxy answers with, as one table, in OpenAI's envelope.

ProxyError          an answer that is an error: a row of ERRORS with its facts
StartError          the proxy cannot start; the operator has to change something
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal


class ErrorType(StrEnum):
    """Who is to act on an error; the log's `error_type`."""

    USER_ERROR = "USER_ERROR"
    SAFETY_REFUSAL = "SAFETY_REFUSAL"
    API_ERROR = "API_ERROR"
    SYSTEM_ERROR = "SYSTEM_ERROR"
    NETWORK_ERROR = "NETWORK_ERROR"


@dataclass(frozen=True, slots=True)
class ErrorKind:
    """One row of the table: code, HTTP status, OpenAI's `type`, the log's `error_type` and the default message.

    retry_costs  whether the upstream service was paid, or may have been: clients are told not to try again by
                 themselves
    """

    code: str
    status: int
    type: str
    error_type: ErrorType
    message: str
    retry_costs: bool = False

    @property
    def is_our_failure(self) -> bool:
        """Whether the client failed for a reason on our side: any 5xx, and 429 from exhausted accounts."""
        return self.status >= 500 or self.status == 429


LONGEST_CLIENT_WAIT = 120
"""The longest `retry-after`, in seconds, that OpenAI's clients wait; after a longer one a retry comes too early."""

_REQUEST = "invalid_request_error"
_SERVER = "server_error"

ERRORS: dict[str, ErrorKind] = {
    kind.code: kind
    for kind in (
        ErrorKind(
            "missing_required_parameter", 400, _REQUEST, ErrorType.USER_ERROR, "A required parameter is missing."
        ),
        ErrorKind("invalid_value", 400, _REQUEST, ErrorType.USER_ERROR, "A parameter has a value that is not allowed."),
        ErrorKind("unknown_parameter", 400, _REQUEST, ErrorType.USER_ERROR, "A parameter is not known or supported."),
        ErrorKind("invalid_json", 400, _REQUEST, ErrorType.USER_ERROR, "The body is not a JSON object."),
        ErrorKind("invalid_image", 400, _REQUEST, ErrorType.USER_ERROR, "The image cannot be used."),
        ErrorKind("prompt_too_long", 400, _REQUEST, ErrorType.USER_ERROR, "The prompt is too long."),
        ErrorKind(
            "moderation_blocked",
            400,
            "image_generation_user_error",
            ErrorType.SAFETY_REFUSAL,
            "The request was refused by the safety filters. Change the prompt or the image.",
        ),
        ErrorKind(
            "invalid_api_key",
            401,
            _REQUEST,
            ErrorType.USER_ERROR,
            "The API key is missing or wrong. Send it as `Authorization: Bearer KEY`.",
        ),
        ErrorKind("model_not_found", 404, _REQUEST, ErrorType.USER_ERROR, "There is no such model."),
        ErrorKind("unknown_url", 404, _REQUEST, ErrorType.USER_ERROR, "There is nothing at this URL."),
        ErrorKind("method_not_allowed", 405, _REQUEST, ErrorType.USER_ERROR, "This method is not allowed here."),
        ErrorKind("request_timeout", 408, _REQUEST, ErrorType.USER_ERROR, "The body came too slowly."),
        ErrorKind("body_too_large", 413, _REQUEST, ErrorType.USER_ERROR, "The body is too large."),
        ErrorKind("unsupported_media_type", 415, _REQUEST, ErrorType.USER_ERROR, "The content type is not supported."),
        ErrorKind(
            "accounts_exhausted",
            429,
            "rate_limit_exceeded",
            ErrorType.API_ERROR,
            "Every account has used up its quota for now. Try again later.",
        ),
        ErrorKind(
            "client_closed_request",
            499,
            _REQUEST,
            ErrorType.USER_ERROR,
            "The client left before the answer was there.",
        ),
        ErrorKind("internal_error", 500, _SERVER, ErrorType.SYSTEM_ERROR, "The proxy failed to handle the request."),
        ErrorKind("upstream_error", 502, _SERVER, ErrorType.API_ERROR, "The upstream service answered with an error."),
        ErrorKind(
            "no_image",
            502,
            _SERVER,
            ErrorType.API_ERROR,
            "The upstream service answered without an image.",
            retry_costs=True,
        ),
        ErrorKind(
            "invalid_upstream_answer",
            502,
            _SERVER,
            ErrorType.API_ERROR,
            "The answer of the upstream service cannot be understood.",
            retry_costs=True,
        ),
        ErrorKind(
            "upstream_unreachable", 502, _SERVER, ErrorType.NETWORK_ERROR, "The upstream service cannot be reached."
        ),
        ErrorKind("no_account", 503, _SERVER, ErrorType.SYSTEM_ERROR, "There is no usable upstream account."),
        ErrorKind(
            "upstream_timeout",
            504,
            _SERVER,
            ErrorType.NETWORK_ERROR,
            "The upstream service did not answer in time.",
            retry_costs=True,
        ),
    )
}
"""The table, by code. The documents are compared with it in both directions."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What is known of a refusal of content, as OpenAI tells it.

    stage       what was refused: the prompt and pictures, or the image that came of them
    categories  of harm, by the words that Gemini has for them; none where it does not say
    """

    stage: Literal["input", "output"]
    categories: tuple[str, ...]


class ProxyError(Exception):
    """An answer that is an error.

    code         a key of ERRORS
    message      replaces the table's message; never holds a prompt or a secret
    param        the request's parameter at fault
    retry_after  whole seconds after which a retry makes sense
    allow        the methods that a 405 names
    refusal      what is known of a refusal of content
    """

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        param: str | None = None,
        retry_after: int | None = None,
        allow: str | None = None,
        refusal: Refusal | None = None,
    ) -> None:
        self.kind = ERRORS[code]
        self.message = message or self.kind.message
        self.param = param
        self.retry_after = retry_after
        self.allow = allow
        self.refusal = refusal
        super().__init__(f"{code}: {self.message}")

    def envelope(self) -> dict[str, Any]:
        """The body in OpenAI's form: `{"error": {"message", "type", "param", "code"}}`, for refusals with details."""
        error: dict[str, Any] = {
            "message": self.message,
            "type": self.kind.type,
            "param": self.param,
            "code": self.kind.code,
        }
        if self.refusal:
            categories = [category.lower() for category in self.refusal.categories]
            error["moderation_details"] = {"moderation_stage": self.refusal.stage, "categories": categories}
        return {"error": error}

    def headers(self) -> dict[str, str]:
        """The response headers that belong to this error; `x-should-retry` is what OpenAI's clients obey."""
        found = {}
        if self.retry_after is not None:
            found["retry-after"] = str(self.retry_after)
        if self.kind.retry_costs or (self.retry_after or 0) > LONGEST_CLIENT_WAIT:
            found["x-should-retry"] = "false"
        if self.allow is not None:
            found["allow"] = self.allow
        return found


class StartError(Exception):
    """The proxy cannot start as it is configured; the message names what was found, what is wanted and the remedy."""
