"""What goes wrong inside this extension, told in one line with page, place and cause.

Sphinx would end the build with a traceback that names neither. Each of these lines counts as a
warning, and a build that takes warnings for errors fails with it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from docutils.parsers.rst import Directive, DirectiveError
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxRole

from isru.wording import CannotShow
from isru_book.run import LOGGER

_THEIR_OWN = (DirectiveError, SphinxError)  # the tools below show these


def cause(error: Exception) -> str:
    """Return an exception in one line; one that is no sentence says where it came from."""
    said = " ".join(str(error).split())
    if isinstance(error, OSError | ValueError | CannotShow) and said:
        return said
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = "".join(f" ({Path(f.filename).name}, line {f.lineno})" for f in frame)
    return f"{type(error).__name__}: {said}{where}"


class Telling:
    """A Sphinx application whose directives, roles and handlers are told of when they fail."""

    def __init__(self, app):
        self._app = app

    def __getattr__(self, name):
        return getattr(self._app, name)

    def add_directive(self, name: str, directive: type[Directive]) -> None:
        """Add a directive."""
        self._app.add_directive(name, told_directive(name, directive))

    def add_role(self, name: str, role: SphinxRole) -> None:
        """Add a role."""
        self._app.add_role(name, told_role(name, role))

    def connect(self, event: str, handler: Callable, priority: int = 500) -> None:
        """Connect a handler with an event; those of a higher priority number come later."""
        self._app.connect(event, told_handler(handler), priority)


def told_directive(name: str, directive: type[Directive]) -> type[Directive]:
    """Return a directive that tells of an exception and shows nothing."""

    class Told(directive):
        __doc__ = directive.__doc__

        def run(self):
            """Return what the directive returns."""
            try:
                return super().run()
            except _THEIR_OWN:
                raise
            except Exception as error:
                _tell(f"{name} {' '.join(self.arguments)}".strip(), error, self.get_location())
                return []

    return Told


def told_role(name: str, role: SphinxRole) -> Callable:
    """Return a role that tells of an exception and shows nothing."""

    @wraps(role.__call__)
    def told(*given, **named):
        try:
            return role(*given, **named)
        except _THEIR_OWN:
            raise
        except Exception as error:
            _tell(f"{name} {role.text}", error, role.get_location())
            return [], []

    return told


def told_handler(handler: Callable) -> Callable:
    """Return a handler of a Sphinx event that tells of an exception and goes on."""

    @wraps(handler)
    def handle(app, *arguments):
        try:
            return handler(app, *arguments)
        except _THEIR_OWN:
            raise
        except Exception as error:
            page = next((name for name in arguments if isinstance(name, str)), None)
            page = page or getattr(app.env, "temp_data", {}).get("docname")
            _tell(f"{handler.__module__}.{handler.__name__}", error, page)
            return None

    return handle


def _tell(what: str, error: Exception, location: object) -> None:
    LOGGER.error("%s: %s", what, cause(error), location=location, type="isru")
