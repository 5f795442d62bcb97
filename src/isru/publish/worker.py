"""Execute one notebook in a process of its own: ``python -m isru.publish.worker JOB.json``.

Reports each cell as a line of JSON on standard output; the runner draws the bar.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import nbformat
import papermill
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError

from isru import lifeline
from isru.errors import CompendiumError, in_words
from isru.publish.kernel import NAME, check_chosen
from isru.publish.normalise import normalise
from isru.records import write_atomically

_REPORTS = sys.stdout


class ReportingEngine(NBClientEngine):
    """papermill's engine, telling which cell has begun: the runner, and what the cell records."""

    @classmethod
    def execute_managed_notebook(cls, nb_man, kernel_name, **options):
        """Execute as papermill does, with a report before each cell."""
        begin = nb_man.cell_start
        total = len(nb_man.nb.cells)

        def report(cell, cell_index=None, **more):
            say(cell=cell_index or 0, of=total)
            write_atomically(Path(os.environ["ISRU_CELL"]), cell.id)
            return begin(cell, cell_index, **more)

        nb_man.cell_start = report
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


def say(**report) -> None:
    """Write one report for the runner."""
    _REPORTS.write(json.dumps(report) + "\n")
    _REPORTS.flush()


def keep_reports_apart() -> None:
    """Send what a kernel writes past IPython to the error stream: it would spoil a report."""
    global _REPORTS
    _REPORTS = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)


def execute(job: dict) -> None:
    """Execute the notebook of ``job`` and write its normalised copy."""
    check_chosen()
    papermill_engines.register("reporting", ReportingEngine)
    failed = Path(job["failed"])
    failed.parent.mkdir(parents=True, exist_ok=True)
    papermill.execute_notebook(
        _unformatted(job["source"]),
        _unformatted(str(failed)),
        job["parameters"],
        engine_name="reporting",
        kernel_name=NAME,
        progress_bar=False,
        cwd=job["cwd"],
        execution_timeout=job["cell_timeout_s"],
        start_timeout=120,
    )
    executed = normalise(nbformat.read(failed, as_version=4), job["profile"])
    nbformat.validate(executed)
    text = json.dumps(executed, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    write_atomically(Path(job["target"]), text)
    failed.unlink()


def _of_cell(error: PapermillExecutionError) -> str:
    """Return a cell's error; what a disk refuses is said in words, too."""
    found = re.match(r"\[Errno (\d+)\]", error.evalue or "")
    told = f"{error.ename}: {error.evalue}"
    return f"{told} ({in_words(OSError(int(found[1]), ''))})" if found else told


def _unformatted(path: str) -> str:
    """Return a path as papermill takes it, which fills parameters into what stands in braces."""
    return path.replace("{", "{{").replace("}", "}}")


def main() -> int:
    """Run the job named on the command line; on failure say why in the last report."""
    keep_reports_apart()
    lifeline.end_with_stdin()
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        execute(job)
    except PapermillExecutionError as error:
        traceback = "\n".join(error.traceback)
        say(failure=_of_cell(error), cell=error.cell_index, traceback=traceback)
        return 1
    except CompendiumError as error:
        say(failure=str(error))
        return 1
    except Exception as error:  # the last resort: whatever it was, the runner must hear of it
        say(failure=in_words(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
