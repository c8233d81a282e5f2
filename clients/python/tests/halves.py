"""The synchronous and the asynchronous hub behind one face, so that one test drives either."""

from __future__ import annotations

import asyncio
from typing import Any

from generation_hub import AsyncHub, Hub, Polling, Retry

# Short pauses: what is tested is that there are pauses, and how many.
QUICK = {
    "retry": Retry(attempts=3, first_pause=0.01, longest_pause=0.02, longest_retry_after=2),
    "polling": Polling(first_pause=0.05, longest_pause=0.2),
}


class SyncHalf:
    """Calls and iterates as a script does."""

    name = "sync"

    def __init__(self) -> None:
        self._hubs: list[Hub] = []

    def hub(self, url: str, api_key: str = "hub_test_key", **options: Any) -> Any:
        self._hubs.append(Hub(url, api_key, **QUICK | options))
        return self._hubs[-1]

    def do(self, result: Any) -> Any:
        return result

    def all(self, values: Any) -> list[Any]:
        return list(values)

    def some(self, stream: Any, number: int) -> list[Any]:
        """The first so many, and the stream closed."""
        with stream:
            return [next(stream) for _ in range(number)]

    def close(self) -> None:
        for hub in self._hubs:
            hub.close()


class AsyncHalf:
    """Awaits and iterates in one event loop."""

    name = "async"

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._hubs: list[AsyncHub] = []

    def hub(self, url: str, api_key: str = "hub_test_key", **options: Any) -> Any:
        self._hubs.append(AsyncHub(url, api_key, **QUICK | options))
        return self._hubs[-1]

    def do(self, coroutine: Any) -> Any:
        return self._runner.run(coroutine)

    def all(self, values: Any) -> list[Any]:
        async def collect() -> list[Any]:
            return [value async for value in values]

        return self._runner.run(collect())

    def some(self, stream: Any, number: int) -> list[Any]:
        async def take() -> list[Any]:
            async with stream:
                return [await anext(stream) for _ in range(number)]

        return self._runner.run(take())

    def close(self) -> None:
        for hub in self._hubs:
            self._runner.run(hub.aclose())
        self._runner.close()
