"""Whether a process that a test started is still there."""

import psutil


def goes_on(pid):
    """Return whether a process runs; one that ended and waits for its parent does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
