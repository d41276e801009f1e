from collections.abc import Iterator

import pytest

from tests.proxy.simulator.service import Service, running


@pytest.fixture(scope="package")
def service() -> Iterator[Service]:
    """One service for the tests that do not change it; its ledger is shared, so prompts must differ."""
    with running(seed=7) as running_service:
        yield running_service
