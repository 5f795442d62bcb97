"""One notebook of a run: its process, its folders, its report."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

from isru import lifeline, paths
from isru.bench.protocol import _THREAD_VARIABLES
from isru.closure import forget_sources
from isru.notes import read_log
from isru.provenance import provenance
from isru.publish.kernel import describe
from isru.publish.manifest import read_manifest
from isru.publish.notebooks import Notebook, all_notebooks
from isru.publish.pending import finish, pending_folder
from isru.publish.staleness import by_kind, make_stamp
from isru.publish.surroundings import stated


@dataclass
class Job:
    """One notebook of a run, from its start to its end."""

    notebook: Notebook
    run: str
    profile: str
    parameters: dict
    process: subprocess.Popen | None = None
    stamp: dict = field(default_factory=dict)
    about: dict = field(default_factory=dict)
    started: float = 0.0
    listener: threading.Thread | None = None
    cells: tuple[int, int] = (0, 0)
    reports: list[dict] = field(default_factory=list)
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def alone(self) -> bool:
        """Whether it needs the machine for itself: it measures time, and its numbers count.

        Those of the profile "smoke" do not: it shows that every cell runs.
        """
        return self.notebook.measures and self.profile != "smoke"

    @property
    def scratch(self) -> Path:
        """The folder that this notebook writes to until it has succeeded."""
        return paths.build() / "scratch" / self.run / self.notebook.name

    @property
    def own(self) -> Path:
        """The folder of its kernel: working directory, configuration, job, error stream."""
        return paths.build() / "kernels" / self.run / self.notebook.name

    def upstream(self) -> list[Path]:
        """Where it finds others' results: this run's finished ones, the run, for ad-hoc more."""
        beside = [pending_folder(self.run) / n.name for n in all_notebooks()]
        fallback = [paths.results()] if self.run == "adhoc" else []
        return [*beside, paths.run(self.run), *fallback]

    def budget_s(self) -> float:
        """The declared budget of the profile in seconds (quick's for an ad-hoc run)."""
        budgets = self.notebook.budget_minutes
        return 60 * budgets.get(self.profile, budgets["quick"])

    def expected_s(self) -> float:
        """What the last run of this profile took, else the budget."""
        last = read_manifest(paths.run(self.run), self.notebook.name)
        return last["seconds"] if last else self.budget_s()

    def start(self) -> None:
        """Start the worker process."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        own = self.own
        own.mkdir(parents=True, exist_ok=True)
        job = {
            "source": str(self.notebook.path),
            "target": str(self.scratch / "notebooks" / f"{self.notebook.name}.ipynb"),
            "failed": str(paths.build() / "failed" / f"{self.notebook.name}.ipynb"),
            "parameters": self.parameters,
            "profile": self.profile,
            "cwd": str(own),
            "cell_timeout_s": int(600 + 5 * self.budget_s()),
        }
        (own / "job.json").write_text(json.dumps(job), encoding="utf-8")
        (own / "reads").write_text("", encoding="utf-8")
        # What an earlier kernel of this notebook left there is not part of the job.
        for name in ("ipython", "jupyter", "keras"):
            shutil.rmtree(own / name, ignore_errors=True)
        describe(own / "jupyter")
        # Stamped at the start: what is edited while it runs makes the result stale.
        forget_sources()
        self.about = {**provenance(paths.root()), "profile": self.profile}
        self.stamp = make_stamp(self.notebook, self.parameters, {}, self.upstream())
        self.started = time.monotonic()
        with (own / "stderr").open("w", encoding="utf-8") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "isru.publish.worker", str(own / "job.json")],
                stdin=subprocess.PIPE,  # open as long as this process lives
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                encoding="utf-8",
                env=self._environment(own),
            )
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _environment(self, own: Path) -> dict[str, str]:
        upstream = os.pathsep.join(str(folder) for folder in self.upstream())
        return stated(os.environ, own) | {
            lifeline.MARK: self.mark,
            "ISRU_ROOT": str(paths.root()),
            "ISRU_RUN_FOLDER": str(self.scratch),
            "ISRU_PROFILE": self.profile,
            "ISRU_UPSTREAM": upstream,
            "ISRU_READS": str(own / "reads"),
            "ISRU_CELL": str(own / "cell"),
            "PYTHONHASHSEED": "0",
            "PYDEVD_DISABLE_FILE_VALIDATION": "1",
            # Notebooks run beside each other, and timings choose their own number.
            **dict.fromkeys(_THREAD_VARIABLES, "1"),
        }

    def _listen(self) -> None:
        with self.process.stdout as lines:
            for line in lines:
                report = json.loads(line)
                if "of" in report:
                    self.cells = report["cell"] + 1, report["of"]
                else:
                    self.reports.append(report)

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self.started

    def stop(self) -> None:
        """End the worker with all that it started: the kernel, and the kernel's own processes."""
        if not self.process:
            return
        self.process.terminate()
        self.end_processes()

    def end_processes(self) -> None:
        """End what is left of the job's processes: of a kernel that died its pools compute on."""
        lifeline.end_marked(self.mark)
        self.process.wait()
        self.process.stdin.close()
        if self.listener:
            self.listener.join(timeout=10)

    def complete(self) -> None:
        """Turn the scratch folder of a worker that succeeded into a pending result."""
        self.stamp |= by_kind(read_log(self.own / "reads"))
        manifest = {
            "notebook": self.notebook.name,
            "profile": self.profile,
            "kind": self.notebook.kind,
            "parameters": self.parameters,
            "stamp": self.stamp,
            "provenance": self.about,
            "seconds": round(self.seconds(), 1),
        }
        finish(self.scratch, self.run, manifest)

    def failure(self) -> str:
        """Return in words why the worker failed, with the cell's traceback if there is one."""
        kept = paths.build() / "failed" / f"{self.notebook.name}.ipynb"
        for report in self.reports:
            if "failure" in report:
                where = f" in cell {report['cell']}" if "cell" in report else ""
                trace = report.get("traceback", "")
                return (
                    f"{self.notebook.name} failed{where}: {report['failure']}\n{trace}"
                    f"{chr(10) if trace else ''}The notebook so far: {kept}"
                )
        stderr = (self.own / "stderr").read_text(encoding="utf-8")
        tail = "\n".join(stderr.splitlines()[-8:])
        return (
            f"{self.notebook.name}: its process ended with code {self.process.returncode} "
            f"(killed, or out of memory?)\n{tail}\nThe notebook so far: {kept}"
        )
