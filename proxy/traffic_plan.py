"""What synthetic traffic consists of: a list of request bodies that the seed decides."""

import random
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass

BASE_MODEL = "gemini-3-pro-image"
RECENT = 16
"""How far back repeats reach, in fresh requests; so that short times to live don't turn them into misses."""
_SIZE_SUFFIXES = {"": 12, "-2k": 2, "-4k": 1}
_RATIO_SUFFIXES = {"": 4, "-1x1": 2, "-16x9": 2, "-9x16": 1, "-4x3": 1, "-3x4": 1, "-21x9": 1}
_SIZES = {"1024x1024": 6, "1792x1024": 2, "1024x1792": 2, "1536x1024": 1, "1024x1536": 1}
_OPTIONS: tuple[tuple[Mapping[str, object], int], ...] = (
    ({}, 10),
    ({"style": "vivid"}, 2),
    ({"style": "natural"}, 1),
    ({"quality": "hd"}, 1),
    ({"n": 2}, 1),
)
_MISTAKES: tuple[Mapping[str, object], ...] = (
    {"n": 0},
    {"n": 11},
    {"model": "no-such-model"},
    {"size": "huge"},
    {"response_format": "paper"},
)
_SUBJECTS = ("lighthouse", "fox", "tram", "orchard", "kettle", "violin", "harbour", "observatory", "glacier", "bakery")
_MANNERS = ("in watercolour", "as a woodcut", "as a photograph", "in pastel", "as a paper collage", "in ink")
_PLACES = ("at dawn", "in the rain", "under snow", "by night", "in autumn", "in a crowd", "from above", "in fog")


@dataclass(frozen=True)
class PlannedRequest:
    """One request: its body for the generations endpoint, and whether it repeats an earlier one."""

    body: Mapping[str, object]
    repeats: bool = False


def plan_traffic(
    *, requests: int, repeat_share: float, error_share: float, seed: int, distance: int
) -> list[PlannedRequest]:
    """The requests in the order of sending; the same for the same arguments.

    `repeat_share` and `error_share` are shares of all requests and hold to the request, but that the first good one
    repeats nothing. A repeat is of a request at least `distance` places earlier if there is one, so that the first is
    likely to be answered by then, and of one of the RECENT fresh ones before that: the more recent, the likelier
    (Zipf's law with exponent 1), as people ask again for what they have just seen.
    Of the errors one half are prompts that the safety filter refuses, the other half mistakes of the client.
    Raises ValueError for a number out of range.
    """
    _check(requests, repeat_share, error_share)
    rng = random.Random(seed)  # noqa: S311 — reproducible traffic, nothing secret
    errors = round(requests * error_share)
    repeats = min(round(requests * repeat_share), max(requests - errors - 1, 0))
    kinds = ["repeat"] * repeats + ["error"] * errors + ["fresh"] * (requests - errors - repeats)
    rng.shuffle(kinds)
    _start_fresh(kinds, distance)
    plan: list[PlannedRequest] = []
    places: list[int] = []
    failed = 0
    for place, kind in enumerate(kinds):
        if kind == "repeat":
            settled = bisect_right(places, place - distance) or len(places)
            back = _zipf_rank(rng, min(settled, RECENT))
            plan.append(PlannedRequest(plan[places[settled - 1 - back]].body, repeats=True))
        elif kind == "error":
            plan.append(PlannedRequest(_bad_body(rng, place, failed)))
            failed += 1
        else:
            places.append(place)
            plan.append(PlannedRequest(_good_body(rng, place)))
    return plan


def _check(requests: int, repeat_share: float, error_share: float) -> None:
    if requests < 1:
        raise ValueError(f"requests must be at least 1, not {requests}")
    for name, share in (("repeat_share", repeat_share), ("error_share", error_share)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be from 0 to 1, not {share}")
    if repeat_share + error_share > 1:
        raise ValueError(f"repeat_share and error_share must not exceed 1 together, not {repeat_share + error_share}")


def _start_fresh(kinds: list[str], distance: int) -> None:
    """Put fresh requests on the first `distance` places for good ones, in exchange for repeats, while there are any."""
    good = [place for place, kind in enumerate(kinds) if kind != "error"]
    early = [place for place in good[:distance] if kinds[place] == "repeat"]
    spare = [place for place in good[distance:] if kinds[place] == "fresh"]
    for place, later in zip(early, spare, strict=False):
        kinds[place], kinds[later] = "fresh", "repeat"
    fresh_first = sorted(kinds[place] for place in good[:distance])
    for place, kind in zip(good, fresh_first, strict=False):
        kinds[place] = kind


def _zipf_rank(rng: random.Random, count: int) -> int:
    """A number from 0 to `count` - 1, the k-th of them about 1/k as likely as the first."""
    return int(count ** rng.random()) - 1


def _good_body(rng: random.Random, place: int) -> dict[str, object]:
    """A body whose prompt occurs once in the plan: it carries its place."""
    model = BASE_MODEL + _pick(rng, _SIZE_SUFFIXES) + _pick(rng, _RATIO_SUFFIXES)
    (options,) = rng.choices([option for option, _ in _OPTIONS], [weight for _, weight in _OPTIONS])
    body: dict[str, object] = {"model": model, "prompt": _prompt(rng, place), "n": 1, "response_format": "b64_json"}
    if model == BASE_MODEL:
        body["size"] = _pick(rng, _SIZES)
    return {**body, **options}


def _bad_body(rng: random.Random, place: int, failed: int) -> dict[str, object]:
    """In turns a prompt to be refused and a mistake."""
    body: dict[str, object] = {"model": BASE_MODEL, "prompt": _prompt(rng, place), "n": 1, "size": "1024x1024"}
    if failed % 2 == 0:
        return body | {"prompt": f"{body['prompt']} [severity:high]"}
    return {**body, **rng.choice(_MISTAKES)}


def _prompt(rng: random.Random, place: int) -> str:
    return f"A {rng.choice(_SUBJECTS)} {rng.choice(_MANNERS)}, {rng.choice(_PLACES)}, study {place + 1}"


def _pick(rng: random.Random, weights: Mapping[str, int]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]
