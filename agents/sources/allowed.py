"""Which paths and methods of a source may be called. What is written in an odd way is refused, never made right: a
server behind it might read it otherwise than we do."""

from __future__ import annotations

import re

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
READING = ("GET", "HEAD")
WITH_BODY = ("POST", "PUT", "PATCH", "DELETE")

_STEP = r"[A-Za-z0-9._~!$&'()+,;=:@-]|%[0-9A-Fa-f]{2}"
_PATH = re.compile(rf"(/({_STEP})*)+")
_PATTERN = re.compile(rf"(/({_STEP}|\*)*)+")
_HIDDEN = re.compile(r"%(2[5eEfF]|5[cC]|00)")
"""Encoded dots, slashes, backslashes and NULs, and a percent sign: it hides them from whoever decodes once."""
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_OF_THE_CONNECTION = {"accept-encoding", "connection", "content-length", "host", "te", "transfer-encoding", "upgrade"}


def path_fault(path: str) -> str:
    """What is wrong with a path that was asked for, "" if nothing is."""
    if not path.startswith("/"):
        return "a path begins with /, and names no host: /orders"
    if not _PATH.fullmatch(path) or _HIDDEN.search(path):
        return "it has characters that no path has here; write / . and \\ plainly, others as %20"
    return "it has an empty step, . or .." if _has_odd_steps(path) else ""


def patterns_of(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def patterns_fault(text: str) -> str:
    for pattern in patterns_of(text):
        if not _PATTERN.fullmatch(pattern) or _HIDDEN.search(pattern) or _has_odd_steps(pattern):
            return f"{pattern!r} is no path: write /orders, /orders/* or /reports/**."
    return "" if patterns_of(text) else "Write at least one path."


def is_allowed(path: str, patterns: str) -> bool:
    """Whether a sound `path` fits one of the patterns: * stands for anything within a step, ** at the end for all steps
    below."""
    return any(_expression(pattern).fullmatch(path) for pattern in patterns_of(patterns))


def methods_of(text: str) -> list[str]:
    return [method for method in re.split(r"[\s,]+", text.upper()) if method]


def methods_fault(text: str) -> str:
    wrong = [method for method in methods_of(text) if method not in METHODS]
    if wrong or not methods_of(text):
        return f"Write some of {', '.join(METHODS)}."
    return ""


def header_fault(name: str) -> str:
    if name and not _HEADER.fullmatch(name):
        return "This is not the name of a header."
    return "This header belongs to the connection and cannot be set." if name.lower() in _OF_THE_CONNECTION else ""


def header_scheme_fault(scheme: str) -> str:
    return (
        "" if scheme.isascii() and (scheme.isalnum() or not scheme) else "Write one word, such as Bearer, or nothing."
    )


def _has_odd_steps(path: str) -> bool:
    steps = path.split("/")[1:]
    # Some servers drop what follows a semicolon before they look at a step.
    return any(step.partition(";")[0] in {".", ".."} for step in steps) or "" in steps[:-1]


def _expression(pattern: str) -> re.Pattern[str]:
    body, below = (pattern[:-2], ".*") if pattern.endswith("/**") else (pattern, "")
    return re.compile("[^/]*".join(re.escape(part) for part in re.split(r"\*+", body)) + below)
