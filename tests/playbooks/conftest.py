"""One machine for all tests of a file: it takes fifteen seconds to start."""

from collections.abc import Iterator

import pytest

from tests.playbooks.machines import Site, site


@pytest.fixture(scope="module")
def machine() -> Iterator[Site]:
    with site() as found:
        yield found
