"""A reader samples from a character model and trains it on, and is told what was wrong."""

import io
import json
import os
import signal

import numpy as np
import pytest

from isru import paths
from isru.chapters.characters import session as characters_session
from isru.chapters.characters.model import CharacterModel
from isru.chapters.characters.session import open_session, train_and_save
from isru.cli import main

SMALL = {"units": 4, "activation": "tanh"}


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "book.txt"
    path.write_text("the cat sat on the mat, the rat sat on the cat. " * 800, encoding="utf-8")
    return path


@pytest.fixture
def model_file(tmp_path, book):
    path = tmp_path / "model.npz"
    model, parts = open_session(path, source=book, **SMALL)
    train_and_save(model, path, parts.training, 3, progress=False)
    return path


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_sample_is_the_prompt_and_as_many_characters_and_the_same_for_a_seed(model_file, capsys):
    command = ("sample", "--model", model_file, "--prompt", "the ", "--length", 30, "--seed")
    first, again, other = (run(capsys, *command, seed)[1] for seed in (1, 1, 2))
    assert first.startswith("the ") and len(first) == 4 + 30 + 1
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--prompt", "the Ω"), "got 'Ω', first at place 5"),
        (("--prompt", ""), "prompt: expected at least one character"),
        (("--temperature", "0"), "temperature: expected a finite number above 0"),
        (("--length", "0"), "length: expected an integer of at least 1"),
        (("--seed", "-1"), "seed: expected at least 0"),
        (("--model", "none.npz"), "no model none.npz"),
        (("--model", "README.md"), "expected a network saved by isru"),
    ],
)
def test_what_cannot_be_sampled_is_said_in_one_message(
    model_file, capsys, monkeypatch, arguments, message
):
    monkeypatch.chdir(paths.root())
    code, out, err = run(capsys, "sample", "--model", model_file, "--prompt", "the", *arguments)
    assert code == 1 and out == "" and message in err and err.count("\n") == 1


def test_training_goes_on_from_the_file_and_from_a_start_that_stays(model_file, book, capsys):
    command = ("train-characters", "--text", book, "--updates", 5, "--model")
    assert run(capsys, *command, model_file)[0] == 0
    assert CharacterModel.load(model_file).updates == 8
    content = model_file.read_bytes()
    other = model_file.with_name("other.npz")
    code, _, err = run(capsys, *command, other, "--start", model_file)
    assert code == 0 and "13 in all" in err
    assert model_file.read_bytes() == content


def test_what_cannot_be_trained_is_said_in_one_message(model_file, book, capsys, tmp_path):
    command = ("train-characters", "--text", book, "--model")
    published = paths.results() / "models" / "characters-isru.npz"
    odd = tmp_path / "odd.txt"
    odd.write_text("the ß" * 1000, encoding="utf-8")
    short = tmp_path / "short.txt"
    short.write_text("the cat", encoding="utf-8")
    for arguments, message in [
        ((*command, published), "is published and stays as it is"),
        ((*command, model_file, "--units", 9), "units: expected nothing but a text"),
        ((*command, model_file, "--updates", 0), "updates: expected at least 1"),
        ((*command, tmp_path / "new.npz", "--layers", 0), "layers: expected at least 1"),
        ((*command, tmp_path / "new.npz", "--activation", "gelu"), "got 'gelu'"),
        ((*command, tmp_path / "new.npz", "--start", "none.npz"), "no model none.npz"),
        (("train-characters", "--text", odd, "--model", model_file), "got 'ß'"),
        (("train-characters", "--text", short, "--model", model_file), "expected at least"),
        (("train-characters", "--text", "none.txt"), "no file none.txt"),
    ]:
        code, _, err = run(capsys, *arguments)
        assert code == 1 and message in err, arguments


def test_an_interruption_saves_and_the_next_session_makes_the_same_numbers(
    tmp_path, book, monkeypatch
):
    whole, parts = open_session(tmp_path / "whole.npz", source=book, **SMALL)
    whole.train(parts.training, 20)
    path = tmp_path / "model.npz"
    model, _ = open_session(path, source=book, **SMALL)
    update = CharacterModel._update

    def interrupted(self, *arguments):
        loss = update(self, *arguments)
        if self.updates == 7:
            os.kill(os.getpid(), signal.SIGINT)
        return loss

    monkeypatch.setattr(CharacterModel, "_update", interrupted)
    before = signal.getsignal(signal.SIGINT)
    made = train_and_save(model, path, parts.training, 20, progress=False)
    assert made == 7 and signal.getsignal(signal.SIGINT) is before
    model, _ = open_session(path, source=book)
    assert model.updates == 7
    assert train_and_save(model, path, parts.training, 13, progress=False) == 13
    np.testing.assert_array_equal(
        CharacterModel.load(path).network.parameters, whole.network.parameters
    )


def test_a_session_saves_as_it_goes(tmp_path, book, monkeypatch):
    path, seen = tmp_path / "model.npz", []
    model, parts = open_session(path, source=book, **SMALL)
    monkeypatch.setattr(
        characters_session.CharacterModel, "save", lambda self, _: seen.append(self.updates)
    )
    train_and_save(model, path, parts.training, 4, save_seconds=0.0, progress=False)
    assert seen == [1, 2, 3, 4, 4]


def test_a_broken_session_leaves_the_file_as_it_was_saved(model_file, book):
    content = model_file.read_bytes()
    model, parts = open_session(model_file, source=book)
    model.network.parameters[...] = np.nan
    with pytest.raises(FloatingPointError, match="as it was last saved"):
        train_and_save(model, model_file, parts.training, 4, progress=False)
    assert model_file.read_bytes() == content


def short_text(tmp_path, length, piece="the quick brown fox jumps over the lazy dog. "):
    path = tmp_path / f"{length}.txt"
    path.write_text((piece * (length // len(piece) + 1))[:length], encoding="utf-8")
    return path


def train_on(capsys, text, model, *more):
    command = ("train-characters", "--text", text, "--model", model, "--updates", 1)
    return run(capsys, *command, *(more or ("--units", 4)))


@pytest.mark.parametrize(
    ("length", "counted"), [(119, 2), (2000, 49), (12_000, 286), (33_200, 806), (33_280, 800)]
)
def test_a_short_text_is_trained_on_and_measured_over_what_there_is(
    tmp_path, capsys, length, counted
):
    code, _, err = train_on(capsys, short_text(tmp_path, length), tmp_path / "model.npz")
    assert code == 0 and f"bits per character, of {counted} held out" in err


def test_a_text_that_is_too_short_is_refused_before_training_with_the_length_that_it_needs(
    tmp_path, capsys
):
    model = tmp_path / "model.npz"
    code, _, err = train_on(capsys, short_text(tmp_path, 118), model)
    assert code == 1 and "expected at least 119 characters" in err and "got 118" in err
    assert not model.exists()


def test_the_length_that_a_measurement_needs_is_the_one_that_it_says(model_file):
    model = CharacterModel.load(model_file)
    symbols = np.zeros(32 * 52 - 1, int)
    with pytest.raises(ValueError, match=f"expected at least {32 * 52} characters"):
        model.bits_per_character(symbols)
    assert np.isfinite(model.bits_per_character(np.append(symbols, 0)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a text of at least 2 characters, got 0"),
        (b"a" * 5000, "expected at least two different characters, got only 'a'"),
        (b"caf\xe9 " * 1000, "expected UTF-8, got the byte 0xe9 at 3"),
        ("the cat ".encode("utf-16") * 999, "expected UTF-8, got the byte 0xff at 0"),
        (b"the cat \xed\xa0\x80" * 999, "expected UTF-8, got the byte 0xed at 8"),
    ],
    ids=["empty", "one letter", "latin-1", "utf-16", "surrogate"],
)
def test_an_odd_text_is_refused_in_one_message(tmp_path, capsys, content, message):
    text = tmp_path / "text.txt"
    text.write_bytes(content)
    code, _, err = train_on(capsys, text, tmp_path / "model.npz")
    assert code == 1 and message in err and err.count("\n") == 1


def test_line_ends_and_nul_are_characters_like_others(tmp_path, capsys):
    text, model = tmp_path / "text.txt", tmp_path / "model.npz"
    text.write_bytes(b"\xef\xbb\xbf" + b"the cat\r\nsat\x00\r" * 100)
    assert train_on(capsys, text, model)[0] == 0
    assert CharacterModel.load(model).alphabet.characters == "\x00\n acehst"


def changed(path, about=None, **arrays):
    """Write a model again with other fields and, under a name, another array (None: without)."""
    with np.load(path) as archive:
        kept = dict(archive)
    fields = json.loads(str(kept["characters"])) | (about or {})
    fields = {name: value for name, value in fields.items() if value != "gone"}
    kept |= {"characters": np.array(json.dumps(fields))} | arrays
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})


@pytest.mark.parametrize(
    ("about", "arrays", "message"),
    [
        ({}, {"first": None}, "expected an entry 'first', found none"),
        ({}, {"state_0_c": None}, "expected an entry 'state_0_c'"),
        ({}, {"state_0_h": None, "state_0_c": None}, "expected an entry 'state_0_h'"),
        ({}, {"second": np.zeros(3, np.float32)}, "expected second of shape"),
        ({}, {"state_0_h": np.full((1, 4), np.nan, np.float32)}, "expected a finite state"),
        ({"alphabet": "gone"}, {}, "expected an entry 'alphabet'"),
        ({"alphabet": "ba"}, {}, "each character once"),
        ({"version": "gone"}, {}, "expected version 1 of a model, got None"),
        ({"window": 0}, {}, "expected window from 1 on"),
        ({"batch": 2.5}, {}, "expected batch to be of type int"),
        ({"clip_norm": "5"}, {}, "expected clip_norm above 0, got '5'"),
        ({"learning_rate": float("nan")}, {}, "expected learning_rate above 0"),
        ({"updates": -3}, {}, "expected updates from 0 on"),
        ({"text": 7}, {}, "expected text to be of type str"),
        ({"updates": 10**400}, {}, "expected updates from 0 on"),
    ],
)
def test_a_model_that_lacks_or_misstates_something_is_one_message(
    model_file, capsys, about, arrays, message
):
    changed(model_file, about, **arrays)
    code, _, err = run(capsys, "sample", "--model", model_file, "--prompt", "the")
    assert code == 1 and message in err and err.count("\n") == 1


def test_a_model_of_an_earlier_version_without_the_flag_of_its_state_is_read(model_file):
    changed(model_file, {"state": "gone"})
    assert CharacterModel.load(model_file).state is not None


def test_a_place_or_size_that_cannot_be_is_refused_before_training(book, capsys, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for model, more, message in [
        (tmp_path, (), "expected the name of a file"),
        (file / "model.npz", (), f"expected a folder, got {file}, which is a file"),
        ("/dev/null", (), "which is no ordinary file"),
        (tmp_path / "m.npz", ("--units", 100_000_000), "expected a model that fits"),
        (tmp_path / "m.npz", ("--layers", 10**12), "expected a model that fits"),
        (tmp_path / "m.npz", ("--learning-rate", "1e39"), "learning_rate: expected"),
        (tmp_path / "m.npz", ("--learning-rate", "nan"), "learning_rate: expected"),
    ]:
        code, _, err = train_on(capsys, book, model, *more)
        assert code == 1 and message in err, err
    assert not (tmp_path / "m.npz").exists()


def test_a_few_letters_that_a_model_does_not_know_are_left_out_and_named(
    model_file, book, tmp_path, capsys, caplog
):
    longer = tmp_path / "longer.txt"
    longer.write_text(book.read_text(encoding="utf-8") * 2 + "Qæ", encoding="utf-8")
    command = ("train-characters", "--updates", 1, "--start", model_file)
    code, _, err = run(capsys, *command, "--model", tmp_path / "m.npz", "--text", longer)
    assert code == 0, err
    assert "left out 2 of 76802 characters" in caplog.text and "'Q', 'æ'" in caplog.text


def test_a_sample_is_written_on_a_terminal_that_has_no_such_letters(tmp_path, capsys, monkeypatch):
    model = tmp_path / "model.npz"
    assert train_on(capsys, short_text(tmp_path, 500, "äöü "), model)[0] == 0
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", terminal)
    assert main(["sample", "--model", str(model), "--prompt", "ä", "--length", "3"]) == 0
    terminal.flush()
    assert terminal.buffer.getvalue().startswith(b"\\xe4")
    assert main(["sample", "--model", str(model), "--prompt", "\udcff"]) == 1
