"""Which prompts are refused at which threshold, and in which form."""

import pytest

from tests.proxy.simulator.service import Service, picture_part, png, prompt_body

CATEGORIES = (
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
)
BLOCKED_AT = {
    "BLOCK_NONE": set(),
    "OFF": set(),
    "BLOCK_ONLY_HIGH": {"high"},
    "BLOCK_MEDIUM_AND_ABOVE": {"medium", "high"},
    "BLOCK_LOW_AND_ABOVE": {"low", "medium", "high"},
}


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("severity", ["none", "low", "medium", "high"])
@pytest.mark.parametrize("threshold", BLOCKED_AT)
def test_a_prompt_is_blocked_from_its_categorys_threshold_on(
    service: Service, threshold: str, severity: str, category: str
) -> None:
    marker = "" if severity == "none" else f"[severity:{severity}]"
    body = prompt_body(f"x {marker}", safety={category: threshold})
    body["generationConfig"] = {"responseModalities": ["TEXT"]}
    candidate = service.candidate(body)
    blocked = severity in BLOCKED_AT[threshold]
    assert candidate["finishReason"] == ("SAFETY" if blocked else "STOP")
    assert ("parts" in candidate["content"]) is not blocked
    ratings = {rating["category"]: rating for rating in candidate["safetyRatings"]}
    assert set(ratings) == set(CATEGORIES)
    assert ratings[category]["blocked"] is blocked
    assert {rating["probability"] for rating in ratings.values()} == {
        "NEGLIGIBLE" if severity == "none" else severity.upper()
    }


def test_a_category_that_is_not_named_is_off(service: Service) -> None:
    assert service.candidate(prompt_body("x [severity:high]"))["finishReason"] == "STOP"


def test_the_highest_of_several_severities_counts(service: Service) -> None:
    body = prompt_body("[severity:low] x [severity:high]", safety={CATEGORIES[0]: "BLOCK_ONLY_HIGH"})
    assert service.candidate(body)["finishReason"] == "SAFETY"


def test_an_edit_is_refused_as_a_picture(service: Service) -> None:
    body = prompt_body("[severity:high]", safety={CATEGORIES[1]: "BLOCK_ONLY_HIGH"})
    body["contents"][0]["parts"].append(picture_part(png((16, 16))))
    candidate = service.candidate(body)
    assert candidate["finishReason"] == "IMAGE_SAFETY"
    assert "parts" not in candidate["content"]
    assert candidate["finishMessage"]


def test_a_blocked_prompt_has_feedback_and_no_candidates(service: Service) -> None:
    body = prompt_body("[blocked:prompt] [severity:medium]", safety={CATEGORIES[2]: "BLOCK_MEDIUM_AND_ABOVE"})
    answer = service.generate(body).json()
    assert "candidates" not in answer
    assert answer["promptFeedback"]["blockReason"] == "SAFETY"
    assert len(answer["promptFeedback"]["safetyRatings"]) == 4


def test_the_prompt_form_alone_blocks_nothing(service: Service) -> None:
    body = prompt_body("[blocked:prompt]", safety={CATEGORIES[2]: "BLOCK_LOW_AND_ABOVE"})
    assert service.candidate(body)["finishReason"] == "STOP"
