"""`python -m bench [--quick] [NAME ...]`: measures, and prints Markdown tables. It leaves nothing behind."""

from __future__ import annotations

import argparse
import time
from importlib import import_module
from typing import get_args

from bench import machine
from bench.installation import throw_away_installation
from bench.process_meter import NotMeasurable
from bench.sizes import SIZES, Size, SizeName
from bench.table import markdown

NAMES = (
    "first_token",
    "delta_latency",
    "idle_sockets",
    "context_building",
    "limiting",
    "counting_error",
    "counting_speed",
    "recall_facts",
    "limiter_properties",
    "governor_decision",
    "governor",
    "correlating",
    "agent_tokens",
)


def main() -> None:
    arguments = _arguments()
    print(f"Machine: {machine.description()}")
    print(f"Size: {arguments.size}. Load average before: {machine.load()}\n", flush=True)
    began = time.monotonic()
    with throw_away_installation():
        for name in arguments.names or NAMES:
            _print_table(name, SIZES[arguments.size])
    print(f"Took {time.monotonic() - began:.0f} s. Load average after: {machine.load()}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(NAMES)} (all without a name)")
    parser.add_argument("--size", choices=get_args(SizeName), default="full", help="how much is measured")
    parser.add_argument("--quick", dest="size", action="store_const", const="quick", help="within a minute")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(NAMES):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}. There are: {', '.join(NAMES)}")
    return arguments


def _print_table(name: str, size: Size) -> None:
    # Not before there is an installation: the benches import models.
    bench = import_module(f"bench.{name}")
    print(f"### {bench.TITLE}\n")
    try:
        print(markdown(bench.measure(size)) + "\n", flush=True)
    except NotMeasurable as reason:
        print(f"Not measured: {reason}.\n", flush=True)


if __name__ == "__main__":
    main()
