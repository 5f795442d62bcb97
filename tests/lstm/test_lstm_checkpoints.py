"""Files: what is read is what was written, runs go on bit for bit, damage is noticed."""

import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest

from isru.activations import get_activation
from isru.lstm import Adam, CheckpointError, DivergenceError, LSTMNetwork, train
from isru.lstm.checkpoints import load_training, save_training


def seeded(seed):
    return np.random.default_rng(seed)


def build(**settings):
    settings = {"activation": "isru", "rng": seeded(1), **settings}
    return LSTMNetwork(3, (5, 4), 2, **settings)


def data(seed=0):
    rng = seeded(seed)
    return rng.standard_normal((40, 6, 3)), rng.standard_normal((40, 2))


def run(path, epochs, network=None, **settings):
    """Train for some epochs in all, from a checkpoint if there is one."""
    network = network or build(rng=seeded(1))
    settings = {"data": data(), "optimizer": Adam(0.01), "rng": seeded(2), **settings}
    validation = data(1)
    history = train(
        network, epochs=epochs, batch_size=16, validation=validation, checkpoint=path, **settings
    )
    return network, history


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_is_read_as_it_was_written(dtype, rng, tmp_path):
    entry = get_activation("isru").with_parameters(alpha=0.25, k=2.0)
    network = build(dtype=dtype, activation=entry, return_sequences=True)
    network.save(tmp_path / "a network.npz")
    twin = LSTMNetwork.load(tmp_path / "a network.npz")
    np.testing.assert_array_equal(twin.parameters, network.parameters)
    assert twin.activation.parameters == {"alpha": 0.25, "k": 2.0}
    x = rng.standard_normal((2, 4, 3))
    np.testing.assert_array_equal(twin.forward(x)[0], network.forward(x)[0])


def test_the_file_can_be_read_without_this_library(tmp_path):
    network = build()
    network.save(tmp_path / "network.npz")
    with np.load(tmp_path / "network.npz", allow_pickle=False) as archive:
        header = json.loads(str(archive["header"]))
        np.testing.assert_array_equal(archive["dense_kernel"], network.get_weights()[-2])
    assert (header["format"], header["version"], header["kind"]) == ("isru.lstm", 1, "network")


@pytest.mark.parametrize("cut", [0, 100, 2000, -1])
def test_a_truncated_file_is_refused(cut, tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(CheckpointError, match=r"network\.npz: expected a network saved by isru"):
        LSTMNetwork.load(path)


def test_a_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"network\.npz"):
        LSTMNetwork.load(path)


def test_foreign_files_are_refused(tmp_path):
    path = tmp_path / "file.npz"
    path.write_text("temperature,rain\n1,2\n")
    with pytest.raises(CheckpointError, match="truncated, damaged or of another kind"):
        LSTMNetwork.load(path)
    np.savez(path, a=np.zeros(3))
    with pytest.raises(CheckpointError, match="header"):
        LSTMNetwork.load(path)
    save_training(path, network=build(), optimizer=Adam(), rng=seeded(0))
    with pytest.raises(CheckpointError, match=r"expected .*'network'.*, got .*'training'"):
        LSTMNetwork.load(path)
    with pytest.raises(FileNotFoundError):
        LSTMNetwork.load(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("version", 2, "expected format version 1, got 2: read it with the version"),
        ("settings", {}, "expected an entry 'activation', found none"),
    ],
)
def test_a_header_of_another_kind_is_refused(name, value, message, tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    with np.load(path) as archive:
        arrays = dict(archive)
    header = json.loads(str(arrays["header"])) | {name: value}
    np.savez(path, **arrays | {"header": np.array(json.dumps(header))})
    with pytest.raises(CheckpointError, match=message):
        LSTMNetwork.load(path)


@pytest.mark.parametrize("patience", [None, 2])
def test_an_interrupted_run_goes_on_bit_for_bit(patience, tmp_path):
    whole, history = run(None, 9, patience=patience)
    for epochs in (1, 4, 9):
        network, resumed = run(tmp_path / "run.npz", epochs, patience=patience)
    assert resumed == history
    np.testing.assert_array_equal(network.parameters, whole.parameters)


def test_an_interruption_within_an_epoch_loses_that_epoch_only(tmp_path, monkeypatch):
    whole, history = run(None, 4)
    calls = iter(range(100))
    step = Adam.update

    def interrupted(*arguments):
        if next(calls) == 7:  # in the third epoch of three updates
            raise KeyboardInterrupt
        step(*arguments)

    monkeypatch.setattr(Adam, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run.npz", 4)
    network, resumed = run(tmp_path / "run.npz", 4)
    assert resumed == history
    np.testing.assert_array_equal(network.parameters, whole.parameters)


def test_divergence_leaves_the_last_good_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    network, _ = run(path, 2)
    good = path.read_bytes()
    monkeypatch.setattr(Adam, "update", lambda self, p, g: p.fill(np.inf))
    with pytest.raises(DivergenceError, match="epoch 2"):
        run(path, 3, network)
    assert path.read_bytes() == good
    assert np.isfinite(network.parameters).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": data(5)}, "run {'data': "),
        ({"clip_norm": 1.0}, r"run {'clip_norm': 1.0}, got one with {'clip_norm': None}"),
        ({"optimizer": Adam(0.02)}, "optimizer {'learning_rate': 0.02}"),
        ({"network": build(activation="tanh")}, "settings {'activation': {'name': 'tanh'"),
        ({"rng": np.random.Generator(np.random.MT19937(0))}, "generator MT19937, got .* PCG64"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_nothing_changes(settings, message, tmp_path):
    run(tmp_path / "run.npz", 1)
    network = settings.pop("network", build())
    before = network.parameters.copy()
    with pytest.raises(CheckpointError, match=message):
        run(tmp_path / "run.npz", 2, network, **settings)
    np.testing.assert_array_equal(network.parameters, before)


def test_a_run_of_ones_own_is_saved_with_notes_and_arrays(tmp_path):
    path = tmp_path / "run.npz"
    state = {"h": np.arange(3.0)}
    save_training(
        path, network=build(), optimizer=Adam(), rng=seeded(3), notes={"place": 7}, arrays=state
    )
    rng = seeded(4)
    notes, arrays = load_training(path, network=build(), optimizer=Adam(), rng=rng)
    assert notes == {"place": 7}
    np.testing.assert_array_equal(arrays["h"], state["h"])
    assert rng.random() == seeded(3).random()


def rewritten(path, change, **arrays):
    """Write a file again with another header and, under a name, another array (None: without)."""
    with np.load(path) as archive:
        kept = dict(archive)
    header = json.loads(str(kept["header"]))
    change(header)
    kept |= {"header": np.array(json.dumps(header))} | arrays
    np.savez(path, **{name: array for name, array in kept.items() if array is not None})


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.pop("version"),
        lambda h: h.update(settings=[1]),
        lambda h: h["settings"].pop("input_size"),
        lambda h: h["settings"].update(input_size="3"),
        lambda h: h["settings"].update(hidden_sizes=4.5),
        lambda h: h["settings"].update(hidden_sizes=[10**9]),
        lambda h: h["settings"].update(hidden_sizes=[10**300]),
        lambda h: h["settings"].update(output_size=None),
        lambda h: h["settings"].update(activation="tanh"),
        lambda h: h["settings"].update(activation={"name": "gelu", "parameters": {}}),
        lambda h: h["settings"].update(activation={"name": "isru", "parameters": {"alpha": "x"}}),
        lambda h: h["settings"].update(return_sequences="no"),
        lambda h: h["settings"].update(dtype="float16"),
        lambda h: h["settings"].update(cell=["lstm"]),
        lambda h: h["settings"].update(more=1),
    ],
)
def test_a_field_that_is_missing_or_misstated_is_one_message(change, tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    rewritten(path, change)
    with pytest.raises(CheckpointError, match=r"network\.npz: "):
        LSTMNetwork.load(path)


@pytest.mark.parametrize("array", [None, np.zeros(3), np.full(2, np.nan), np.array(["a", "b"])])
def test_an_array_that_is_missing_or_another_is_one_message(array, tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    rewritten(path, lambda header: None, dense_bias=array)
    with pytest.raises(CheckpointError, match=r"network\.npz: .*(dense.bias|weights, as)"):
        LSTMNetwork.load(path)


def claiming(shape, content=b"", compression=zipfile.ZIP_STORED):
    """Return a change of a file: one more member, whose header states a shape."""

    def change(path):
        member = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            member, {"descr": "<f4", "fortran_order": False, "shape": shape}
        )
        with zipfile.ZipFile(path, "a", compression) as archive:
            archive.writestr("more.npy", member.getvalue() + content)

    return change


@pytest.mark.parametrize(
    "change",
    [
        claiming((8 * 10**9,)),
        claiming((-2, -3), bytes(24)),
        claiming((10**6,), bytes(4 * 10**6), zipfile.ZIP_DEFLATED),
        lambda path: path.write_bytes(path.read_bytes().replace(b"(4, ", b"(9, ", 1)),
    ],
    ids=["30 GB", "negative", "compressed", "another shape"],
)
def test_a_size_that_a_file_claims_is_checked_before_anything_is_allocated(change, tmp_path):
    path = tmp_path / "network.npz"
    build().save(path)
    change(path)
    tracemalloc.start()
    with pytest.raises(CheckpointError, match=r"network\.npz: expected a network saved by isru"):
        LSTMNetwork.load(path)
    assert tracemalloc.get_traced_memory()[1] < 3e6
    tracemalloc.stop()


def test_a_folder_is_no_network(tmp_path):
    with pytest.raises(CheckpointError, match="expected a file, got a folder"):
        LSTMNetwork.load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_saving_in_the_place_of_a_pipe_is_refused_and_leaves_it(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="expected a file's name, got that of a pipe"):
        build().save(tmp_path / "pipe")
    assert [path.is_fifo() for path in tmp_path.iterdir()] == [True]


def test_what_could_not_be_loaded_is_not_saved(tmp_path):
    network, path = build(), tmp_path / "network.npz"
    network.save(path)
    good = path.read_bytes()
    network.parameters[0] = np.inf
    with pytest.raises(CheckpointError, match="expected finite numbers as lstm_0_kernel"):
        network.save(path)
    with pytest.raises(CheckpointError, match="expected finite numbers as parameters"):
        save_training(path, network=network, optimizer=Adam(), rng=seeded(0))
    assert path.read_bytes() == good


def other_moment(name, value):
    def change(path):
        with np.load(path) as archive:
            array = archive[name].copy()
        array[3] = value
        rewritten(path, lambda header: None, **{name: array})

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (other_moment("first", np.nan), "finite numbers as first"),
        (other_moment("first", np.inf), "finite numbers as first"),
        (other_moment("second", np.nan), "sums of squares as second"),
        (other_moment("second", -1.0), "sums of squares as second"),
        (other_moment("parameters", np.nan), "finite numbers as parameters"),
        (other_moment("extra best", np.nan), "finite numbers as best"),
        (lambda p: rewritten(p, lambda h: h.update(iteration=-1)), "iteration from 0"),
        (lambda p: rewritten(p, lambda h: h.update(iteration="3")), "iteration to be of type int"),
        (lambda p: rewritten(p, lambda h: h.pop("rng")), "expected an entry 'rng'"),
        (lambda p: rewritten(p, lambda h: h["rng"].pop("state")), r"run\.npz"),
        (lambda p: rewritten(p, lambda h: h["rng"]["state"].update(state="x")), r"run\.npz"),
        (
            lambda p: rewritten(p, lambda h: h["notes"].pop("best_epoch")),
            "expected notes on",
        ),
        (lambda p: rewritten(p, lambda h: None, first=None), "expected an entry 'first'"),
        (lambda p: rewritten(p, lambda h: None, **{"extra best": None}), "entry 'extra best'"),
    ],
)
def test_a_training_that_is_damaged_is_refused_and_nothing_changes(change, message, tmp_path):
    path = tmp_path / "run.npz"
    run(path, 1)
    change(path)
    network, optimizer, rng = build(), Adam(0.01), seeded(1)
    before, state = network.parameters.copy(), rng.bit_generator.state
    with pytest.raises(CheckpointError, match=message):
        run(path, 2, network, optimizer=optimizer, rng=rng)
    np.testing.assert_array_equal(network.parameters, before)
    assert optimizer.iteration == 0 and rng.bit_generator.state == state


def test_a_second_moment_that_overflowed_is_kept(tmp_path):
    network, optimizer, path = build(), Adam(), tmp_path / "run.npz"
    with np.errstate(over="ignore"):
        optimizer.update(network.parameters, np.full_like(network.parameters, 1e30))
    assert np.isinf(optimizer.second).all()
    save_training(path, network=network, optimizer=optimizer, rng=seeded(0))
    load_training(path, network=build(), optimizer=Adam(), rng=seeded(0))
