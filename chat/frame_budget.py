"""How many frames one socket may send: a token bucket for all of them, a sliding minute for unreadable ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chat import send_limits


class FrameBudget:
    """`clock` in seconds, monotonic."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._level = float(send_limits.FRAME_BURST)
        self._at = clock()
        self._bad: deque[float] = deque()
        self._refused: deque[float] = deque()

    def take(self) -> float:
        """0 if a frame may be handled now, else the seconds until one may."""
        now = self._clock()
        self._level = min(send_limits.FRAME_BURST, self._level + (now - self._at) * send_limits.FRAMES_PER_SECOND)
        self._at = now
        if self._level < 1:
            return (1 - self._level) / send_limits.FRAMES_PER_SECOND
        self._level -= 1
        return 0.0

    def note_bad(self) -> bool:
        """One more unreadable frame. True if that was one too many within a minute."""
        return self._note(self._bad, at_most=send_limits.BAD_FRAMES_PER_MINUTE)

    def note_refused(self) -> bool:
        """One more frame over the budget. True if that was one too many within a minute."""
        return self._note(self._refused, at_most=send_limits.REFUSED_FRAMES_PER_MINUTE)

    def _note(self, times: deque[float], *, at_most: int) -> bool:
        now = self._clock()
        times.append(now)
        while times[0] <= now - 60:
            times.popleft()
        return len(times) > at_most
