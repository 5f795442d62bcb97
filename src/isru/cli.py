"""The command line of the compendium; the Makefile only calls it."""

from __future__ import annotations

import argparse
import logging
import os
import sys

from isru.errors import CompendiumError, in_words
from isru.lifeline import (
    ENDS_WITH_STDIN,
    be_interrupted_with_stdin,
    take_signals_as_interruptions,
)
from isru.publish.environment import in_environment, say, set_up
from isru.publish.processor import leave_out_impossible
from isru.terminal import finish, unexpected, use_streams

HELP = """\
The five that most people need:
  execute       re-run every notebook here (profile quick), build that run's book    ~30 min
  book          build the published book from results/, nothing is executed         ~1 min
  test          run the tests, a smoke run of all notebooks among them               ~25 min
  record        measure this machine, to compare it or to contribute it             ~5 min
  help          show this

Re-running:
  execute --profile smoke|quick|full --notebook forecaster --parameters "seeds=5; units=[10, 25]"
  refresh       run only what is stale           status        how every result stands
  verify        your run beside the published    publish       take a run into results/
Books:
  book --run quick                               serve         show a book in the browser
  test-browser  open every page in a headless Chromium
  cited SHA256  write the file that an older citation names; cited NAME: list its files
A machine record, in this order:
  record              measure, into runs/machines; it says the next commands with the file's name
  check-record FILE   is the record whole and as it was measured, was the machine at rest?
  publish --record FILE   take it into results/machines
  book                show it beside the others
The character model:
  sample        --prompt "In the beginning" --temperature 0.7 --length 300 --seed 0 --model FILE
  train-characters  --model FILE --updates 2000 --text FILE: go on from FILE, or make it
The smallest model, from the published map:
  smallest      --task change --skill 0.47 --flash 32k --ram 8k --target cortex-m4f --out DIR
The formula frontier, from the published front:
  formula       --target cortex-m4f --error 0.02 --smooth
Housekeeping:
  setup         make the environment, or check it; --again: make it from nothing
  lint          check the code's form and its types
  bench         measure our speed goals          clean         remove what can be made again
  certify NAME  look at every float32 input of one activation, or of all (minutes each)

With make: make execute PROFILE=quick NB=forecaster P="seeds=5"; make verify RUN=quick; ...
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one message, no traceback."""
    use_streams()
    try:
        return finish(_run(arguments))
    except Exception as error:
        return unexpected(error, sys.argv[1:] if arguments is None else arguments)


def _run(arguments: list[str] | None) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    given = sys.argv[1:] if arguments is None else arguments
    if arguments is None:
        take_signals_as_interruptions()
        if os.environ.pop(ENDS_WITH_STDIN, ""):
            be_interrupted_with_stdin()
    options = _parser().parse_args(given)
    try:
        if options.command == "help":
            sys.stdout.write(HELP)
            return 0
        if options.command == "setup":
            set_up(again=options.again, check=True)
            return 0
        elsewhere = in_environment(given)
        if elsewhere is not None:
            return elsewhere
        leave_out_impossible()
        from isru import commands
        from isru.publish.surroundings import settle

        if arguments is None:
            settle()
        return getattr(commands, options.command.replace("-", "_"))(options) or 0
    except CompendiumError as error:
        say(f"error: {error}")
    except KeyboardInterrupt:
        say("interrupted: nothing that was finished is lost")
    except BrokenPipeError:
        raise  # of the output, most likely
    except OSError as error:
        kept = ". Nothing that was finished is lost" if error.errno else ""
        say(f"error: {in_words(error)}{kept}")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m isru", usage="python -m isru COMMAND ...")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    parser.set_defaults(command="help")

    def add(name: str, **options: dict) -> None:
        command = commands.add_parser(name)
        for option, settings in options.items():
            command.add_argument(f"--{option}", **settings)

    profile = {"default": "quick", "metavar": "NAME", "help": "smoke, quick or full"}
    notebook = {"metavar": "NN", "help": "06, or several: 01,06"}
    run = {"default": "quick", "metavar": "NAME", "help": "a folder of runs/"}
    flag = {"action": "store_true"}
    add("help")
    add("setup", again=flag)
    add("execute", profile=profile, notebook=notebook, parameters={"metavar": "YAML"})
    add("refresh", profile=profile)
    add("status", run=run | {"default": None})
    add("book", run=run | {"default": "published"})
    add("verify", run=run)
    add(
        "publish",
        run=run,
        notebook=notebook,
        record={"metavar": "FILE", "help": "this record alone"},
        repeat=flag | {"help": "keep it beside the published result that it repeats"},
    )
    known = commands.add_parser("cited")
    known.add_argument("what", metavar="SHA256|NAME", help="as a citation names it")
    known.add_argument("--out", metavar="DIR", help="by default runs/cited")
    add("bench")
    minutes = {"type": float, "default": 5.0, "metavar": "MINUTES", "help": "time to spend"}
    add("record", minutes=minutes)
    checked = commands.add_parser("check-record")
    checked.add_argument("files", nargs="*", metavar="FILE", help="by default the published ones")
    certify = commands.add_parser("certify")
    certify.add_argument("names", nargs="+", metavar="NAME", help="of the registry, or 'all'")
    number, real = {"type": int}, {"type": float}
    file = {"metavar": "FILE"}
    add(
        "sample",
        model=file | {"help": "by default the published one"},
        prompt={"default": "In the beginning "},
        temperature=real | {"default": 0.7},
        length=number | {"default": 300},
        seed=number | {"default": 0},
    )
    names = {"layers": number, "units": number, "activation": {}, "learning-rate": real}
    about = {name: kind | {"help": "of a new model"} for name, kind in names.items()}
    add(
        "train-characters",
        model=file | {"help": "by default runs/characters/model.npz"},
        start=file | {"help": "a model to begin with, such as results/models/characters-isru.npz"},
        text=file | {"default": "kjv", "help": "UTF-8; by default the King James Bible"},
        updates=number | {"default": 1000},
        **about,
        seed=number | {"help": "of a new model"},
    )
    size = {"metavar": "BYTES", "help": "the most, such as 900 or 32k"}
    add(
        "smallest",
        task={"default": "rain", "help": "rain, change (of the temperature) or occupancy"},
        skill=real | {"help": "the least, as a share; by default within 1 pp of the best"},
        flash=size,
        ram=size,
        cycles=real | {"help": "the most that a step may take: clock / steps a second"},
        target={"default": "cortex-m4f", "help": "the core"},
        out={"metavar": "DIR", "help": "for the C; by default runs/smallest"},
    )
    add(
        "formula",
        target={"default": "cortex-m4f", "help": "the core"},
        error=real | {"default": 0.02, "help": "the largest distance to tanh, such as 0.02"},
        smooth=flag | {"help": "analytic formulas alone"},
    )
    add("test", select={"metavar": "EXPRESSION", "help": "as pytest -k"})
    add("test-browser", run=run | {"default": "published"})
    add("serve", run=run | {"default": "published"}, port={"type": int, "default": 8000})
    commands.add_parser("chapter").add_argument("name", metavar="NAME")
    add("lint")
    add("check")
    add("clean")
    return parser
