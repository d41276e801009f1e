"""Every test's markers of the release page go into the JUnit report as properties, by which its checks count them."""

from pathlib import Path

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(__file__).parents[1] / ".signoff" / "hypothesis")

COUNTED = ("story", "e2e", "pair")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in COUNTED:
            item.user_properties += [(name, marker.args[0]) for marker in item.iter_markers(name)]
