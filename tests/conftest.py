"""Every test's markers of the release page go into the JUnit report as properties, by which its checks count them."""

from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).parents[1] / ".signoff" / "hypothesis")

COUNTED = ("story", "e2e", "pair")
SYSTEM = {
    f"tests.proxy.test_{name}"
    for name in (
        "faults",
        "log_rotation",
        "redis_cache",
        "server",
        "server_reload",
        "server_workers",
        "traffic",
    )
}
"""Modules whose tests start processes or services: the unit tests of the release page are the others."""
COVERING = ("tests.checks.", "tests.proxy.")
"""The tests of what coverage is judged of; to trace the others as well would double their time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.module.__name__ in SYSTEM:  # type: ignore[attr-defined]  # functions are all that is collected
            item.add_marker("system")
        if not item.module.__name__.startswith(COVERING):  # type: ignore[attr-defined]
            item.add_marker("no_cover")
        for name in COUNTED:
            item.user_properties += [(name, marker.args[0]) for marker in item.iter_markers(name)]
