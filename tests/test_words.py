"""What a person, a disk or another machine can do to a command ends in words, not a traceback."""

import io
import logging
import subprocess
import sys

import pytest
from filelock import FileLock

from isru import commands, paths, terminal
from isru.certificates.making import _resume
from isru.cli import main

pytestmark = pytest.mark.slow

EVERY_COMMAND = (
    *("execute", "refresh", "status", "book", "verify", "publish", "bench", "record"),
    *("check-record", "sample", "train-characters", "smallest", "test", "test-browser"),
    *("serve", "lint", "clean", "setup"),
)


def told(capsys, *command, code=1):
    """Run a command that fails and return its one message."""
    assert main(list(command)) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


@pytest.fixture(params=["missing", "a file", "no contents", "contents alone", "a long name"])
def wrong_root(request, tmp_path, monkeypatch):
    """Set ISRU_ROOT to what is no compendium."""
    root = tmp_path / ("n" * 300 if request.param == "a long name" else "root")
    if request.param == "a file":
        root.touch()
    elif request.param.startswith(("no", "contents")):
        root.mkdir()
    if request.param == "contents alone":
        (root / "_toc.yml").write_text("format: jb-book\n", encoding="utf-8")
    monkeypatch.setenv("ISRU_ROOT", str(root))


def test_a_wrong_root_is_named_by_every_command(wrong_root, capsys):
    for command in EVERY_COMMAND:
        said = told(capsys, command)
        assert "ISRU_ROOT names no compendium: expected a folder with _toc.yml" in said, command
    assert main(["help"]) == 0


def test_a_wrong_root_does_not_keep_the_library_from_its_work(tmp_path):
    code = "import isru, isru.lstm; print(isru.isru(0.0))"
    environment = {"ISRU_ROOT": str(tmp_path), "PYTHONPATH": str(paths.root() / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "0.0", done.stderr


@pytest.fixture
def book(compendium):
    """Return a compendium with a built book."""
    index = compendium / "build" / "html" / "published" / "index.html"
    index.parent.mkdir(parents=True)
    index.write_text("a book", encoding="utf-8")
    return compendium


@pytest.mark.parametrize("port", ["-1", "65536", "9" * 30])
def test_a_port_that_is_none_is_refused(book, capsys, port):
    assert f"port: expected 0 to 65535 (0 takes a free one), got {port}" in told(
        capsys, "serve", "--port", port
    )


def test_a_busy_port_is_named_and_a_free_one_is_said(book, capsys, monkeypatch):
    def interrupt(server):
        port = str(server.server_port)
        assert f"cannot serve at port {port}: " in told(capsys, "serve", "--port", port)
        raise KeyboardInterrupt

    monkeypatch.setattr(commands._Server, "serve_forever", interrupt)
    monkeypatch.setattr(commands._Server, "allow_reuse_address", False)
    assert main(["serve", "--port", "0"]) == 0
    assert "no book at" in told(capsys, "serve", "--run", "nothing")


@pytest.mark.parametrize("minutes", ["nan", "inf", "-1", "0", "1e9"])
def test_a_time_to_spend_that_is_none_is_refused(compendium, capsys, minutes):
    said = told(capsys, "record", "--minutes", minutes)
    assert "minutes: expected more than 0 and at most 1440, got" in said


def test_a_file_where_a_folder_should_be_is_named(compendium, capsys):
    (compendium / "runs").touch()
    for command in (["record"], ["certify", "isru"]):
        assert "got a file in its way" in told(capsys, *command)


def test_a_measurement_takes_no_turn_beside_another_run(compendium, capsys):
    (compendium / "build").mkdir()
    with FileLock(compendium / "build" / "run.lock"):
        for command in ("bench", "record"):
            assert "timings must not share the machine" in told(capsys, command)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (KeyboardInterrupt(), "interrupted: of these measurements nothing is kept"),
        (RuntimeError("measuring process 0 ended"), "error: measuring process 0 ended"),
    ],
)
def test_what_ends_a_measurement_is_said(compendium, capsys, monkeypatch, error, message):
    def fail():
        raise error

    monkeypatch.setattr("isru.chapters.speed_goals.goals.measure", fail)
    assert message in told(capsys, "bench")


def test_an_unknown_name_is_refused_before_anything_is_certified(compendium, capsys, monkeypatch):
    monkeypatch.setattr("isru.certificates.making.certify", lambda *_: pytest.fail("began"))
    assert "got 'nothing'" in told(capsys, "certify", "isru", "nothing")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"key": "k"}', "[" * 100_000])
def test_a_broken_state_of_a_certificate_is_begun_anew(tmp_path, caplog, content):
    path = tmp_path / "isru.state.json"
    path.write_text(content, encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert _resume(path, "k")["done"] == []
    assert "is broken: this certificate is begun anew" in caplog.text


def test_a_book_is_looked_at_with_a_browser_only_and_the_one_that_was_named(
    book, capsys, monkeypatch
):
    monkeypatch.setattr(commands, "find_chromium", lambda: None)
    assert "expected one of chromium, " in told(capsys, "test-browser")
    monkeypatch.setattr(commands, "find_chromium", lambda: "chromium")
    assert "no run 'nothing'" in told(capsys, "test-browser", "--run", "nothing")
    (book / "runs" / "quick" / "manifest").mkdir(parents=True)
    (book / "build" / "html" / "quick").mkdir()
    (book / "build" / "html" / "quick" / "index.html").touch()
    seen = []
    monkeypatch.setattr(commands, "attended", lambda *_, env, **__: seen.append(env) or 0)
    assert main(["test-browser", "--run", "quick"]) == 0
    assert seen[0]["ISRU_BOOK"] == "quick"


def test_what_nobody_foresaw_is_one_sentence_and_a_file(compendium, capsys, monkeypatch):
    monkeypatch.setattr(commands, "status", lambda options: {}["a key"])
    said = told(capsys, "status", code=70)
    report = compendium / "build" / "isru-error.txt"
    assert said.startswith("error: status ended with what nobody foresaw: KeyError: 'a key'. ")
    assert said.count("\n") == 1 and str(report) in said
    assert "Traceback" in report.read_text(encoding="utf-8")


def shell(line):
    """Return what a line of the shell gives, the command line's name put in."""
    command = line.replace("isru ", f'"{sys.executable}" -m isru ')
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=paths.root())


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("set -o pipefail; isru help | true", (0, 141), ""),
        ("isru help > /dev/full", (1,), "No space left on device"),
        ("isru help >&-", (0,), ""),
        ("ISRU_ROOT=/dev/null isru status 2>&-", (1,), ""),
        ("isru help <&- >&- 2>&-", (0,), ""),
    ],
)
def test_a_reader_that_went_away_and_closed_streams_are_no_fault(line, code, said, monkeypatch):
    for unbuffered in ("", "1"):
        monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
        done = shell(line)
        assert done.returncode in code, done.stderr
        assert said in done.stderr
        assert bool(said) == bool(done.stderr)
        assert "foresaw" not in done.stderr


def test_what_a_terminal_cannot_show_is_escaped(monkeypatch):
    output = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    monkeypatch.setattr(sys, "stdout", output)
    terminal.use_streams()
    sys.stdout.write("\N{SNOWMAN}")
    assert terminal.finish(0) == 0
    assert output.buffer.getvalue() == b"\\u2603"
