"""The bibliography's plugins, each looked up once: pybtex searches all distributions every time."""

from __future__ import annotations

from functools import cache

from pybtex import plugin


def remember() -> None:
    """Let pybtex remember what it found among the installed distributions."""
    if not hasattr(plugin._load_entry_point, "cache_info"):
        plugin._load_entry_point = cache(plugin._load_entry_point)
