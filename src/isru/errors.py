"""Errors that the command line shows as a sentence, without a traceback."""

from __future__ import annotations

import errno
import os

_CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "your share of the disk is full",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "it is not yours to use",
    errno.EPERM: "it is not yours to use",
    errno.EEXIST: "something else has this name",
    errno.ENOTDIR: "a file stands where a folder should",
    errno.EISDIR: "a folder stands where a file should",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "links lead in a circle",
    errno.EIO: "the disk fails",
    errno.EXDEV: "it lies on another disk",
}


class CompendiumError(Exception):
    """Something that the user can put right; the message says how."""


class DamagedFile(CompendiumError, ValueError):
    """A file of the compendium does not hold what it should; the message names it."""


def in_words(error: BaseException) -> str:
    """Return what went wrong as a sentence; of a file its name and the cause."""
    if isinstance(error, CompendiumError):
        return str(error)
    if not isinstance(error, OSError):
        return f"{type(error).__name__}: {error}"
    if error.errno is None:
        return str(error)
    told = os.strerror(error.errno)
    cause = f"{_CAUSES[error.errno]} ({told})" if error.errno in _CAUSES else told
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM):
        where = f"cannot write {error.filename or 'a file'}: "
    remedy = "make room" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "put that right"
    return f"{where}{cause}; {remedy}, and repeat the command"
