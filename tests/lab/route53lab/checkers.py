# SPDX-License-Identifier: Apache-2.0
"""The health checkers: one loop in one thread, one task for each checker and endpoint.

Like Route 53's they do not agree when to ask: each begins at a moment of its own and waits
RequestInterval after each answer. A test that wants no clock in it sets the speed to 0 and asks
for rounds.
"""

import asyncio
import random
import threading

from . import poll
from .checks import REGIONS, Checker

OWN_SOURCES = "127.0.53.{}"
MAX_OWN = 250
CUT = "Failure: The health checker could not establish a connection within the timeout limit."
ROUND_S = 60.0


def make_checkers(count, given):
    """`given`: [(region, address)], or else `count` of them on the loopback."""
    places = given or [(REGIONS[number % len(REGIONS)], OWN_SOURCES.format(number + 1))
                       for number in range(min(count, MAX_OWN))]
    return [Checker(number, *place) for number, place in enumerate(places)]


class Poller:
    """`resolve(name)` gives an address or None; `speed` divides the interval, 0: only rounds."""

    def __init__(self, checks, resolve, speed, seed=None):
        self._checks = checks
        self._resolve = resolve
        self._speed = speed
        self._dice = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._tasks = {}                # check id -> its tasks
        self._thread = threading.Thread(target=self._run, name="checkers", daemon=True)

    def start(self):
        self._checks.on_change = self._changed
        self._thread.start()

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.run_until_complete(self._finish())
        self._loop.close()

    async def _finish(self):
        self._tasks.clear()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def stop(self):
        self._checks.on_change = lambda check: None
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    # -- by the clock --

    def _changed(self, check):
        self._loop.call_soon_threadsafe(self._begin, check)

    def _begin(self, check):
        """Its tasks end; new ones begin unless it is gone, disabled or nobody's endpoint."""
        for task in self._tasks.pop(check.id, ()):
            task.cancel()
        if (not self._speed or not check.has_endpoint or check.config["Disabled"]
                or not self._checks.exists(check.id)):
            return
        self._tasks[check.id] = [self._loop.create_task(self._poll(check, checker))
                                 for checker in self._checks.checkers_of(check)]

    async def _poll(self, check, checker):
        pause_s = check.config["RequestInterval"] / self._speed
        await asyncio.sleep(self._dice.random() * pause_s)
        while True:
            await self._once(check, checker)
            # asyncio.wait_for() may swallow a cancellation that comes with what it waits for.
            if asyncio.current_task() not in self._tasks.get(check.id, ()):
                return
            await asyncio.sleep(pause_s)

    # -- by word --

    def rounds(self, check_id, count):
        """Every checker asks `count` times, now; returns when all have their answers."""
        check = self._checks.get(check_id)
        if not check.has_endpoint or check.config["Disabled"]:
            raise ValueError(f"nobody polls for {check_id}")
        asyncio.run_coroutine_threadsafe(self._rounds(check, count),
                                         self._loop).result(ROUND_S * count)

    async def _rounds(self, check, count):
        for _ in range(count):
            await asyncio.gather(*(self._once(check, checker)
                                   for checker in self._checks.checkers_of(check)))

    async def _once(self, check, checker):
        if self._checks.is_cut(check.id, checker.number):
            result = False, CUT
        else:
            config = check.config
            address = config.get("IPAddress") or self._resolve(config["FullyQualifiedDomainName"])
            result = await poll.attempt(check.id, config, checker, address)
        self._checks.report(check.id, checker.number, *result)
