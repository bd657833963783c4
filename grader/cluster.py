"""The executor for more than one machine: Dask hands submissions to its workers, each of which grades as we do here.

A worker needs this package and nothing of the course. The release and the secret cases go to it once, with the run;
submissions go as bytes, a bounded number at a time; results come back as data. Each thread of a worker has a process
of its own that grades in a warm sandbox (executors.Worker) and ends with the run: nothing is left for the next one.

Dask pickles between client, scheduler and workers, so all of them have to trust each other; students' code is only ever
in the sandbox of a worker. What nobody else may read or send has to go over TLS (docs/scale.md).
"""

from __future__ import annotations

import io
import secrets
import shutil
import threading
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from multiprocessing import current_process
from pathlib import Path
from urllib.parse import urlsplit

from .course import Course, CourseError
from .executors import Worker as Grader
from .grade import not_graded
from .options import RunOptions
from .release import load_release
from .result import Result, result_of
from .sandbox.errors import SandboxUnavailable
from .submitted import Submission, read_submission
from .verdict import versions

try:
    from distributed import Client, Future, KilledWorker, Security, Worker, WorkerPlugin, as_completed, get_worker
except ImportError as error:
    raise CourseError("Grading on a cluster needs Dask, which is not installed. Run: make setup-cluster") from error

AHEAD = 4  # submissions on their way, for each thread of the cluster
CONNECT_SECONDS = 10
WORKER_SECONDS = 60  # to wait for the first worker
LEFT_OUT = {"__pycache__", ".ipynb_checkpoints"}


def grade_on_cluster(course: Course, assignment: str, students: Sequence[str], options: RunOptions) -> Iterator[Result]:
    """Yield every student's graded submission, made by the workers of the scheduler at `options.scheduler`.

    Dask runs again what a lost worker had, and gives up what was there each time that several workers were lost. Those
    are tried once more, each alone, and who ends workers again is not graded. Raises CourseError or SandboxUnavailable
    where the cluster cannot be used as it is.
    """
    with _connected(options.scheduler) as client, _installed(client, course, assignment, options) as run:

        def read(student: str) -> Submission:
            return read_submission(course.submitted / student / assignment, assignment, student)

        for suspect in (yield from _grade_all(client, run, map(read, students))):
            if (yield from _grade_all(client, run, iter([suspect]))):
                yield _not_graded(course, assignment, suspect, "one worker after the other ended with it")


def _grade_all(client: Client, run: str, rest: Iterator[Submission]) -> Generator[Result, None, list[Submission]]:
    """Grade submissions as there is room for them; return those that were there when workers were lost."""
    waiting: dict[Future, Submission] = {}
    suspects: list[Submission] = []
    finished = as_completed(loop=client.loop, with_results=True, raise_errors=False)
    room = results = 0
    while True:
        if results >= room:  # workers come and go: asked now and then
            room, results = AHEAD * max(1, sum(client.nthreads().values())), 0
        for submission in islice(rest, room - len(waiting)):
            future = client.submit(_grade_there, run, submission, key=f"{run}-{secrets.token_hex(8)}", pure=False)
            waiting[future] = submission
            finished.add(future)
        if not waiting:
            return suspects
        future, outcome = next(finished)
        results += 1
        submission = waiting.pop(future)
        if isinstance(outcome, Result):
            yield outcome
        else:
            suspects.append(_suspect(submission, outcome))


def _suspect(submission: Submission, outcome: object) -> Submission:
    """Return `submission` where it was lost with its workers. Raises any other reason why there is no result."""
    if not isinstance(outcome, tuple):  # cancelled: by nobody here
        raise CourseError("The scheduler was lost. Graded work is kept; run again.")
    error: BaseException = outcome[1]
    if isinstance(error, KilledWorker):
        return submission
    if isinstance(error, CourseError | SandboxUnavailable):
        raise error
    raise CourseError(f"A worker of the cluster failed: {type(error).__name__}: {error}") from error


def _grade_there(run: str, submission: Submission) -> Result:
    """What Dask runs, in a thread of a worker."""
    return get_worker().plugins[run].grade(submission)


class Grading(WorkerPlugin):
    """One run on one worker: the assignment in a folder of its own, and for each thread a process that grades."""

    def __init__(self, run: str, kit: bytes, language: str, assignment: str, options: RunOptions) -> None:
        self.name = run
        self._kit = kit
        self._language = language
        self._assignment = assignment
        self._options = options
        self._versions = versions()

    def setup(self, worker: Worker) -> None:
        """Refuses a worker that could give other grades, or none."""
        self._address = worker.address
        self._folder = Path(worker.local_directory) / self.name  # Dask clears that away, should this worker be killed
        self._course = Course(self._folder, self._folder / "course", self._language)
        self._graders: list[Grader] = []
        self._ended = False
        self._mine = threading.local()
        if versions() != self._versions:
            raise CourseError(
                f"The worker {worker.address} has other packages ({versions()}) than this machine ({self._versions}). "
                "Install the same kit there: make setup-cluster"
            )
        if current_process().daemon:
            raise CourseError(
                f"The worker {worker.address} may start no process to grade in. "
                "Start it with DASK_DISTRIBUTED__WORKER__DAEMON=False"
            )
        self._folder.mkdir(mode=0o700)
        with zipfile.ZipFile(io.BytesIO(self._kit)) as archive:
            archive.extractall(self._folder)

    def grade(self, submission: Submission) -> Result:
        """Grade in this thread's process. One that ends twice with the same submission is its fault."""
        for _ in range(2):
            try:
                grader = self._grader()
                grader.give(submission)
                return grader.take()
            except EOFError:
                self._end(grader)
            except SandboxUnavailable as error:
                self._end(grader)
                raise SandboxUnavailable(f"On the worker {self._address}: {error.problem}", error.remedy) from error
        return _not_graded(self._course, self._assignment, submission, "the process that graded it ended twice")

    def _grader(self) -> Grader:
        if self._ended:
            raise CourseError("The run has ended.")
        if not hasattr(self._mine, "grader"):
            self._mine.grader = Grader.spawned(self._course, self._assignment, self._options)
            self._graders.append(self._mine.grader)
        return self._mine.grader

    def _end(self, grader: Grader) -> None:
        del self._mine.grader
        grader.close()

    def teardown(self, worker: Worker) -> None:
        self._ended = True
        for grader in self._graders:
            grader.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _check_address(scheduler: str) -> None:
    """Raise CourseError for what Dask itself would take half a minute to refuse."""
    try:
        parts = urlsplit(scheduler)
        if parts.scheme not in ("tcp", "tls") or not parts.hostname or not parts.port:
            raise ValueError("an address looks like tls://host:8786")
        if parts.scheme == "tls" and not Security().get_connection_args("client")["ssl_context"]:
            raise ValueError("Dask has no certificates to use here, see docs/scale.md")
    except (OSError, ValueError) as error:
        raise CourseError(f"'{scheduler}' cannot be used: {error}.") from error


@contextmanager
def _connected(scheduler: str) -> Iterator[Client]:
    _check_address(scheduler)
    try:
        client = Client(scheduler, timeout=CONNECT_SECONDS, set_as_default=False)
    except OSError as error:
        raise CourseError(
            f"No Dask scheduler answers at '{scheduler}': {error}. Start one (dask scheduler) or name another."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            raise CourseError(
                f"The scheduler at {scheduler} has no workers. Start some: "
                f"DASK_DISTRIBUTED__WORKER__DAEMON=False dask worker {scheduler} --nthreads 1"
            ) from error
        yield client


@contextmanager
def _installed(client: Client, course: Course, assignment: str, options: RunOptions) -> Iterator[str]:
    """Prepare the workers, those too that join later, for one run; yield its name there. Clear away afterwards."""
    run = f"grader-{secrets.token_hex(8)}"
    try:
        client.register_plugin(Grading(run, packed(course, assignment), course.language, assignment, options))
        yield run
    finally:
        with suppress(OSError):  # the scheduler is gone, and with it the workers
            client.unregister_worker_plugin(run)


def packed(course: Course, assignment: str) -> bytes:
    """A zip of what grading reads: the source and released notebooks with their files, and the secret cases."""
    stream = io.BytesIO()
    folders = (course.sources, course.originals, course.solutions, course.release)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder in dict.fromkeys(folders):
            for path in sorted((folder / assignment).rglob("*")):
                if path.is_file() and not LEFT_OUT & set(path.parts):
                    archive.write(path, path.relative_to(course.root))
    return stream.getvalue()


def _not_graded(course: Course, assignment: str, submission: Submission, reason: str) -> Result:
    release = load_release(course, assignment)
    return result_of(release, submission, not_graded(release, submission, reason))
