"""Inside the sandbox: an IPython shell that runs cells, and the three verbs with which the grader uses it."""

from __future__ import annotations

import builtins
import re
import sys
import time
from types import ModuleType
from typing import Any

import numpy as np
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Instance, Type
from traitlets.config import Config

from . import failure
from .limits import Limits
from .outputs import Outputs, Stream
from .wire import Handle, earlier_item, type_name

SEED = 0  # every child starts with the same, so that a notebook that draws random numbers can be repeated
UNCHANGING = (bool, int, float, complex, str, bytes)
BY_VALUE = (type(None), *UNCHANGING, np.ndarray, np.generic)

WARM_UP = (
    "import numpy as np\nnp.random.seed(0)\nx = np.random.default_rng(0).normal(size=(3, 3)) @ np.ones(3)",
    # closed before it is drawn: a tenth of a second, of which a child would be spared little more than what comes next
    "import matplotlib.pyplot as plt\nplt.plot([1, 2], label='a')\nplt.title('a')\nplt.legend()\nplt.close()",
    "from matplotlib.mathtext import MathTextParser\nx = MathTextParser('agg').parse('$x$')",
    "from PIL import Image\nImage.preinit()",
    "import checks_that_do_not_exist",
    "print([0.5])\n1 / 0",
    "class Shown:\n    def _repr_html_(self):\n        return 'a'\n\ndisplay(Shown(), [0.5])",
)
"""Cells that make the warm parent load what honest cells load, once instead of in every child. None has a last value,
which IPython would remember."""


class _Hook(DisplayHook):
    """The value of a cell's last expression becomes an execute_result."""

    def quiet(self) -> bool:
        return self.semicolon_at_end_of_expression(self.shell.cell_source)

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: object = None) -> None:
        self.shell.outputs.rich("execute_result", format_dict, count=self.prompt_count)

    def log_output(self, format_dict: object) -> None:
        pass

    def finish_displayhook(self) -> None:
        self._is_active = False


class _Publisher(DisplayPublisher):
    """What `display()` and Matplotlib publish becomes display_data."""

    def publish(
        self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any
    ) -> None:
        display_id = transient.get("display_id") if isinstance(transient, dict) else None
        self.shell.outputs.rich("display_data", data, display_id=display_id, update=update)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear(wait)


class _Compiler(CachingCompiler):
    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return failure.CELL.format(number)


# a line that can have IPython's own syntax: %magic, !command, ?help and the like begin it or follow "=", help? ends it
_OWN_SYNTAX = re.compile(r"\s*[%!?,;/]|.*=\s*[%!]|.*\?\s*$", re.DOTALL)


class Transformers(TransformerManager):
    """Leaves plain Python as it is. IPython would take it into tokens first, which is half of a cell's time."""

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        return super().do_token_transforms(lines) if any(map(_OWN_SYNTAX.match, lines)) else lines


class Shell(InteractiveShell):
    """An IPython shell without a terminal, a history file or a network."""

    input_transformer_manager = Instance(Transformers, ())
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    compiler_class = Type(_Compiler)
    outputs: Outputs
    cell_source = ""

    def enable_gui(self, gui: object = None) -> None:
        """`%matplotlib inline` asks for it; there is no GUI."""

    def ask_exit(self) -> None:
        """`exit` in a cell: a notebook does not end because of it."""

    def should_run_async(self, raw_cell: str, *, transformed_cell: str, **how: Any) -> bool:
        """IPython compiles each cell once more to see whether it awaits anything."""
        if "await" not in transformed_cell and "async" not in transformed_cell:
            return False
        return super().should_run_async(raw_cell, transformed_cell=transformed_cell, **how)

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        error = exc_tuple[1] if exc_tuple else sys.exc_info()[1]
        if error is not None:
            message = failure.message_of(error)
            self.outputs.error(failure.class_of(error), message, failure.traceback_of(error))

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        self.showtraceback()

    showindentationerror = showsyntaxerror

    def _format_exception_for_storage(self, *_: Any, **__: Any) -> dict[str, Any]:
        """IPython would format every traceback a second time, for a history that nobody reads."""
        return {}


def warm(limits: Limits) -> Shell:
    """The shell, with Matplotlib's inline backend on and everything that a first cell would load already loaded."""
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.enable_tip = False
    outputs = Outputs(limits)
    Shell.outputs = outputs
    shell: Shell = Shell.instance(config=config)
    shell.run_line_magic("matplotlib", "inline")
    sys.stdout, sys.stderr = Stream(outputs, "stdout"), Stream(outputs, "stderr")  # type: ignore[assignment]
    sys.displayhook = shell.displayhook
    names = dict(shell.user_ns)
    for cell in WARM_UP:
        shell.run_cell(cell)
    shell.user_ns.clear()
    shell.user_ns.update(names)
    outputs.__init__(limits)  # type: ignore[misc]
    return shell


class Unreachable(Exception):
    """A call of a batch needs what an earlier one did not return."""


class Session:
    """The verbs. Each takes and returns plain data; objects that are not stay here, behind handles."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.kept: dict[int, object] = {}
        self.numbers: dict[int, int] = {}  # id() of a kept object -> its number
        self.batch: list[object] | None = None  # what the calls of the running batch returned, in order

    def keep(self, value: object) -> Handle:
        number = self.numbers.setdefault(id(value), len(self.kept) + 1)
        self.kept[number] = value  # kept for good, so its id() is not used again
        return Handle(number, type_name(value))

    def resolve(self, number: int) -> object:
        """The object behind a handle. A negative number is an item of what an earlier call of the batch returned."""
        if number > 0:
            return self.kept[number]
        call, item = earlier_item(number)
        result = self.batch[call] if self.batch is not None and call < len(self.batch) else None
        if not isinstance(result, tuple) or item >= tuple.__len__(result):
            raise Unreachable
        return tuple.__getitem__(result, item)

    def resolved(self, value: Any) -> Any:
        """Plain data with the objects behind its handles."""
        if type(value) is Handle:
            return self.resolve(value.id)
        if type(value) is list or type(value) is tuple:
            return type(value)(map(self.resolved, value))
        if type(value) is dict:
            return {key: self.resolved(item) for key, item in value.items()}
        return value

    def run_cell(self, source: str) -> dict[str, Any]:
        shell, outputs = self.shell, self.shell.outputs
        shell.cell_source = source
        outputs.begin()
        started = time.thread_time()
        result = shell.run_cell(source, store_history=True)
        cpu = time.thread_time() - started
        error = result.error_before_exec or result.error_in_exec
        found = failure.describe(error) if error is not None else None
        return {"outputs": outputs.finish(), "ok": error is None, "error": found, "cpu": cpu}

    def lookup(self, name: str) -> dict[str, Any]:
        if name not in self.shell.user_ns:
            return {"kind": "missing"}
        value = self.shell.user_ns[name]
        if isinstance(value, ModuleType):
            return {"kind": "module", "name": str(ModuleType.__getattribute__(value, "__name__"))[:200]}
        return {"kind": "function"} if callable(value) else {"kind": "value", "value": value}

    def call(self, target: str | int, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Call a function by name or handle; the reply has the result and what the call left in its arguments."""
        args, kwargs = self.resolved(args), self.resolved(kwargs)
        self.shell.outputs.begin()  # output of calls is bounded like that of cells, and dropped
        before = [_content(arg) for arg in args], {name: _content(arg) for name, arg in kwargs.items()}
        value = None
        started = time.thread_time()
        try:
            function: Any = self.kept[target] if isinstance(target, int) else self.shell.user_ns[target]
            value = function(*args, **kwargs)
        except BaseException as error:
            return {"error": failure.describe(error)}
        finally:
            cpu = time.thread_time() - started
            if self.batch is not None:
                self.batch.append(value)
            self.shell.outputs.begin()
        reply = {"value": self.result(value), "cpu": cpu}
        left = [self.left(arg, was) for arg, was in zip(args, before[0], strict=True)]
        if any(item is not None for item in left):
            reply["args"] = left
        if kwargs:
            reply["kwargs"] = {name: self.left(arg, before[1][name]) for name, arg in kwargs.items()}
        return reply

    def result(self, value: Any) -> Any:
        """A tuple comes back with its arrays and numbers by value; whatever else is in it (a cache) stays."""
        if isinstance(value, tuple):
            return tuple(item if isinstance(item, BY_VALUE) else self.keep(item) for item in tuple.__iter__(value))
        return value

    def left(self, argument: object, before: tuple[Any, ...] | None) -> object:
        """What the call left in an argument: None for what is as it was, or came in as a handle."""
        if before is not None and _content(argument) == before:
            return None
        return None if type(argument) in UNCHANGING or id(argument) in self.numbers else argument


def _content(argument: object) -> tuple[Any, ...] | None:
    """All there is to an array (type, shape, elements), None for anything else."""
    if type(argument) is not np.ndarray or argument.dtype.hasobject:
        return None
    return argument.dtype, argument.shape, argument.tobytes()


def reseed() -> None:
    """NumPy's global generator and `random`: the same start for every child."""
    import random

    np.random.seed(SEED)
    random.seed(SEED)


def no_input(prompt: object = "") -> str:
    raise EOFError("input() cannot be used: nobody is there to answer")


def settle() -> None:
    """The last touches before the first child, when all is imported."""
    builtins.input = no_input
    reseed()
