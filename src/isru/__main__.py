"""Command line: ``python -m isru COMMAND`` (or ``python src/isru COMMAND`` in a bare checkout).

Kept to old syntax, so that an old Python ends with a sentence and not with a SyntaxError.
"""

import os
import sys

OLDEST, NEWEST = (3, 11), (3, 13)


def check_python(version):
    """Return what is wrong with this Python, or an empty string."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return ""
    return (
        "the ISRU compendium needs Python %d.%d to %d.%d, this is %d.%d (%s). "  # noqa: UP031
        "Name another one: make PYTHON=python3.12 ..."
        % (OLDEST + NEWEST + tuple(version[:2]) + (sys.executable,))
    )


def start():
    """Check the Python, make the package importable, hand over to the command line."""
    wrong = check_python(sys.version_info)
    if wrong:
        sys.exit("error: " + wrong)
    package = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    # Started as a folder, Python puts the package itself on the path, where its modules
    # would shadow others of the same name.
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != package]  # noqa: PTH100
    if not __package__:
        source = os.path.dirname(package)  # noqa: PTH120
        sys.path.insert(0, source)
        if os.pathsep not in source:  # the processes that it starts find the package, too
            paths = [source, os.environ.get("PYTHONPATH")]
            os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    from isru.cli import main

    sys.exit(main())


if __name__ == "__main__":
    start()
