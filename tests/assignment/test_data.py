"""Do the digits come along whole, and do Fashion-MNIST files load, or say what is wrong with them?"""

import gzip
import hashlib
import struct

import data
import numpy as np
import pytest

STEMS = list(data.FASHION_MNIST)


def idx_bytes(array):
    """An IDX file of unsigned bytes, as its format says: 0, 0, type 8, number of axes, sizes big-endian, values."""
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def files(tmp_path):
    """A folder with four small files and their checksums."""
    rng = np.random.default_rng(0)
    checksums = {}
    for stem, shape in zip(STEMS, [(30, 4, 5), (30,), (10, 4, 5), (10,)], strict=True):
        packed = gzip.compress(idx_bytes(rng.integers(0, 256 if len(shape) == 3 else 10, shape)), mtime=0)
        (tmp_path / f"{stem}.gz").write_bytes(packed)
        checksums[stem] = hashlib.md5(packed, usedforsecurity=False).hexdigest()
    return tmp_path, checksums


def test_digits_come_along():
    """Are there 1,797 digits of ten kinds, with numbers between 0 and 1?"""
    digits = data.load_digits()
    x = np.concatenate([digits.x_train, digits.x_test])
    assert x.shape == (1797, 64)
    assert (x.min(), x.max()) == (0.0, 1.0)
    assert np.array_equal(np.unique(digits.y_test), np.arange(10))
    assert digits.classes == 10
    assert "1437 training and 360 test" in repr(digits)


def test_loading_is_repeatable_and_can_be_limited():
    """Does every student see the same numbers, and fewer where fewer are asked for?"""
    first, second = data.load_digits(limit=100), data.load_digits(limit=100)
    assert np.array_equal(first.x_train, second.x_train)
    assert first.x_train.shape == (100, 64)
    assert len(first.x_test) == 20


def test_four_files_become_a_problem(files):
    """Are images flattened and divided by 255, and labels whole numbers?"""
    folder, checksums = files
    found = data.load_fashion_mnist(folder, checksums)
    assert found.x_train.shape == (30, 20)
    assert found.x_test.shape == (10, 20)
    assert found.y_train.dtype == np.int64
    assert found.x_train.max() <= 1.0
    raw = gzip.decompress((folder / f"{STEMS[0]}.gz").read_bytes())
    assert found.x_train[0, 0] == raw[16] / 255.0


def test_unpacked_files_do_as_well(files):
    """Does a folder work in which somebody has unpacked the files?"""
    folder, checksums = files
    for stem in STEMS:
        (folder / stem).write_bytes(gzip.decompress((folder / f"{stem}.gz").read_bytes()))
        (folder / f"{stem}.gz").unlink()
    assert data.load_fashion_mnist(folder, checksums).x_train.shape == (30, 20)


def test_the_variable_data_chooses(files, monkeypatch):
    """Does DATA lead to the folder, with the checksums of Fashion-MNIST, and no DATA to the digits?"""
    folder, _ = files
    monkeypatch.setenv("DATA", str(folder))
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte.gz: MD5 is \w+, should be 8d4fb7e6"):
        data.load()
    monkeypatch.setenv("DATA", "")
    assert data.load(limit=10).name == "digits"


def test_a_missing_file_is_named(files):
    """Does a student read which file is missing, and what is wanted?"""
    folder, checksums = files
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no t10k-labels-idx1-ubyte.gz\. Wanted are the four files"):
        data.load_fashion_mnist(folder, checksums)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda raw: raw[:-1], "should hold .* values after its header, but holds"),
        (lambda raw: raw + b"\0", "should hold .* values after its header, but holds"),
        (lambda raw: raw[:10], "ends after 10 bytes, within its header of 16"),
        (lambda raw: b"\0\0\x0d\x01" + raw[4:], "not an IDX file of unsigned bytes: it begins with 00 00 0d 01"),
        (lambda raw: b"<html>", "not an IDX file"),
        (lambda raw: b"", "not an IDX file of unsigned bytes: it begins with nothing"),
    ],
    ids=["too short", "too long", "header cut", "floats", "a web page", "empty"],
)
def test_a_damaged_file_is_named(tmp_path, damage, sentence):
    """Does a file that is not what its name says give one clear sentence, not a crash further on?"""
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(damage(idx_bytes(np.zeros((3, 2, 2)))))
    with pytest.raises(ValueError, match=sentence):
        data.load_idx(path)


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-5], lambda raw: b"no gzip", lambda raw: raw[:20] + b"??" + raw[22:]]
)
def test_a_damaged_gzip_file_is_named(tmp_path, damage):
    """Is a broken download called that, where no checksum is known?"""
    path = tmp_path / "images.gz"
    path.write_bytes(damage(gzip.compress(idx_bytes(np.arange(48).reshape(3, 4, 4)), mtime=0)))
    with pytest.raises(ValueError, match="is not a whole gzip file"):
        data.load_idx(path)


def test_files_that_do_not_belong_together_are_refused(files):
    """Are as many labels wanted as images?"""
    folder, checksums = files
    packed = gzip.compress(idx_bytes(np.zeros(29)), mtime=0)
    (folder / "train-labels-idx1-ubyte.gz").write_bytes(packed)
    with pytest.raises(ValueError, match="do not belong together"):
        data.load_fashion_mnist(folder, dict.fromkeys(checksums))


@pytest.mark.parametrize(
    ("shape", "flat"),
    [((6,), (6,)), ((2, 3), (2, 3)), ((2, 3, 4), (2, 12)), ((2, 3, 4, 5), (2, 60)), ((0, 3, 2), (0, 6))],
)
def test_flatten_keeps_the_examples(shape, flat):
    """Does each example become one row, whatever the number of axes?"""
    if 0 not in shape:
        assert np.array_equal(data.flatten(np.arange(np.prod(shape)).reshape(shape)).ravel(), np.arange(np.prod(shape)))
        assert data.flatten(np.zeros(shape)).shape == flat


@pytest.mark.parametrize("shape", [(), (1, 1, 1, 1, 1)])
def test_flatten_refuses_other_numbers_of_axes(shape):
    """Is a number, or an array of five axes, refused with its shape?"""
    with pytest.raises(ValueError, match="flatten takes arrays of 1 to 4 axes"):
        data.flatten(np.zeros(shape))


def test_damped_wave_is_the_curve_of_its_formula():
    """Are the 100 points those of sin(5 pi i / 100) exp(1 - i / 50) + 0.5 + 1.5 x?"""
    x, y = data.damped_wave()
    assert x.shape == y.shape == (100, 1)
    assert (x[0, 0], x[-1, 0]) == (-1.0, 1.0)
    assert y[0, 0] == pytest.approx(-1.0)
    assert y[10, 0] == pytest.approx(np.exp(0.8) + 0.5 + 1.5 * x[10, 0])
