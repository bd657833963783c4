"""Does the first code cell find what the notebook needs where only two files were uploaded, as on Colab?"""

import json
import os
import zipfile

import pytest
from nbclient.exceptions import CellExecutionError

from . import notebook


def run_the_first_cell(folder):
    """Run the notebook up to its first code cell in a folder as it is, and return what that cell says."""
    source = notebook.read()
    source.cells = source.cells[: 1 + next(n for n, cell in enumerate(source.cells) if cell.id == "setup")]
    return notebook.text_of(notebook.run(source, folder, copy=False).cells[-1])


def pack(path, sentences=None):
    """Write the hand-out as students get it, in another language with its sentences."""
    with zipfile.ZipFile(path, "w") as packed:
        for file in notebook.ROOM.iterdir():
            if file.is_file():
                packed.write(file, file.name)
        if sentences:
            packed.writestr("sentences.json", json.dumps(sentences))


@pytest.mark.parametrize("name", ["batchnorm.zip", "batchnorm (1).zip"])
def test_two_files_are_enough(tmp_path, name):
    """Is the zip unpacked, also under the name that a browser gives to a second download?"""
    pack(tmp_path / name)
    assert run_the_first_cell(tmp_path).count("PASS") == 3
    assert not (tmp_path / notebook.NAME).exists()  # a student's own notebook there would not be overwritten


def test_the_sentences_of_another_language_leave_the_zip_too(tmp_path):
    """Do the checks speak the language of the release?"""
    pack(tmp_path / "batchnorm.zip", {"first_check": "모두 있습니까?"})
    assert "모두 있습니까?" in run_the_first_cell(tmp_path)


def test_the_last_of_several_zips_is_unpacked(tmp_path):
    """Does a corrected hand-out, uploaded beside the first, count?"""
    pack(tmp_path / "batchnorm.zip", {"first_check": "the first one"})
    os.utime(tmp_path / "batchnorm.zip", (1, 1))
    pack(tmp_path / "batchnorm (1).zip", {"first_check": "the last one"})
    assert "the last one" in run_the_first_cell(tmp_path)


def test_a_notebook_alone_says_what_to_do(tmp_path):
    """Is there a sentence to act on where the other files were forgotten?"""
    with pytest.raises(CellExecutionError, match=r"Unpack batchnorm\.zip beside this notebook"):
        run_the_first_cell(tmp_path)
