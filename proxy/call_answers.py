"""What an answer of the upstream service means: an image, or whose fault it is that there is none."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from enum import Enum

from proxy.errors import ProxyError, Refusal
from proxy.gemini import Answer, UsageMetadata, read_answer
from proxy.google_errors import ACCOUNT_CAUSES, QUOTA_CAUSES, Cause, RefusedCall
from proxy.images import Picture, PictureError, is_png, read_drawn
from proxy.safety import REFUSALS

_GOOD_FINISHES = frozenset({None, "STOP", "MAX_TOKENS"})
"""The reasons beside which an image counts: a reason that nobody knows yet may well mean that there should be none."""
_FINAL_FINISHES = frozenset({"STOP", "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS"})
"""The reasons without an image after which another try makes no sense; any other passes."""
QUICK_BYTES = 1_048_576
"""The largest answer, in bytes, that is read by the loop's own thread: half a millisecond's work."""
_RETRIED_STATUSES = frozenset({408, 409, 500, 502, 503, 504})


class Blame(Enum):
    """What a failed call says: whether a further attempt makes sense, and with which account."""

    QUOTA = "quota"
    ACCOUNT = "account"
    TRANSIENT = "transient"
    FINAL = "final"


class CallError(Exception):
    """A call that brought no image: the error for the client, and whose fault it is.

    status         the HTTP status; None where no answer came
    finish_reason  why the model ended, where it said
    reason         a short word for the log
    cause          what is at fault, as the service tells it
    retry_after    the seconds that the upstream service asks to wait
    """

    def __init__(
        self,
        error: ProxyError,
        blame: Blame,
        *,
        status: int | None = None,
        finish_reason: str | None = None,
        reason: str = "",
        cause: Cause = Cause.OTHER,
        retry_after: float | None = None,
    ) -> None:
        self.error = error
        self.blame = blame
        self.status = status
        self.finish_reason = finish_reason
        self.reason = reason or error.kind.code
        self.cause = cause
        self.retry_after = retry_after
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class Drawing:
    """An image as it was received, also in base64, with the tokens that it took and why the model ended."""

    picture: Picture
    encoded: bytes
    usage: UsageMetadata | None
    finish_reason: str | None


def refused(call: RefusedCall) -> CallError:
    """What an answer with another status than 200 means. Its text is never passed on: it may quote the prompt."""
    error = ProxyError("upstream_error", f"The upstream service answered with status {call.status}.")
    blame = Blame.TRANSIENT if call.status in _RETRIED_STATUSES else Blame.FINAL
    if call.cause is Cause.CAPACITY:
        blame = Blame.TRANSIENT
        error.retry_after = None if call.retry_after is None else math.ceil(call.retry_after)
    elif call.cause in QUOTA_CAUSES:
        blame = Blame.QUOTA
    elif call.cause in ACCOUNT_CAUSES:
        blame = Blame.ACCOUNT
    elif call.status == 400:
        error = ProxyError("invalid_value", "The upstream service does not accept the request as it is.")
    elif call.status == 404:
        error = ProxyError("model_not_found", "The upstream service does not have this model.", param="model")
    return CallError(
        error, blame, status=call.status, reason=call.reason, cause=call.cause, retry_after=call.retry_after
    )


async def drawing(body: bytes) -> Drawing:
    """The image of an answer with status 200, which may also be a refusal or bring none.

    A thread does what takes its time; a small PNG would lose more by the change of threads. Raises CallError.
    """
    if len(body) > QUICK_BYTES:
        return await asyncio.to_thread(lambda: _checked(_with_image(body)))
    answer = _with_image(body)
    return _checked(answer) if is_png(answer.image) else await asyncio.to_thread(_checked, answer)


def _with_image(body: bytes) -> Answer:
    """The answer, which has an image that counts."""
    try:
        answer = read_answer(body)
    except ProxyError as error:
        raise CallError(error, Blame.TRANSIENT, status=200) from error
    _raise_for_refusal(answer)
    if not answer.image or answer.finish_reason not in _GOOD_FINISHES:
        blame = Blame.FINAL if answer.finish_reason in _FINAL_FINISHES else Blame.TRANSIENT
        raise CallError(ProxyError("no_image"), blame, status=200, finish_reason=answer.finish_reason)
    return answer


def _checked(answer: Answer) -> Drawing:
    """The image, which is whole."""
    try:
        picture = read_drawn(answer.image)
    except PictureError as error:
        told = ProxyError("invalid_upstream_answer", f"The upstream service's image {error}")
        raise CallError(told, Blame.TRANSIENT, status=200, finish_reason=answer.finish_reason) from error
    return Drawing(picture, answer.encoded, answer.usage, answer.finish_reason)


def _raise_for_refusal(answer: Answer) -> None:
    """A prompt that was blocked, or a candidate that was: with or without an image beside the reason."""
    reason = answer.block_reason or answer.finish_reason
    if answer.block_reason or answer.finish_reason in REFUSALS:
        refusal = Refusal("input" if answer.block_reason else "output", answer.blocked_categories)
        raise CallError(
            ProxyError("moderation_blocked", param="prompt", refusal=refusal),
            Blame.FINAL,
            status=200,
            finish_reason=reason,
            reason=str(reason),
        )
    if answer.finish_reason == "LANGUAGE":
        message = "The model does not understand the language of the prompt."
        raise CallError(
            ProxyError("invalid_value", message, param="prompt"), Blame.FINAL, status=200, finish_reason=reason
        )
