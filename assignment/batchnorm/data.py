"""Data for the experiments of section 6: small digits that come along, or Fashion-MNIST files that you bring.

`digits.npz` holds 1,797 handwritten digits of 8 x 8 pixels: the test set of "Optical Recognition of Handwritten Digits"
(E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998, doi:10.24432/C50P49, licence CC BY 4.0), in the
form in which scikit-learn ships it, stored here as uint8 without other change.

To run the experiments on Fashion-MNIST (28 x 28, MIT licence, Zalando SE) set the environment variable DATA to the
folder that holds its four IDX files before you start Jupyter: `DATA=~/fashion-mnist jupyter lab`.
"""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DIGITS = Path(__file__).with_name("digits.npz")

# MD5 of the four gzip files as the authors publish them
FASHION_MNIST = {
    "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
}
UNSIGNED_BYTE = 8  # the type code that all files of this family have


@dataclass(frozen=True, slots=True)
class Data:
    """A classification problem: images as rows of numbers in [0, 1], labels as integers from 0."""

    name: str
    x_train: np.ndarray  # (N, D) float64
    y_train: np.ndarray  # (N,) int64
    x_test: np.ndarray
    y_test: np.ndarray

    @property
    def classes(self):
        return int(self.y_train.max()) + 1

    def __repr__(self):
        (n, d), m = self.x_train.shape, len(self.x_test)
        return f"{self.name}: {n} training and {m} test examples of {d} numbers, {self.classes} classes"


def load(limit=None):
    """Return the data that the environment variable DATA names, or the digits that came with the notebook.

    `limit` is the largest number of training examples (a fifth as many for the test), so that no cell takes long.
    Raises FileNotFoundError or ValueError with a sentence that says which file, what is wrong, and what to do.
    """
    folder = os.environ.get("DATA", "")
    return load_fashion_mnist(Path(folder).expanduser(), limit=limit) if folder else load_digits(limit=limit)


def load_digits(limit=None):
    """The bundled digits, shuffled once (the file is sorted by writer), four fifths for training."""
    with np.load(DIGITS, allow_pickle=False) as file:
        x, y = file["x"], file["y"]
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order] / 16.0, y[order].astype(np.int64)
    cut = len(x) * 4 // 5
    return _limited("digits", x[:cut], y[:cut], x[cut:], y[cut:], limit)


def load_fashion_mnist(folder, checksums=FASHION_MNIST, limit=None):
    """Fashion-MNIST (or any other data of the same four files) from a folder; pixels are divided by 255."""
    parts = [load_idx(find_idx(Path(folder), stem), md5) for stem, md5 in checksums.items()]
    x_train, y_train, x_test, y_test = parts
    for what, images, labels in (("train", x_train, y_train), ("t10k", x_test, y_test)):
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise ValueError(
                f"{folder}: the {what} files do not belong together: images {images.shape}, labels {labels.shape}"
            )
    flat = (flatten(images) / 255.0 for images in (x_train, x_test))
    (x_train, x_test), labels = flat, (y_train.astype(np.int64), y_test.astype(np.int64))
    return _limited(Path(folder).name, x_train, labels[0], x_test, labels[1], limit)


def find_idx(folder, stem):
    """The file with this stem, packed or unpacked."""
    for name in (f"{stem}.gz", stem):
        if (folder / name).is_file():
            return folder / name
    raise FileNotFoundError(
        f"DATA={folder} has no {stem}.gz. Wanted are the four files of Fashion-MNIST; without DATA the digits are used."
    )


def load_idx(path, md5=None):
    """Read an IDX file of unsigned bytes: magic number, sizes (big-endian), then the values. MD5 is that of the .gz."""
    raw = Path(path).read_bytes()
    if path.suffix == ".gz":
        found = hashlib.md5(raw, usedforsecurity=False).hexdigest()
        if md5 is not None and found != md5:
            raise ValueError(f"{path}: MD5 is {found}, should be {md5}. The download is damaged or is another file.")
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path} is not a whole gzip file ({error}). Fetch it again.") from None
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != UNSIGNED_BYTE:
        raise ValueError(
            f"{path} is not an IDX file of unsigned bytes: it begins with {raw[:4].hex(' ') or 'nothing'}."
        )
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise ValueError(f"{path} ends after {len(raw)} bytes, within its header of {start}. Fetch it again.")
    shape = tuple(int(size) for size in np.frombuffer(raw[4:start], dtype=">u4"))
    if len(raw) - start != int(np.prod(shape, dtype=np.int64)):
        raise ValueError(f"{path} should hold {shape} values after its header, but holds {len(raw) - start}.")
    return np.frombuffer(raw, dtype=np.uint8, offset=start).reshape(shape)


def flatten(x):
    """Images as rows: (N, H, W) or (N, C, H, W) becomes (N, everything else); (N, D) and (N,) stay as they are.

    Raises ValueError for any other number of axes.
    """
    x = np.asarray(x)
    if x.ndim in (1, 2):
        return x
    if x.ndim in (3, 4):
        return x.reshape(len(x), -1)
    raise ValueError(f"flatten takes arrays of 1 to 4 axes, got {x.ndim}: shape {x.shape}")


def damped_wave(n=100):
    """n points of y = sin(5 pi i / n) exp(1 - 2 i / n) + 0.5 + 1.5 x with x from -1 to 1; both (n, 1)."""
    i = np.arange(n)
    x = np.linspace(-1.0, 1.0, n)
    y = np.sin(5.0 * np.pi * i / n) * np.exp(1.0 - 2.0 * i / n) + 0.5 + 1.5 * x
    return x[:, None], y[:, None]


def _limited(name, x_train, y_train, x_test, y_test, limit):
    if limit is not None:
        x_train, y_train = x_train[:limit], y_train[:limit]
        x_test, y_test = x_test[: max(1, limit // 5)], y_test[: max(1, limit // 5)]
    return Data(name, x_train, y_train, x_test, y_test)
