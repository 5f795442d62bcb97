"""What each command does, once it runs in the environment of the compendium."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import shutil
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from isru import paths
from isru.errors import CompendiumError
from isru.lifeline import attended, beside
from isru.publish.compare import account
from isru.publish.environment import say
from isru.publish.history import (
    FIGURES,
    TABLES,
    Version,
    content,
    named,
    together,
    versions,
    with_hash,
)
from isru.publish.job import Job
from isru.publish.machines import publish_record, record_folder
from isru.publish.notebooks import all_notebooks, select
from isru.publish.parameters import declared_parameters, given_parameters
from isru.publish.release import keep_repeats, report
from isru.publish.release import publish as publish_results
from isru.publish.runner import PROFILES, alone, make_jobs, with_missing_needs
from isru.publish.runner import execute as execute_jobs
from isru.publish.staleness import stale_reasons
from isru.records import write_atomically

# The tests that a second process runs, in about the time of the first: none waits for the smoke
# run, or fails where time is short.
_APART = (
    *("test_book*.py", "test_browser*.py", "test_frontier*.py", "test_octaves.py"),
    *("activations/test_added*.py", "emulator/test_*.py", "stats/test_*.py", "test_analysed*.py"),
    *("firmware/test_*.py", "firmware/files/test_*.py"),
)
_BUSY_LOAD = 0.5  # cores that others keep busy where a measurement begins
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def execute(options: Namespace) -> None:
    """Run notebooks, then build the book of that run beside the published one."""
    began = time.monotonic()
    notebooks = select(options.notebook)
    if options.parameters:
        if not options.notebook or len(notebooks) != 1:
            raise CompendiumError(
                "parameters need the one notebook that they are for: NB=forecaster"
            )
        run = "adhoc"
        execute_jobs([Job(notebooks[0], run, run, _given(notebooks[0], options.parameters))])
    else:
        run = options.profile
        execute_jobs(make_jobs(with_missing_needs(notebooks, run), run))
    _build(run)
    say(f"Done in {(time.monotonic() - began) / 60:.1f} minutes")


def _given(notebook, text: str) -> dict:
    """Return the checked parameters of a text such as ``hidden_sizes=[10, 20]; seed=7``."""
    return given_parameters(notebook.name, declared_parameters(notebook.path), text)


def refresh(options: Namespace) -> None:
    """Run what is stale in a profile's run, and what rests on it."""
    folder = paths.run(options.profile)
    stale = {n.name for n in all_notebooks() if stale_reasons(n, folder)}
    for notebook in all_notebooks():
        if stale & set(notebook.needs):
            stale.add(notebook.name)
    if not stale:
        say(f"nothing is stale in {folder.name}")
        return
    execute_jobs(make_jobs([n for n in all_notebooks() if n.name in stale], options.profile))
    _build(options.profile)


def status(options: Namespace) -> None:
    """Say how every result of the published run, and of yours, stands."""
    runs = [options.run] if options.run is not None else ["published", *PROFILES]
    for run in runs:
        if run in ("published", options.run) or paths.run(run).is_dir():
            sys.stdout.write("\n".join([f"{run}:", *(f"  {line}" for line in report(run)), ""]))


def verify(options: Namespace) -> int:
    """Compare a run with the published one; exit code 1 if a value that must agree differs."""
    lines, differing = _told(account, paths.results(), _existing(options.run))
    for line in lines:
        say(line)
    return int(differing > 0)


def publish(options: Namespace) -> None:
    """Take results into the published run, or one machine record into the book."""
    if options.record:
        from isru.machine_records import check_record as check_one
        from isru.machine_records.quiet import verdict

        name = publish_record(options.record)
        told = verdict(check_one(record_folder("published") / name))
        say(f"published: {name}; {told}. Look at the book (make book), commit it")
        return
    _existing(options.run)
    if options.repeat:
        kept = keep_repeats(options.run, select(options.notebook))
        say(f"kept beside the published: {'; '.join(kept)}. Commit results/")
        return
    names = ", ".join(publish_results(options.run, select(options.notebook)))
    more = "Look at the book (make book), then commit results/"
    say(f"published: {names}. {more}" if names else "all of these are published already")


def book(options: Namespace) -> None:
    """Build a book without executing anything."""
    _existing(options.run)
    _build(options.run)


def cited(options: Namespace) -> None:
    """Write the file that a citation names by its SHA-256, or list the files that a name had."""
    found = versions(paths.root(), everywhere=True, folders=(FIGURES, TABLES))
    of_name = named(found, options.what)
    for (commit, date), held in together(paths.root(), of_name).items():
        _write(f"in commit {commit[:10]}, {date}:")
        for version in held:
            _write(f"  {version.sha256}  {version.name}, {_taken_in(version, commit)}")
    if of_name:
        return
    version = with_hash(found, options.what, _drawn())
    folder = Path(options.out) if options.out else paths.root() / "runs" / "cited"
    path = folder / f"{version.sha256[:12]}-{version.name}"
    write_atomically(path, content(paths.root(), version))
    say(f"{path}: {version.name}, {_taken_in(version)}")


def _drawn() -> frozenset[str]:
    """Return the figures that the published book drew when it was built here."""
    built = (paths.html("published") / "_figures").glob("*.svg")
    of_runs = {path.name for path in (paths.root() / FIGURES).glob("*.svg")}
    return frozenset(path.stem for path in built if path.name not in of_runs)


def _taken_in(version: Version, shown: str = "") -> str:
    """Return which commit took a file in, and whether the published run still has it.

    Parameters
    ----------
    version : Version
    shown : str
        The commit below which it is told.
    """
    files = (paths.root() / folder / version.name for folder in (FIGURES, TABLES))
    present = version.sha256 in {
        hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()
    }
    told = f"first committed in {version.commit[:10]}, {version.date}"
    if version.commit == shown:
        told = "first committed here"
    return f"{told}, the present one" if present else told


def _existing(run: str):
    folder = paths.run(run)
    if not (folder / "manifest").is_dir():
        have = [p.parent.name for p in sorted((paths.root() / "runs").glob("*/manifest"))]
        raise CompendiumError(f"no run {run!r} at {folder}. Runs here: {', '.join(have) or 'none'}")
    return folder


def _build(run: str) -> None:
    """Build the book of a run, then the published one beside it where there is one.

    The published book may lack what only this run has so far, such as a new chapter: then it is
    told, and the book of the run is there all the same.
    """
    from isru.publish.book import build_book
    from isru.publish.staging import outside_contents

    own = run != "published"
    whose = f"of your run ({run})" if own else "of the published run"
    say(f"Building the book {whose}: about a minute; the first time some, to draw every picture")
    index = build_book(run)
    say(f"The book of your run ({run}): {index}" if own else f"The published book: {index}")
    for name in outside_contents(run):
        shown = "stands at the end of the book of this run" if own else "is in no book"
        say(
            f"the page of {name} {shown}, since _toc.yml does not name it. "
            f"To give it its place, add '- file: results/notebooks/{name}' there"
        )
    if own and (paths.results() / "manifest").is_dir():
        try:
            say("Building the published book beside it")
            say(f"The published book: {build_book('published')}")
        except CompendiumError as error:
            say(f"warning: the published book was not built: {error}")


def bench(options: Namespace) -> None:
    """Measure the goals of our own implementation."""
    from isru.chapters.speed_goals.goals import measure

    with _measuring():
        try:
            measure()
        except KeyboardInterrupt:
            raise CompendiumError(
                "interrupted: of these measurements nothing is kept, they count only together"
            ) from None
    say(f"The goals: {paths.root() / 'runs' / 'bench' / 'goals.csv'}")


def record(options: Namespace) -> None:
    """Measure this machine and keep the record under runs/machines."""
    from isru.machine_records import Interrupted, check_record, record_machine, rounds_kept
    from isru.machine_records.quiet import verdict
    from isru.machine_records.recording import MOST_MINUTES

    if not 0 < options.minutes <= MOST_MINUTES:
        raise CompendiumError(
            f"minutes: expected more than 0 and at most {MOST_MINUTES}, got {options.minutes:g}"
        )
    folder = _made(record_folder("own"))
    say(
        f"Measuring this machine: about {options.minutes:g} minutes at rest; leave it alone "
        "meanwhile. An interruption keeps what it has, and the same command goes on"
    )
    if (load := os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0) > _BUSY_LOAD:
        say(
            f"warning: other programs keep {load:.1f} of {os.cpu_count()} cores busy. End them "
            "first: times beside them mislead"
        )
    if kept := rounds_kept(folder):
        say(f"{kept} measurements are kept from before an interruption")
    with _measuring():
        try:
            path = record_machine(folder, minutes=options.minutes)
        except Interrupted as error:
            raise CompendiumError(str(error)) from None
    say(f"The record: {path}, {verdict(check_record(path))}\nIt holds no user or host name. Then:")
    name = path.relative_to(paths.root()).as_posix()  # the folder's own name may hold a space
    for step in (
        f"make check-record RECORD={name}   # what it says against itself",
        f"make publish RECORD={name}        # takes it into results/machines",
        "make book                         # shows it beside the others",
    ):
        _write(f"  {step}")
    say("To send it: commit that one file of results/machines, and open a pull request with it")


@contextmanager
def _measuring():
    """Measure alone on this machine; what keeps a measurement from its end becomes a message."""
    with alone():
        try:
            yield
        except (RuntimeError, ValueError) as error:  # of a measuring process, or no C compiler
            raise CompendiumError(str(error)) from None


def _made(folder: Path) -> Path:
    """Return a folder, made where it is missing; a file in its place is named."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise CompendiumError(f"expected a folder at {folder}, got a file in its way") from None
    return folder


def check_record(options: Namespace) -> int:
    """Check machine records, by default all that are published; exit code 1 if one is refused."""
    from isru.machine_records import check_record as check_one
    from isru.machine_records.quiet import verdict

    files = options.files or sorted(record_folder("published").glob("*.json"))
    refused = 0
    for file in files:
        try:
            record = check_one(file)
        except (ValueError, FileNotFoundError) as error:
            say(f"refused: {error}")
            refused += 1
            continue
        remarks = f"{len(record['problems'])} remarks of its measurement on itself"
        say(f"accepted: {file} ({remarks}); {verdict(record)}")
        for problem in record["problems"]:
            say(f"  {problem}")
    if not files:
        say("no machine record is published yet; name the files to check")
    return int(refused > 0)


def certify(options: Namespace) -> int:
    """Look at every float32 input of activations; an interruption loses one part at most.

    The certificates go to runs/certificates; those in data/certificates are published ones.
    """
    from isru.activations import ACTIVATIONS, get_activation
    from isru.certificates.making import certify as certify_one

    names = list(ACTIVATIONS) if options.names == ["all"] else options.names
    entries = [_known(get_activation)(name) for name in names]  # before the minutes of the first
    folder = _made(paths.root() / "runs" / "certificates")
    broken = []
    for entry in entries:
        record = certify_one(entry, folder)
        say(f"{entry.name}: at most {record['max_ulp']:.4g} ULP (stated: {record['stated_ulp']:g})")
        broken += [] if record["keeps_stated_ulp"] else [entry.name]
    say(f"The certificates: {folder}")
    return int(bool(broken))


def _known(look_up):
    """Return ``look_up`` with its ValueError turned into a message."""

    def find(name: str):
        try:
            return look_up(name)
        except ValueError as error:
            raise CompendiumError(str(error)) from None

    return find


def sample(options: Namespace) -> None:
    """Write a prompt and what a character model makes of it."""
    from isru.chapters.characters.model import CharacterModel

    path = options.model or paths.results() / "models" / "characters-isru.npz"
    model = _told(CharacterModel.load, path)
    about = {"prompt": options.prompt, "temperature": options.temperature}
    if options.seed < 0:
        raise CompendiumError(f"seed: expected at least 0, got {options.seed}")
    rng = np.random.default_rng(options.seed)
    written = _told(model.sample, options.length, **about, rng=rng)
    _write(f"{options.prompt}{written}")


def train_characters(options: Namespace) -> None:
    """Train a character model that exists, or a new one, and save it as it goes."""
    from isru.chapters.characters.session import (
        DEFAULTS,
        held_out,
        open_session,
        train_and_save,
    )

    path = Path(options.model or paths.root() / "runs" / "characters" / "model.npz")
    if paths.results() in path.resolve().parents:
        raise CompendiumError(
            f"{path} is published and stays as it is: give it as --start, and another --model"
        )
    given = {name: getattr(options, name) for name in DEFAULTS}
    given = {name: value for name, value in given.items() if value is not None}
    for name, least in {"updates": 1, "layers": 1, "seed": 0}.items():
        value = getattr(options, name)
        if value is not None and value < least:
            raise CompendiumError(f"{name}: expected at least {least}, got {value}")
    model, parts = _told(open_session, path, source=options.text, start=options.start, **given)
    made = _told(train_and_save, model, path, parts.training, options.updates)
    measured = _told(held_out, model, parts.validation)
    ended = "interrupted after " if made < options.updates else ""
    say(
        f"{ended}{made} updates, {model.updates} in all; {measured.bits:.3f} bits per character, "
        f"of {measured.characters} held out"
    )
    say(f"The model: {path}. Repeat the command to go on; look at it with: sample --model {path}")


def smallest(options: Namespace) -> int:
    """Say which published network is the cheapest that fits, and write its C; 1 if none does."""
    from isru.chapters.smallest.answer import answer_in_words

    folder = Path(options.out or paths.root() / "runs" / "smallest")
    fits, text = _told(answer_in_words, options, folder)
    _write(text)
    return int(not fits)


def formula(options: Namespace) -> int:
    """Say which formula of the published front is the cheapest near enough; 1 if none is."""
    from isru.chapters.frontier.answer import answer_in_words

    near, text = _told(answer_in_words, options)
    _write(text)
    return int(not near)


def _told(function, *arguments, **named):
    """Return what a call returns; what a person can put right becomes a message."""
    try:
        return function(*arguments, **named)
    except (ValueError, FileNotFoundError, FloatingPointError) as error:
        raise CompendiumError(str(error)) from None
    except MemoryError as error:
        raise CompendiumError(f"expected less than the memory holds: {error}") from None


def _write(text: str) -> None:
    """Write a line to the terminal, escaped where the terminal has no such characters."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def test(options: Namespace) -> int:
    """Run the tests; the browser tests run where there is a Chromium."""
    command, root = [sys.executable, "-m", "pytest", "--durations=10"], paths.root()
    found = [path for name in _APART for path in (root / "tests").glob(name)]
    apart = sorted(path.relative_to(root).as_posix() for path in found)
    if options.select or not apart:
        chosen = ["-k", options.select] if options.select else []
        return attended([*command, *chosen], cwd=root)
    others = [f"--ignore={path}" for path in apart]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        beside([*command, *apart], cwd=root, stdout=said, stderr=said) as second,
    ):
        codes = {"first": attended([*command, *others], cwd=root), "second": second.wait()}
        said.seek(0)
        _write(said.read())
    failed = " and ".join(name for name, code in codes.items() if code)
    _write(f"Two test processes: {f'the {failed} failed' if failed else 'both passed'}")
    return codes["first"] or codes["second"]


def find_chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome, None if there is none."""
    return next((path for path in map(shutil.which, _CHROMIUMS) if path), None)


def test_browser(options: Namespace) -> int:
    """Open every page of a built book in a headless Chromium, the network cut."""
    if find_chromium() is None:
        raise CompendiumError(f"expected one of {', '.join(_CHROMIUMS)} on the path, found none")
    _existing(options.run)
    if not (paths.html(options.run) / "index.html").is_file():
        _build(options.run)
    tests = sorted(map(str, (paths.root() / "tests").glob("test_browser*.py")))
    command = [sys.executable, "-m", "pytest", "-m", "browser", *tests]
    chosen = os.environ | {"ISRU_BOOK": options.run}
    return attended(command, cwd=paths.root(), env=chosen)


class _Server(http.server.ThreadingHTTPServer):
    """A server to which a browser that goes away is no error."""

    def handle_error(self, request, client_address) -> None:
        """Say what ended the answer to one request; the server goes on."""
        error = sys.exception()
        if not isinstance(error, ConnectionError):
            say(f"a request was not answered: {type(error).__name__}: {error}")


def serve(options: Namespace) -> None:
    """Serve a built book on this machine alone."""
    folder = paths.html(options.run)
    if not (folder / "index.html").is_file():
        raise CompendiumError(f"no book at {folder}: build it first (make book)")
    if not 0 <= options.port <= 65535:
        raise CompendiumError(f"port: expected 0 to 65535 (0 takes a free one), got {options.port}")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    try:
        server = _Server(("127.0.0.1", options.port), handler)
    except OSError as error:
        raise CompendiumError(
            f"cannot serve at port {options.port}: {error.strerror}. "
            "Choose another one (make serve PORT=8123)"
        ) from None
    with server, suppress(KeyboardInterrupt):
        say(f"http://127.0.0.1:{server.server_port}/  (Ctrl-C ends it)")
        server.serve_forever()


def lint(options: Namespace) -> int:
    """Check the form of the code, the public types and the workflows; nothing is fetched."""
    folder = paths.root() / ".github" / "workflows"
    schema = ["check_jsonschema", "--builtin-schema", "vendor.github-workflows"]
    python = [sys.executable, "-m"]
    commands = (
        [*python, "ruff", "check", "."],
        [*python, "ruff", "format", "--check", "."],
        [*python, "mypy"],
        [*python, *schema, *map(str, sorted(folder.glob("*.yml")))],
        [str(Path(sys.executable).with_name("zizmor")), "--offline", "--quiet", str(folder)],
    )
    return max(
        subprocess.run(command, cwd=paths.root(), check=False).returncode for command in commands
    )


def check(options: Namespace) -> int:
    """Check the form, then run the tests of the unit tier: what to do before each commit."""
    tests = [sys.executable, "-m", "pytest", "--tier", "unit"]
    return lint(options) or attended(tests, cwd=paths.root())


def chapter(options: Namespace) -> None:
    """Make a new chapter from the template."""
    from isru.publish.template import make_chapter

    written = "\n".join(f"  {path}" for path in make_chapter(options.name))
    say(
        f"written:\n{written}\nRun it and see it in the book of its run: make execute "
        f"NB={options.name} PROFILE=smoke. Its place in the book is a line of _toc.yml: "
        f"- file: results/notebooks/{options.name}"
    )


def clean(options: Namespace) -> None:
    """Remove what can be made again; results/, the environment and what you made stay."""
    runs = paths.root() / "runs"
    made_again = {*PROFILES, "adhoc"}
    with alone(), ExitStack() as held:
        # Locks stay, and none may be held: of a publication, a set-up, the building of a book.
        locks = [*paths.build().glob("*.lock"), *paths.build().glob("book/*.lock")]
        for lock in locks:
            if lock.name != "run.lock":
                held.enter_context(_free(lock))
        inside = [path for path in paths.build().iterdir() if path not in locks]
        outside = [path for path in runs.glob("*") if path.name in made_again]
        for path in [*inside, *outside]:
            _remove(path, locks)
    say(f"removed: what lay in {paths.build()}")
    for path in outside:
        say(f"removed: {path}")
    for path in sorted(runs.glob("*")):
        say(f"kept, since it is yours: {path}")


@contextmanager
def _free(lock: Path) -> Iterator[None]:
    try:
        with FileLock(lock, timeout=0):
            yield
    except Timeout:
        raise CompendiumError(
            f"another command works on what would be removed: wait for it, or end it. "
            f"Its lock is {lock}"
        ) from None


def _remove(path: Path, but: list[Path]) -> None:
    """Remove a file, a link itself, or a folder without some files."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif any(path in kept.parents for kept in but):
        for part in path.iterdir():
            if part not in but:
                _remove(part, but)
    else:
        shutil.rmtree(path)
