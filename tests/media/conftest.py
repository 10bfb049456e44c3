from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from media.node import Node
from tests.media.builders import House, make_settings


@pytest.fixture
async def house() -> AsyncIterator[House]:
    node = Node(make_settings())
    await node.start()
    house = House(node)
    yield house
    await house.close()
