from __future__ import annotations

import shutil
from collections.abc import AsyncIterator

import pytest

from media import native
from media.node import Node
from media.server import MediaApp
from media.settings import Limits
from tests.media.builders import House, make_settings
from tests.media.door import Door

FANS = ("python", "c") if shutil.which("cc") else ("python",)
"""Everything that is forwarded is tested with both fan-outs where there is a compiler."""


@pytest.fixture(scope="session")
def fan_in_c() -> None:
    if "c" in FANS:
        assert native.build()


@pytest.fixture(params=FANS)
async def house(request: pytest.FixtureRequest, fan_in_c: None) -> AsyncIterator[House]:
    node = Node(make_settings(native=request.param == "c"))
    await node.start()
    house = House(node)
    yield house
    await house.close()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    limits = Limits(room_publishers=2, room_subscribers=3, person_subscribers=2)
    node = Node(make_settings(limits=limits))
    await node.start()
    app = MediaApp(lambda: node)
    app.node = node
    door = Door(app)
    yield door
    await door.http.aclose()
    await node.close()
