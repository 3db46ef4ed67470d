"""The numbers that a client must know before it sends; published in `hello.limits`."""

from __future__ import annotations

FRAME_BYTES = 4 * 1024 * 1024
MESSAGE_CHARACTERS = 400_000
QUEUED_TURNS = 20
SOCKETS_PER_USER = 20
FRAMES_PER_SECOND = 20
FRAME_BURST = 40
BAD_FRAMES_PER_MINUTE = 4  # the next one closes the socket
REFUSED_FRAMES_PER_MINUTE = 1_200  # of those over the budget
SMALL_FRAME_CHARACTERS = 64 * 1024  # of a frame that carries no message: a few hundred cursors need no more
CLIENT_ID_CHARACTERS = 64
CURSORS_PER_SUBSCRIBE = 1_000
PREVIEWS = "30/min"  # of a shorter call, by one person: each builds the context anew


def published() -> dict[str, int]:
    return {
        "frame_bytes": FRAME_BYTES,
        "message_characters": MESSAGE_CHARACTERS,
        "queued_turns": QUEUED_TURNS,
        "sockets_per_user": SOCKETS_PER_USER,
        "frames_per_second": FRAMES_PER_SECOND,
        "frame_burst": FRAME_BURST,
        "cursors_per_subscribe": CURSORS_PER_SUBSCRIBE,
    }
