"""Tables and sums in the documents are what the code gives."""

from __future__ import annotations

import math
import re

import pytest

from checks.rollback.decision import PARTS, Count, decide
from proxy.enhancement import QUALITY_WORDS, STYLE_WORDS
from proxy.models import ALIASES, DIMENSIONS, MODELS, find_model
from proxy.safety import CATEGORIES, GEMINI_THRESHOLD, REFUSALS
from proxy.sizes import shape_of
from tests.runbooks.documents import ROOT, document, plain, sections, tables

pytestmark = pytest.mark.story("007-05")


def test_the_profiles_are_the_same_in_table_and_blocks() -> None:
    (table,) = tables("configuration", "Configuration profiles")
    settings = [plain(row[0]) for row in table]
    for column, profile in enumerate(["Development", "Staging", "Production", "CI", "Compliance"], start=1):
        expected = {name: plain(row[column]) for name, row in zip(settings, table, strict=True)}
        block = sections("configuration", 3, "Configuration profiles")[profile]
        exported = dict(re.findall(r"^export ([A-Z_]+)=(\S+)$", block, re.MULTILINE))
        tested = dict(re.findall(r"([A-Z_]+)=(\S+)", re.findall(r"^env .*$", block, re.MULTILINE)[0]))
        assert exported == tested
        assert {name: value for name, value in exported.items() if name in expected} == {
            name: value for name, value in expected.items() if name in exported
        }
        assert {name for name, value in expected.items() if name not in exported} <= {
            name for name, value in expected.items() if value in ("–", "requested", "service", "simulator or service")
        }


def test_the_table_of_what_fits_in_a_cache_adds_up() -> None:
    (table,) = tables("configuration", "What an answer takes")
    for row in table:
        png, answer, *fits = (int(plain(cell)) for cell in row)
        assert answer == 4 * math.ceil(png / 3) + 300
        assert fits == [size * 1_000_000 // answer for size in (50, 200, 500, 1000)]


def test_the_example_of_what_a_cache_needs_adds_up() -> None:
    text = sections("configuration", 3, "Cache sizing")["What you need"]
    alive = 12 * 7200 // 60
    assert f"= {alive} answers" in text
    assert f"= {alive * 2_000_300:,} bytes" in text
    assert f"which is {math.ceil(alive * 2_000_300 / 1_000_000)} MB" in text
    assert f"latest {500_000_000 // 2_000_300} of them" in text


def test_the_table_of_log_sizes_adds_up() -> None:
    (table,) = tables("operations", "Log")
    for rate, lines, size in ([plain(cell) for cell in row] for row in table):
        assert int(lines) == round(float(rate) * 86_400)
        assert float(size.removesuffix(" MB")) == pytest.approx(int(lines) * 570 / 1e6, rel=0.01)


def test_the_table_of_rollback_counts_is_the_rule_s() -> None:
    _, counts = tables("rollback", "How the decision is made")
    for requests, tenth, tenth_share, half, half_share in ([plain(cell) for cell in row] for row in counts):
        for threshold, count, share in ((0.1, tenth, tenth_share), (0.5, half, half_share)):
            assert _is_breached(int(count), int(requests), threshold)
            assert not _is_breached(int(count) - 1, int(requests), threshold)
            assert float(share.removesuffix(" %")) == pytest.approx(100 * int(count) / int(requests), abs=0.5)


def _is_breached(count: int, requests: int, threshold: float) -> bool:
    """The decision on requests and failures that are spread evenly over the span, as far as whole ones can be."""
    failed, whole = (_spread(number) for number in (count, requests))
    parts = [Count(*part) for part in zip(failed, whole, strict=True)]
    return decide(parts, [threshold], lambda rate: rate > threshold, 30).state == "breached"


def _spread(number: int) -> list[int]:
    return [number * (place + 1) // PARTS - number * place // PARTS for place in range(PARTS)]


def test_the_tables_of_thresholds_and_categories_are_the_code_s() -> None:
    thresholds, categories = tables("configuration", "Safety thresholds")
    assert {plain(row[0]): plain(row[1]) for row in thresholds} == dict(GEMINI_THRESHOLD)
    assert [plain(row[0]) for row in categories] == list(CATEGORIES)


def test_the_table_of_refusals_is_the_code_s() -> None:
    reasons, _ = tables("workflow", "Safety settings")
    refused = {reason for row in reasons if "moderation_blocked" in row[1] for reason in re.findall(r"`(\w+)`", row[0])}
    assert refused == REFUSALS


def test_the_table_of_sizes_is_what_the_model_is_asked_for() -> None:
    _, sizes = tables("configuration", "Models and sizes")
    model = find_model("gemini-3-pro-image")
    for names, ratio, image_size in sizes:
        for size in re.findall(r"`(\d+x\d+)`", names):
            shape = shape_of(model, size, None, otherwise="1:1")
            assert (shape.aspect_ratio, shape.image_size) == (ratio, image_size), size


def test_models_are_counted_and_named() -> None:
    text = sections("configuration", 2, "Configuration guide")["Models and sizes"]
    assert f"the {len(MODELS)} names" in text
    named = set(re.findall(r"`(gemini-[\w.-]+)`", text))
    assert named <= {*MODELS, *ALIASES}


def test_the_table_of_aliases_is_the_code_s() -> None:
    (table,) = tables("configuration", "Aliases")
    given = {alias: plain(model) for names, model in table for alias in plain(names).split(", ")}
    assert given == ALIASES


def test_the_table_of_drawn_pixels_is_the_code_s() -> None:
    (table,) = tables("configuration", "What is really drawn")
    pro = DIMENSIONS["pro"]
    assert {ratio: plain(pixels) for ratio, pixels in table} == {
        ratio: f"{width}x{height}" for ratio, (width, height) in pro["1K"].items()
    }
    for image_size, factor in (("2K", 2), ("4K", 4)):
        larger = {ratio: (width * factor, height * factor) for ratio, (width, height) in pro["1K"].items()}
        assert pro[image_size] == larger


def test_the_words_of_the_enhancement_are_the_code_s() -> None:
    _, words = tables("configuration", "Prompt enhancement")
    given = {name: plain(text) for names, text in words for name in plain(names).split(", ")}
    assert given == QUALITY_WORDS | STYLE_WORDS


def test_files_that_the_testing_guide_names_are_there() -> None:
    named = [code for code in document("testing").inline_code if code.startswith("tests/")]
    assert named
    assert [path for path in named if not (ROOT / path).exists() and path != "tests/runbooks"] == []
