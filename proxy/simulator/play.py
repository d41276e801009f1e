"""What is played for a request: a picture, a refusal, or the mishap that its prompt asks for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from starlette.responses import Response
from starlette.types import ASGIApp

from proxy.simulator.answers import (
    JsonObject,
    Scene,
    blocked_prompt_answer,
    candidate_answer,
    drawn_part,
    image_part,
    thought_parts,
)
from proxy.simulator.connection import dribble, leave_hanging, reset_connection
from proxy.simulator.errors import PLAYABLE, Failure, invalid_argument
from proxy.simulator.ledger import UNANSWERED
from proxy.simulator.markers import Markers


@dataclass(frozen=True)
class Outcome:
    """A decided answer: what sends it, and what the ledger keeps of it.

    `body` is what the answer says where that is an answer as it should be, and `failure` where it is one.
    """

    answer: ASGIApp
    status: int
    finish_reason: str | None = None
    blocked: bool = False
    body: JsonObject | None = None
    failure: Failure | None = None


def perform(scene: Scene, markers: Markers) -> Outcome:
    """Decide and draw the answer; takes processor time and no waiting, so it may run in a thread.

    A mishap that the prompt names comes first, then the safety filters, then the picture. Raises RefusedRequestError
    for a `[play:…]` marker that is not in the table, so that a test cannot pass by a misspelt one.
    """
    if markers.play is not None:
        return _play(scene, markers.play, markers.argument)
    if scene.verdict.blocked:
        return _refuse_prompt(scene) if markers.blocks_prompt else _refuse_picture(scene)
    modalities = scene.request.generation_config.response_modalities
    if modalities and "IMAGE" not in modalities:
        return _words_only(scene)
    return _picture(scene)


def failed(failure: Failure) -> Outcome:
    """The outcome that a failure is."""
    answer = Response(failure.body, failure.status, media_type=failure.media_type)
    return Outcome(answer, failure.status, failure=failure)


def _play(scene: Scene, name: str, argument: str | None) -> Outcome:
    if name in _NAMED and argument:
        return _NAMED[name](scene, argument)
    if name in PLAYABLE:
        return failed(PLAYABLE[name])
    if name not in _MISHAPS:
        raise invalid_argument(f"The simulator cannot play {name!r}; it knows {_known()}.")
    return _MISHAPS[name](scene)


def _refuse_prompt(scene: Scene, reason: str = "SAFETY") -> Outcome:
    return _answered(blocked_prompt_answer(scene, reason), None, blocked=True)


def _finish(scene: Scene, reason: str) -> Outcome:
    return _picture(scene) if reason == "STOP" else _candidate(scene, [], reason)


def _finish_drawn(scene: Scene, reason: str) -> Outcome:
    """A picture beside a reason that says there is none, or should be none."""
    return _candidate(scene, [drawn_part(scene)], reason)


def _refuse_picture(scene: Scene) -> Outcome:
    reason = "IMAGE_SAFETY" if scene.request.input_images else "SAFETY"
    return _answered(candidate_answer(scene, [], reason), reason, blocked=True)


def _picture(scene: Scene) -> Outcome:
    return _candidate(scene, [*thought_parts(scene), drawn_part(scene)])


def _words_only(scene: Scene) -> Outcome:
    return _candidate(scene, [{"text": "I can describe that picture for you."}])


def _no_parts(scene: Scene) -> Outcome:
    return _candidate(scene, [])


def _two_images(scene: Scene) -> Outcome:
    """Two unmarked pictures of rising size, as gemini-3.1-flash-image has been seen to send."""
    width, height = scene.picture.size
    return _candidate(scene, [drawn_part(scene, (width // 2, height // 2)), drawn_part(scene)])


def _jpeg(scene: Scene) -> Outcome:
    return _candidate(scene, [drawn_part(scene, mime_type="image/jpeg")])


def _not_an_image(scene: Scene) -> Outcome:
    return _candidate(scene, [image_part(b"This is not a picture.\n", scene.picture.mime_type)])


def _bad_base64(scene: Scene) -> Outcome:
    return _candidate(scene, [{"inlineData": {"mimeType": scene.picture.mime_type, "data": "%not*base64%"}}])


def _truncated_json(scene: Scene) -> Outcome:
    """A whole HTTP answer whose JSON stops in the middle of the picture."""
    body = json.dumps(candidate_answer(scene, [drawn_part(scene)], "STOP")).encode()
    return Outcome(Response(body[: len(body) // 2], media_type="application/json"), 200)


def _slow_body(scene: Scene) -> Outcome:
    """A good answer that takes five seconds to come."""
    body = json.dumps(candidate_answer(scene, [drawn_part(scene)], "STOP")).encode()
    return Outcome(dribble(body), 200, "STOP")


def _reset(_scene: Scene) -> Outcome:
    return Outcome(reset_connection, UNANSWERED)


def _hang(_scene: Scene) -> Outcome:
    return Outcome(leave_hanging, UNANSWERED)


def _candidate(scene: Scene, parts: list[JsonObject], finish_reason: str = "STOP") -> Outcome:
    return _answered(candidate_answer(scene, parts, finish_reason), finish_reason)


def _answered(body: JsonObject, finish_reason: str | None, *, blocked: bool = False) -> Outcome:
    answer = Response(json.dumps(body, separators=(",", ":")), media_type="application/json; charset=UTF-8")
    return Outcome(answer, 200, finish_reason, blocked, body)


def _known() -> str:
    return ", ".join((*(f"{name}=REASON" for name in _NAMED), *_MISHAPS, *PLAYABLE))


_NAMED: Mapping[str, Callable[[Scene, str], Outcome]] = MappingProxyType(
    {"finish": _finish, "finish-drawn": _finish_drawn, "block": _refuse_prompt}
)

_MISHAPS: Mapping[str, Callable[[Scene], Outcome]] = MappingProxyType(
    {
        "text-only": _words_only,
        "no-parts": _no_parts,
        "two-images": _two_images,
        "jpeg": _jpeg,
        "not-an-image": _not_an_image,
        "bad-base64": _bad_base64,
        "truncated-json": _truncated_json,
        "slow-body": _slow_body,
        "reset": _reset,
        "hang": _hang,
    }
)
