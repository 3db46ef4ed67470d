"""A rate pool as it stands now, for its pages: what was entered beside what was learnt, what is free, what to do."""

from __future__ import annotations

import math
import time

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from agents.headroom import levels_of_pool
from agents.models import RatePool
from agents.pool_usage import used_in_last_minute
from agents.pool_words import WORDS, advice_on, flight_of, free_of, queue_of


def in_full(pool: RatePool) -> SafeString:
    """A table of its dimensions, with the ledger's count beside the governor's."""
    levels = levels_of_pool(pool, now=time.time())
    counted = used_in_last_minute(pool, now=timezone.now())
    rows = [
        {
            "differs": level.differs,
            "cells": [
                _number(level.configured) or "nothing",
                _number(level.learnt) or "nothing else",
                _number(level.in_force),
                free_of(level),
                f"in {math.ceil(level.full_in):,} s" if level.full_in else "now",
                _number(counted[level.dimension]),
            ],
            "name": WORDS[level.dimension].capitalize(),
        }
        for level in levels.dimensions
    ]
    context = {"rows": rows, "advice": advice_on(levels), "flight": flight_of(levels), "queue": queue_of(levels)}
    return render_to_string("admin/agents/ratepool/now.html", context)


def in_short(pool: RatePool) -> SafeString | str:
    """For a list: a line for each dimension, then what is not as it should be."""
    levels = levels_of_pool(pool, now=time.time())
    lines = [(f"{free_of(level)}: {WORDS[level.dimension]}", "") for level in levels.dimensions]
    lines += [(queue, "") for queue in [queue_of(levels)] if queue]
    differing = ", ".join(WORDS[name] for name in levels.differs)
    lines += [(f"Not as entered: {differing}", "pool-warning")] if differing else []
    return format_html_join("", '<div class="{1}">{0}</div>', lines) or "no limit is known"


def _number(count: float | None) -> str:
    return "" if count is None else f"{count:,.0f}"
