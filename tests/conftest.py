"""Every test's markers of the release page go into the JUnit report as properties, by which its checks count them."""

import pytest

COUNTED = ("story", "e2e", "pair")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in COUNTED:
            item.user_properties += [(name, marker.args[0]) for marker in item.iter_markers(name)]
