"""Several nodes on one machine, one for each core: `PLENARY_MEDIA_PROCESSES` of them, kept running."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping

from media.log import Log

logger = Log(__name__)

STOP_S = 4.0
BACKOFF_S = (0.1, 0.5, 2.0, 5.0)
STEADY_S = 20.0


def environment_of(environment: Mapping[str, str], number: int) -> dict[str, str]:
    """What the number-th process reads: its own UDP port, address and name, counted from 0."""
    found = {**environment, "PLENARY_MEDIA_PROCESSES": "1"}
    udp_port = int(environment.get("PLENARY_UDP_PORT") or "7900")
    found["PLENARY_UDP_PORT"] = str(udp_port + number)
    if environment.get("PLENARY_NODE_ID"):
        found["PLENARY_NODE_ID"] = f"{environment['PLENARY_NODE_ID']}-{number}"
    if number and environment.get("PLENARY_MEDIA_SOCKET"):
        found["PLENARY_MEDIA_SOCKET"] = f"{environment['PLENARY_MEDIA_SOCKET']}.{number}"
    if number and environment.get("PLENARY_MEDIA_HTTP"):
        host, _, port = environment["PLENARY_MEDIA_HTTP"].rpartition(":")
        found["PLENARY_MEDIA_HTTP"] = f"{host}:{int(port) + number}"
    return found


async def run(environment: Mapping[str, str], count: int) -> None:
    """Run `count` nodes until a signal ends it; one that dies is started again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    tasks = [
        asyncio.create_task(_keep(environment_of(environment, number))) for number in range(count)
    ]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(environment: Mapping[str, str]) -> None:
    failures = 0
    while True:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "media", env=dict(environment)
        )
        began = asyncio.get_running_loop().time()
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            await _stop(process)
            raise
        steady = asyncio.get_running_loop().time() - began > STEADY_S
        failures = 0 if steady else min(failures + 1, len(BACKOFF_S) - 1)
        logger.warning(
            "a media process ended", udp_port=environment["PLENARY_UDP_PORT"], status=status
        )
        await asyncio.sleep(BACKOFF_S[failures])


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
