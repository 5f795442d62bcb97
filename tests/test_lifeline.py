"""Nothing goes on when the process that it works for is gone, however that one ended."""

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from notebook_files import write_notebook
from processes import goes_on

from isru.lifeline import MARK

pytestmark = pytest.mark.slow

SECONDS = 15
POOL = """\
import subprocess, sys, time
from isru.sweep.local import in_processes
if __name__ == "__main__":
    own = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    list(in_processes(time.sleep, [60, 60], 2))
"""
SWEEP = POOL.replace("    own =", "    None and").replace("subprocess.Popen", "print")
SLOW_ARM = """\
import time
def factory(rng, size):
    return lambda: time.sleep(size)
"""
MEASURE = """\
from isru.bench.protocol import Arm, measure
measure([Arm("a", "slow_arm:factory"), Arm("b", "slow_arm:factory")], [{"size": 60}])
"""
BOOK = """\
import os, sys
from isru.lifeline import captured
child = "from isru.lifeline import end_with_stdin; end_with_stdin(); import time; time.sleep(60)"
captured([sys.executable, "-c", child], os.environ)
"""


def started_by(process, count):
    """Return the processes below one, once there are so many."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = psutil.Process(process.pid).children(recursive=True)
        if len(found) >= count and all(goes_on(child.pid) for child in found):
            return found
        time.sleep(0.2)
    raise AssertionError(f"expected {count} processes, the first ended by {process.poll()}")


def ended(processes):
    deadline = time.monotonic() + SECONDS
    while any(goes_on(p.pid) for p in processes) and time.monotonic() < deadline:
        time.sleep(0.1)
    return [p.pid for p in processes if goes_on(p.pid)] == []


@pytest.fixture
def start(tmp_path):
    """Return a function that starts Python; what it started is ended after the test."""
    opened, seen = [], []
    said = (tmp_path / "said").open("w+", encoding="utf-8")

    def begin(*command, count, **settings):
        process = subprocess.Popen([sys.executable, *command], stderr=said, **settings)
        opened.append(process)
        seen.extend(started_by(process, count))
        return process, list(seen)

    begin.said = lambda: (tmp_path / "said").read_text(encoding="utf-8").replace("\n", " ")
    yield begin
    for process in (*opened, *seen):
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    for process in opened:
        process.wait()
    said.close()


@pytest.mark.parametrize(("code", "count"), [(SWEEP, 3), (MEASURE, 1), (BOOK, 1)])
def test_a_killed_process_takes_its_own_with_it(start, tmp_path, code, count):
    (tmp_path / "slow_arm.py").write_text(SLOW_ARM)
    (tmp_path / "main.py").write_text(code)
    process, below = start("main.py", count=count, cwd=tmp_path)
    time.sleep(1)  # until they have begun
    process.kill()
    process.wait()
    assert ended(below)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_a_run_that_is_ended_leaves_no_process(compendium, start, number):
    write_notebook(compendium, "a", [POOL])
    process, below = start("-m", "isru", "execute", count=6)
    process.send_signal(number)
    process.wait(timeout=SECONDS)
    assert ended(below)
    if number != signal.SIGKILL:
        assert "the same command resumes with it" in start.said()


def test_a_kernel_that_is_killed_leaves_no_process(compendium, start):
    write_notebook(compendium, "a", [POOL])
    process, below = start("-m", "isru", "execute", count=6)
    kernel = next(p for p in below if any(word == "-f" for word in p.cmdline()))
    kernel.kill()
    process.wait(timeout=60)
    assert ended(below)
    assert "Kernel died" in start.said()


def test_a_request_to_end_is_an_interruption_unless_it_is_ignored():
    code = (
        "import os, signal, sys, time\nfrom isru import cli\nfrom isru.publish import environment\n"
        "if len(sys.argv) > 2: signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "number = getattr(signal, sys.argv.pop(1))\n"
        "cli.in_environment = lambda _: os.kill(os.getpid(), number) or time.sleep(0.5) or 7\n"
        "del sys.argv[2:]\nsys.argv[1:] = ['status']\nsys.exit(cli.main())"
    )
    for words, code_, said in (
        (["SIGTERM"], 1, "nothing that was finished is lost"),
        (["SIGHUP"], 1, "nothing that was finished is lost"),
        (["SIGHUP", "ignored"], 7, ""),
    ):
        command = [sys.executable, "-c", code, *words]
        done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
        assert (done.returncode, said in done.stderr) == (code_, True), done.stderr


def test_a_process_that_is_ending_by_itself_ends_no_other(start):
    """Its last answer is its last word: then nobody holds its standard input open any more."""
    job = os.environ | {MARK: "a job"}
    other, _ = start("-c", "import time; time.sleep(60)", count=0, env=job)
    code = "import atexit, time\nfrom isru.lifeline import end_with_stdin\nend_with_stdin()\n"
    code += "atexit.register(time.sleep, 4)"  # as long as some libraries take to end
    ending = [sys.executable, "-c", code]
    assert subprocess.run(ending, env=job, stdin=subprocess.DEVNULL).returncode == 0
    assert other.poll() is None
