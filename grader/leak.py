"""Does anything secret stand in what students get? Compared by content: tokens, array bytes and printed values.

Secret is all of `solutions/NAME/`; released is every file of `course/release/NAME/`.
"""

from __future__ import annotations

import io
import itertools
import re
import tokenize
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from .course import read_text
from .intake import defined_names
from .release import is_experiment, is_locked, is_solution, is_test, nbgrader_metadata, read_made

ANSWER_RUN = 12  # code tokens in a row that no released file may share with a file that answers a stub
SECRET_RUN = 30  # the same for other secret files, whose helpers may look like public ones for a line
MIN_ARRAY = 4  # elements; smaller arrays coincide by chance (shapes, single constants)
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN TESTS", "END HIDDEN TESTS", "BEGIN MARK SCHEME")

_SKIPPED = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


def check_release(released: Path, secret: Path, assignment: str) -> list[str]:
    """Return what is wrong with a release, a line each; nothing where it can go out."""
    notebook_path = released / f"{assignment}.ipynb"
    problems = [*notebook_problems(notebook_path), *array_problems(released, secret)]
    runs = secret_runs(secret, stub_names(notebook_path))
    for name, source in released_code(released):
        if (shared := first_shared_run(source, runs)) is not None:
            where, tokens = shared
            problems.append(f"{name}: shares code with {where}: {tokens}")
    return problems


def stub_names(notebook: Path) -> frozenset[str]:
    """Names that the students are asked to define."""
    cells = read_made(notebook).cells
    stubs = (cell for cell in cells if cell.cell_type == "code" and is_solution(cell))
    return frozenset(name for cell in stubs for name in defined_names(cell.source))


def notebook_problems(path: Path) -> list[str]:
    """Stripped, locked, checksummed and valid: what nbgrader should have made of the notebook."""
    from nbgrader.nbgraderformat import MetadataValidator, ValidationError
    from nbgrader.utils import compute_checksum

    notebook = read_made(path)
    problems = []
    try:
        MetadataValidator().validate_nb(notebook)
    except ValidationError as error:
        problems.append(f"{path.name}: nbgrader metadata: {error}")
    for number, cell in enumerate(notebook.cells):
        name = nbgrader_metadata(cell).get("grade_id", f"cell {number}")
        if is_test(cell) and not is_locked(cell):
            problems.append(f"{name}: a graded cell is not locked")
        if is_locked(cell) and (cell.metadata.get("editable", True) or cell.metadata.get("deletable", True)):
            problems.append(f"{name}: a locked cell can be edited or deleted")
        marked = is_locked(cell) or is_solution(cell)
        if marked and nbgrader_metadata(cell).get("checksum") != compute_checksum(cell):
            problems.append(f"{name}: its checksum does not fit its text")
        if cell.cell_type == "code" and cell.get("outputs") and not is_experiment(cell):
            problems.append(f"{name}: it still has outputs")
        problems.extend(f"{name}: holds the marker {marker}" for marker in MARKERS if marker in cell.source)
    return problems


def code_tokens(source: str) -> list[str]:
    """Tokens of Python code without comments, layout and docstrings. Magics and broken code end the list early."""
    cleaned = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    tokens: list[str] = []
    statement_begins = True
    try:
        for token in tokenize.generate_tokens(io.StringIO(cleaned).readline):
            if token.type == tokenize.STRING and statement_begins:
                continue
            statement_begins = token.type in _SKIPPED and (statement_begins or token.type == tokenize.NEWLINE)
            if token.type not in _SKIPPED:
                tokens.append(token.string)
    except (tokenize.TokenError, SyntaxError):
        pass
    return tokens


def _runs(source: str, length: int) -> Iterator[tuple[str, ...]]:
    tokens = code_tokens(source)
    words = list(itertools.accumulate((bool(re.match(r"\w", token)) for token in tokens), initial=0))
    for start in range(len(tokens) - length + 1):
        if words[start + length] - words[start] >= length // 3:  # not mere brackets and commas
            yield tuple(tokens[start : start + length])


Runs = dict[tuple[str, ...], str]


def secret_runs(secret: Path, stubs: frozenset[str]) -> Runs:
    """Runs of code tokens below the secret folder, with their file. Signatures and imports are no secret."""
    runs: Runs = {}
    for path in sorted(secret.rglob("*.py")):
        source = read_text(path)
        length = ANSWER_RUN if stubs & defined_names(source) else SECRET_RUN
        known = [
            " ".join(code_tokens(line)) for line in source.splitlines() if line.startswith(("def ", "import ", "from "))
        ]
        for run in _runs(source, length):
            text = " ".join(run)
            if not any(text in line or line in text for line in known):
                runs.setdefault(run, str(path.relative_to(secret)))
    return runs


def first_shared_run(source: str, runs: Runs) -> tuple[str, str] | None:
    """(secret file, the tokens) of the first run that the source shares, None where there is none."""
    for length in (ANSWER_RUN, SECRET_RUN):
        for run in _runs(source, length):
            if run in runs:
                return runs[run], " ".join(run)
    return None


def released_code(released: Path) -> Iterator[tuple[str, str]]:
    """(name, code) of every Python file and every notebook code cell that students get."""
    for path in sorted(released.rglob("*")):
        if path.suffix == ".py":
            yield path.name, path.read_text(encoding="utf-8")
        elif path.suffix == ".ipynb":
            for number, cell in enumerate(read_made(path).cells):
                if cell.cell_type == "code":
                    yield nbgrader_metadata(cell).get("grade_id", f"cell {number}"), cell.source


def arrays_of(folder: Path) -> Iterator[tuple[str, np.ndarray]]:
    for path in sorted(folder.rglob("*.npz")):
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                yield f"{path.name}:{name}", arrays[name]


def array_problems(released: Path, secret: Path) -> list[str]:
    """Hidden arrays in released data files, or their values printed at six digits in released text."""
    hidden = [(name, array) for name, array in arrays_of(secret) if array.dtype.kind == "f" and array.size >= MIN_ARRAY]
    hidden = [(name, array) for name, array in hidden if len(np.unique(array)) >= MIN_ARRAY]  # constants are no secret
    problems = []
    public = {array.astype(float).tobytes(): name for name, array in arrays_of(released) if array.dtype.kind == "f"}
    for name, array in hidden:
        if (where := public.get(array.astype(float).tobytes())) is not None:
            problems.append(f"{where}: is the hidden array {name}")
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for path in released.rglob("*")
        if path.suffix in (".py", ".ipynb", ".md", ".txt", ".csv")
    }
    printed = {text for source in texts.values() for text in re.findall(r"\d\.\d{5,}", source)}
    for name, array in hidden:
        for value in array.ravel()[:64]:
            if any(f"{abs(float(value)):.{digits}f}" in printed for digits in (6, 7, 8)):
                problems.append(f"a released text prints {value:.6f} of the hidden array {name}")
                break
    problems.extend(
        f"{path.name}: an archive inside the release" for path in released.rglob("*.zip") if zipfile.is_zipfile(path)
    )
    return problems
