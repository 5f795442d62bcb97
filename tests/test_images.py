"""Images: every source has the form that it states, and a damaged file says what is wrong."""

import gzip
import struct

import numpy as np
import pytest

from isru.data.images import checked_images, read_idx, read_images


def idx(array):
    """Return the bytes of an IDX file."""
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    """Files as MNIST's, of five images of 4 x 4, one of them packed."""
    images = np.arange(5 * 16).reshape(5, 4, 4)
    for name, rows in (("train", slice(0, 3)), ("t10k", slice(3, 5))):
        (tmp_path / f"{name}-images-idx3-ubyte").write_bytes(idx(images[rows]))
        (tmp_path / f"{name}-labels-idx1-ubyte").write_bytes(idx(np.arange(5)[rows]))
    plain = tmp_path / "t10k-images-idx3-ubyte"
    (tmp_path / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    return tmp_path


def test_the_digits_are_those_of_scikit_learn():
    pixels, classes = read_images("digits")
    assert pixels.shape == (1797, 8, 8) and pixels.dtype == np.float32
    assert (pixels.min(), pixels.max()) == (0, 1)
    assert np.bincount(classes).min() > 170


def test_the_5000_of_mnist_have_500_of_each_class():
    pixels, classes = read_images("mnist-5000")
    assert pixels.shape == (5000, 28, 28)
    assert (pixels.min(), pixels.max()) == (0, 1)
    assert np.bincount(classes).tolist() == [500] * 10


def test_a_folder_of_idx_files_is_read_training_part_first(folder):
    pixels, classes = read_images("mnist", folder)
    np.testing.assert_array_equal(pixels, np.arange(80, dtype=np.float32).reshape(5, 4, 4) / 255)
    assert classes.tolist() == [0, 1, 2, 3, 4]


def test_a_folder_that_lacks_a_file_names_it(folder):
    (folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels-idx1-ubyte is missing: copy it"):
        read_images("mnist", folder)


def test_mnist_that_cannot_be_fetched_names_what_to_take_instead(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setenv("ISRU_DATA", str(tmp_path))
    monkeypatch.setattr("pooch.retrieve", refuse)
    with pytest.raises(FileNotFoundError, match=r"images_folder.*'mnist-5000' or 'digits'"):
        read_images("mnist")


def test_training_and_test_images_of_two_shapes_are_refused(folder):
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx(np.zeros((2, 5, 5))))
    with pytest.raises(ValueError, match="of one shape, got 3 x 4 x 4 and 2 x 5 x 5"):
        read_images("mnist", folder)


@pytest.mark.parametrize("cut", [-1, 1], ids=["breaks off", "goes on"])
def test_a_file_of_another_length_than_its_header_says_is_refused(tmp_path, cut):
    content = idx(np.zeros((2, 3, 3)))
    (tmp_path / "images").write_bytes(content[:cut] if cut < 0 else content + b"\0")
    with pytest.raises(ValueError, match=rf"expected 34 bytes for 2 x 3 x 3, got {34 + cut}"):
        read_idx(tmp_path / "images")


@pytest.mark.parametrize(
    "content", [b"", b"\x89PNG....", b"\0\0\x0d\x01\0\0\0\0", b"\0\0\x08\x03\0"]
)
def test_a_file_without_the_header_of_bytes_is_refused(tmp_path, content):
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(ValueError, match="expected the header of an IDX file"):
        read_idx(tmp_path / "images")


def test_a_packed_file_that_breaks_off_is_refused(tmp_path):
    packed = gzip.compress(idx(np.zeros((2, 3, 3))))
    (tmp_path / "images.gz").write_bytes(packed[:-9])
    with pytest.raises(ValueError, match=r"images\.gz: expected a whole file of gzip"):
        read_idx(tmp_path / "images.gz")


@pytest.mark.parametrize(
    ("levels", "classes", "said"),
    [
        (np.zeros((2, 4, 5)), [0, 1], "n images of S x S pixels, got 2 x 4 x 5"),
        (np.zeros((2, 16)), [0, 1], "n images of S x S pixels, got 2 x 16"),
        (np.zeros((0, 4, 4)), [], "n images of S x S pixels, got 0 x 4 x 4"),
        (np.zeros((2, 4, 4)), [0], "a class for each of 2 images, got 1"),
        (np.zeros((2, 4, 4)), [0, 10], "image 1: expected a class from 0 to 9, got 10"),
        (np.zeros((2, 4, 4)), [-1, 0], "image 0: expected a class from 0 to 9, got -1"),
        (np.full((2, 4, 4), 17), [0, 1], "image 0: expected pixels from 0 to 16, got 17"),
    ],
)
def test_images_of_another_shape_and_classes_out_of_range_are_refused(levels, classes, said):
    with pytest.raises(ValueError, match=said):
        checked_images(levels, np.array(classes, int), 16, "these")


def test_an_unknown_source_lists_the_known_ones():
    with pytest.raises(ValueError, match="digits, mnist-5000, mnist, got 'letters'"):
        read_images("letters")
