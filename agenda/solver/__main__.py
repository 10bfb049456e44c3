"""The solver as a process: a request on standard input, news and the solution as lines of JSON.

The first line of standard input is the request; a later line `stop`, or its end, ends the search,
and the best that was found is still the solution. The last line written is of the kind `solution`
or, with a sentence, `error`.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, TextIO

from agenda.errors import AgendaError
from agenda.solver import wire
from agenda.solver.run import Stop
from agenda.solver.solve import News, solve

EVERY_S = 0.2
EDITS_EVERY_S = 2.0
ADDRESSES_MB = 2_000
"""Address space beyond what the search may use: libraries, threads' stacks, tables."""

Write = Callable[[Mapping[str, Any]], None]


def main() -> int:
    """Serve one request; the exit code is 0 when there is a solution."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # Whatever a library prints must not be taken for an answer.

    def write(held: Mapping[str, Any]) -> None:
        out.write(json.dumps(held, ensure_ascii=False) + "\n")
        out.flush()

    try:
        request = wire.load_request(sys.stdin.readline())
        stop = Stop()
        signal.signal(signal.SIGTERM, lambda *_: stop.ask())
        threading.Thread(target=_listen, args=(sys.stdin, stop), daemon=True).start()
        _bound(request.budget.memory_mb)
        write(wire.solution(solve(request, clock=monotonic, stop=stop, tell=_Teller(write).tell)))
    except AgendaError as error:
        write({"kind": "error", "sentence": str(error)})
        return 2
    except MemoryError:
        sentence = "The conference is too large for the memory that the solver may use."
        write({"kind": "error", "sentence": sentence})
        return 3
    return 0


def _bound(memory_mb: int) -> None:
    most = (memory_mb + ADDRESSES_MB) << 20
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    os.nice(5)


def _listen(lines: TextIO, stop: Stop) -> None:
    for line in lines:
        if line.strip() == "stop":
            break
    stop.ask()


class _Teller:
    """Passes news on, not too often; the edits of the best so far more seldom."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._told = self._told_edits = -1e9

    def tell(self, news: News) -> None:
        if news.seconds - self._told < EVERY_S and news.phase != "bound":
            return
        self._told = news.seconds
        with_edits = news.seconds - self._told_edits >= EDITS_EVERY_S
        if with_edits:
            self._told_edits = news.seconds
        self._write(wire.news(news, with_edits=with_edits))


if __name__ == "__main__":
    sys.exit(main())
