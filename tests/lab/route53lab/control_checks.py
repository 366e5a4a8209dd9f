# SPDX-License-Identifier: Apache-2.0
"""/_lab/check: the health checks and their checkers, for tests to look at and to move."""

from .journal import time_text

MAX_WAIT_S = 60.0
MAX_ROUNDS = 30
VIEWS = ("healthy", "unhealthy", "silent", "cut")


class BadRequest(ValueError):
    """What is wrong with a request to /_lab, for its sender."""


def _seconds(query):
    try:
        return min(float(query.get("wait", ["0"])[0]), MAX_WAIT_S)
    except ValueError:
        raise BadRequest("wait must be a number") from None


class ControlOfChecks:
    def __init__(self, checks, poller):
        self._checks = checks
        self._poller = poller

    def route(self, method, steps, query, given):
        routes = {("GET", 0): lambda: [self._state(check) for check in self._checks.listed()],
                  ("GET", 1): lambda: self._look(steps[0], query),
                  ("POST", 2): lambda: self._act(steps[0], steps[1], given)}
        act = routes.get((method, len(steps)))
        if act is None:
            raise BadRequest(f"there is no {method} /_lab/{'/'.join(['check', *steps])}")
        return act()

    def _state(self, check):
        with self._checks.changed:
            regions = {checker.number: checker for checker in self._checks.checkers_of(check)}
            checkers = [{"number": number, "region": regions[number].region,
                         "source": regions[number].source, "word": view.word(),
                         "forced": view.forced, "status": view.status, "run": view.run,
                         "at": time_text(view.at) if view.at else None}
                        for number, view in check.views.items()]
            return {"id": check.id, "reference": check.reference, "type": check.config["Type"],
                    "healthy": self._checks.healthy(check.id), "version": check.version,
                    "config": check.config, "tags": check.tags, "checkers": checkers}

    def _look(self, check_id, query):
        """?until=healthy|unhealthy&wait=SECONDS: waits for that, then tells how it is."""
        until = query.get("until", [None])[0]
        if until not in (None, "healthy", "unhealthy"):
            raise BadRequest("until must be healthy or unhealthy")
        check = self._checks.get(check_id)
        if until is not None:
            with self._checks.changed:
                self._checks.changed.wait_for(
                    lambda: self._checks.healthy(check_id) == (until == "healthy"),
                    timeout=_seconds(query))
        return self._state(check)

    def _act(self, check_id, act, given):
        acts = {"run": self._run, "force": self._force}
        if act not in acts:
            raise BadRequest(f"a check has no '{act}'; it has: {', '.join(sorted(acts))}")
        if not isinstance(given, dict):
            raise BadRequest("expected a JSON object")
        acts[act](check_id, given)
        return self._state(self._checks.get(check_id))

    def _run(self, check_id, given):
        rounds = given.get("rounds", 1)
        if type(rounds) is not int or not 1 <= rounds <= MAX_ROUNDS:
            raise BadRequest(f"'rounds' must be a whole number from 1 to {MAX_ROUNDS}")
        self._poller.rounds(check_id, rounds)

    def _force(self, check_id, given):
        """`view` for `checkers` (numbers), for a `share` of them (0 to 1), or for all."""
        view = given.get("view")
        if view is not None and view not in VIEWS:
            raise BadRequest(f"'view' must be null or one of {', '.join(VIEWS)}")
        self._checks.force(check_id, self._chosen(check_id, given), view)

    def _chosen(self, check_id, given):
        numbers = sorted(self._checks.get(check_id).views)
        share = given.get("share")
        if share is not None:
            if type(share) not in (int, float) or not 0 <= share <= 1:
                raise BadRequest("'share' must be a number from 0 to 1")
            return numbers[:round(share * len(numbers))]
        wanted = given.get("checkers", numbers)
        if not isinstance(wanted, list) or not all(type(one) is int for one in wanted):
            raise BadRequest("'checkers' must be a list of numbers")
        return wanted
