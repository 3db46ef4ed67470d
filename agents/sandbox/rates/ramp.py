"""How quickly an account's use may rise from a cold start. It owns no clock."""

from __future__ import annotations

from agents.sandbox.rates.pool import MINUTE, Ramp


class RampState:
    """Counts an account's tokens minute by minute against a ceiling that follows its use. `minute` is in seconds."""

    def __init__(self, ramp: Ramp, *, now: float, minute: float) -> None:
        self._ramp = ramp
        self._minute = minute
        self._period = ramp.period * minute / MINUTE
        self._ceiling = float(ramp.free)
        self._period_began = self._minute_began = now
        self._taken = self._peak = 0

    def wait_for(self, tokens: int, *, now: float) -> float:
        """Seconds until `tokens` more would not be too sharp a rise; 0 if they are not. What is over the ceiling by
        itself waits for the next one."""
        self._turn(now)
        if self._taken + tokens <= self._ceiling:
            return 0.0
        if tokens <= self._ceiling:
            return self._minute_began + self._minute - now
        return self._period_began + self._period - now

    def take(self, tokens: int, *, now: float) -> None:
        self._turn(now)
        self._taken += tokens
        self._peak = max(self._peak, self._taken)

    def _turn(self, now: float) -> None:
        """Begins the period and the minute in which `now` is. A period in which nothing was asked is a cold start."""
        passed = int((now - self._period_began) // self._period)
        if passed > 0:
            busiest = self._peak if passed == 1 else 0
            self._ceiling = max(float(self._ramp.free), (1 + self._ramp.growth) * busiest)
            self._period_began += passed * self._period
            self._minute_began, self._taken, self._peak = self._period_began, 0, 0
        minutes = int((now - self._minute_began) // self._minute)
        if minutes > 0:
            self._minute_began += minutes * self._minute
            self._taken = 0
