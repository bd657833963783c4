"""Where a course keeps its files. Every path of a course is said here, once.

assignment/NAME/   public: the source notebook, the students' helper modules
solutions/NAME/    secret: graded cases, reference solution, fixtures
course/            made at run time: release, submissions, graded notebooks, gradebook (all personal data)
course/sample/     the same for the bundled sample class, so that it never mixes with a real one
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

SAMPLE = "sample"
ENGLISH = "en"
MAX_ID_BYTES = 200  # of a student id: file systems take 255, and some names are made longer
_PASSWORD = re.compile(r"(?<=://)([^:@/]*):[^/]*@")  # in the address of a database
# control characters, path separators, marks that reorder text on a screen, bytes that are no text
_NO_ID = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class CourseError(Exception):
    """The course cannot be worked on as it is; the message says why and what to do."""


def read_text(path: Path) -> str:
    """Text that a person wrote for the course. Raises CourseError, which names the file, where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CourseError(f"{path} is not UTF-8 text. Save it as UTF-8 and run again.") from error


@dataclass(frozen=True, slots=True)
class Course:
    """A class and its files: `root` is the project folder, `data` holds what belongs to this class.

    `language` is the one that notebook, checks and messages are in; `database` the address of a gradebook on a server,
    "" for the file `gradebook`.
    """

    root: Path
    data: Path
    language: str = ENGLISH
    database: str = ""

    @property
    def is_sample(self) -> bool:
        return self.data.name == SAMPLE

    @property
    def originals(self) -> Path:
        """The assignments as they are written, in English."""
        return self.root / "assignment"

    @property
    def sources(self) -> Path:
        """The source notebooks to release from; for another language they are made by grader.language."""
        return self.originals if self.language == ENGLISH else self.root / "course" / "translated" / self.language

    @property
    def language_file(self) -> Path:
        return self.root / "course" / "language"

    @property
    def solutions(self) -> Path:
        return self.root / "solutions"

    @property
    def release(self) -> Path:
        """Student versions; one for the project, whichever class is graded."""
        return self.root / "course" / "release"

    @property
    def submitted(self) -> Path:
        return self.data / "submitted"

    @property
    def autograded(self) -> Path:
        return self.data / "autograded"

    @property
    def feedback(self) -> Path:
        return self.data / "feedback"

    @property
    def gradebook(self) -> Path:
        return self.data / "gradebook.db"

    @property
    def db_url(self) -> str:
        """The gradebook as SQLAlchemy, and so nbgrader, is told of it. May hold a password."""
        return self.database or f"sqlite:///{self.gradebook.resolve()}"

    @property
    def db_url_file(self) -> Path:
        """Holds the address of the gradebook where it is on a server."""
        return self.data / "db_url"

    @property
    def gradebook_name(self) -> str:
        """Where the gradebook is, as may be printed."""
        return _PASSWORD.sub(r"\1:***@", self.database) or str(self.gradebook)

    @property
    def has_gradebook(self) -> bool:
        """One on a server is taken to be there; who uses it hears where it is not."""
        return bool(self.database) or self.gradebook.is_file()

    @property
    def backups(self) -> Path:
        """Gradebooks as they were before the last runs."""
        return self.data / "backups"

    @property
    def log(self) -> Path:
        """One chained line for each thing done to grades (grader.log)."""
        return self.data / "log.jsonl"

    @property
    def lock(self) -> Path:
        """Held by the run that writes; one at a time."""
        return self.data / ".lock"

    @property
    def collected(self) -> Path:
        """Every attempt that was ever taken in, as it came."""
        return self.data / "collected"

    @property
    def extensions(self) -> Path:
        """Who may hand in later: student,assignment,days."""
        return self.data / "extensions.csv"

    @property
    def grades_csv(self) -> Path:
        """The table of the assignment that was graded last, in one fixed place."""
        return self.data / "grades.csv"

    def grades_of(self, assignment: str) -> Path:
        """The table of one assignment, which no other one replaces."""
        return self.data / "grades" / f"{assignment}.csv"

    def report(self, assignment: str = "index") -> Path:
        """The report on one assignment; without a name the one that was written last, in one fixed place."""
        return self.data / "report" / f"{assignment}.html"

    def sample_recipe(self, assignment: str) -> Path:
        """The module that says who of the sample class hands in what. An assignment need not have one."""
        return self.solutions / assignment / "sample_class.py"

    def sample(self) -> Course:
        return replace(self, data=self.root / "course" / SAMPLE, database="")

    def speaking(self, language: str) -> Course:
        return replace(self, language=language)

    def assignments(self) -> list[str]:
        """Names of the assignments that have a source notebook."""
        if not self.originals.is_dir():
            return []
        return sorted(path.name for path in self.originals.iterdir() if (path / f"{path.name}.ipynb").is_file())

    def check_assignment(self, name: str) -> str:
        """Return `name` if it can be graded. Raises CourseError that lists what there is."""
        known = self.assignments()
        if name not in known:
            there = ", ".join(known) or f"none (no {self.sources}/NAME/NAME.ipynb)"
            raise CourseError(f"There is no assignment '{name}'. Assignments here: {there}.")
        return name

    def verdict(self, student: str, assignment: str) -> Path:
        """The verdict on a student's submission, beside the graded notebook."""
        return self.autograded / student / assignment / "verdict.json"

    @property
    def is_empty(self) -> bool:
        """True where nothing at all is submitted, in the right place or in a wrong one. Hidden files do not count."""
        return next(_shown(self.submitted), None) is None

    def students(self, assignment: str) -> list[str]:
        """Students with a submission folder for `assignment`, sorted.

        A folder counts even where it holds no notebook: it gets a verdict that says so. What lies elsewhere, or in a
        folder that is called like no student can be called, is left out; `misplaced` lists it.
        """
        return sorted(
            path.name for path in _shown(self.submitted) if (path / assignment).is_dir() and safe_student_id(path.name)
        )

    def misplaced(self, assignment: str) -> list[str]:
        """A sentence for each file and folder that lies in `submitted` and is nobody's submission, sorted.

        A folder with nothing but other assignments is a student who has not handed in this one, and no mistake.
        """
        others = {f"{name}/" for name in self.assignments()} - {f"{assignment}/"}
        found = []
        for path in _shown(self.submitted):
            if (path / assignment).is_dir():
                if not safe_student_id(path.name):
                    found.append(f"{path.name!r} cannot be a student's id; rename the folder")
                continue
            inside = {f"{below.name}/" if below.is_dir() else below.name for below in _shown(path)}
            if not inside or not inside <= others:
                found.append(_misplaced(path, inside, assignment))
        return sorted(found)


def _shown(folder: Path) -> Iterator[Path]:
    """What lies in a folder, hidden things left out; nothing where it is no folder."""
    return (path for path in folder.iterdir() if not path.name.startswith(".")) if folder.is_dir() else iter(())


def _misplaced(path: Path, inside: Collection[str], assignment: str) -> str:
    """A sentence for a thing of `submitted` that holds `inside`: what it is, and where it should be."""
    found = f"{path.name}/{next(iter(inside)) if len(inside) == 1 else ''}" if path.is_dir() else path.name
    student = path.name if path.is_dir() and safe_student_id(path.name) else "STUDENT"
    wanted = Path(path.parent.name, student, assignment, f"{assignment}.ipynb")
    return f"{found!r} is not where a submission belongs: {wanted}"


def find_course(root: Path) -> Course:
    """Return the real course below `root`. Raises CourseError where `root` is not a project folder."""
    if not (root / "assignment").is_dir():
        raise CourseError(f"{root} holds no assignment/ folder. Run this in the project's folder, or pass --root.")
    data = root / "course"
    if data.exists() and not data.is_dir():
        raise CourseError(f"{data} is a file; it has to be a folder. Move it away and run again.")
    course = Course(root.resolve(), data.resolve())
    if course.db_url_file.is_file():
        course = replace(course, database=read_text(course.db_url_file).strip())
    if course.language_file.is_file():
        course = course.speaking(read_text(course.language_file).strip() or ENGLISH)
    return course


def active_course(root: Path) -> Course:
    """Return the class to grade: the real one once anything was submitted, until then the sample class."""
    course = find_course(root)
    return course.sample() if course.is_empty and course.sample().submitted.is_dir() else course


def safe_student_id(name: str) -> bool:
    """True where `name` can be a folder, a gradebook id and a csv field without surprises."""
    if _NO_ID.search(name) or not 1 <= len(name) <= 120 or name.startswith(".") or name.strip() != name:
        return False
    return len(name.encode()) <= MAX_ID_BYTES
