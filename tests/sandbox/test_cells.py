"""Do cells run as they would in Jupyter, and come back as nbformat outputs?"""

from __future__ import annotations

import base64

import nbformat
import pytest

from grader.sandbox.host import BadReply, Child, LimitHit, Limits, RemoteError, Sandbox


def text_of(child: Child, source: str) -> str:
    """What a cell prints; it must not fail."""
    run = child.run_cell(source)
    assert run.ok, run.error
    return "".join(output["text"] for output in run.outputs if output["output_type"] == "stream")


def test_printed_text_and_the_last_value_come_back_in_order(child: Child) -> None:
    """Is a cell's output what Jupyter would show?"""
    run = child.run_cell(
        "import sys\nprint('one')\nprint('two')\nprint('three', file=sys.stderr)\nprint('four')\n6 * 7"
    )
    assert run.ok
    assert run.error is None
    assert run.outputs == [
        {"output_type": "stream", "name": "stdout", "text": "one\ntwo\n"},
        {"output_type": "stream", "name": "stderr", "text": "three\n"},
        {"output_type": "stream", "name": "stdout", "text": "four\n"},
        {"output_type": "execute_result", "data": {"text/plain": "42"}, "metadata": {}, "execution_count": 1},
    ]


def test_cells_share_names_and_count_on(child: Child) -> None:
    """Does a second cell see the first one's names, and carry the next number?"""
    child.run_cell("x = 5")
    assert child.run_cell("x").outputs[0]["execution_count"] == 2
    assert child.run_cell("_ + Out[2] + _2").outputs[0]["data"]["text/plain"] == "15"
    assert text_of(child, "print(In[1])") == "x = 5\n"


def test_a_trailing_semicolon_hides_the_value(child: Child) -> None:
    """`plt.plot(x);` is an idiom: is the list of lines left out?"""
    assert child.run_cell("1 + 1;").outputs == []
    assert child.run_cell("1 + 1;  # why not").outputs == []


def test_figures_come_back_as_images(child: Child) -> None:
    """Does a plot arrive as a PNG, with and without plt.show(), and with the magic that many notebooks start with?"""
    child.run_cell("%matplotlib inline\nimport matplotlib.pyplot as plt")
    for source in ("plt.plot([1, 2]);", "plt.plot([1, 2])\nplt.show()", "fig, ax = plt.subplots()\nax.plot([1, 2]);"):
        run = child.run_cell(source)
        assert run.ok, run.error
        (image,) = [o for o in run.outputs if o["output_type"] == "display_data"]
        assert base64.b64decode(image["data"]["image/png"]).startswith(b"\x89PNG")


def test_outputs_are_valid_nbformat(child: Child) -> None:
    """Could what comes back be written into a notebook as it is?"""
    sources = [
        "print('x')",
        "from IPython.display import *\ndisplay(HTML('<b>x</b>'), Markdown('*x*'), JSON({'a': [1, None]}))",
        "display(Image(data=b'\\x89PNG', format='png'))",
        "import matplotlib.pyplot as plt\nplt.plot([1]);",
        "1 / 0",
        "x =",
        "class Odd:\n    def _repr_mimebundle_(self, **_): return {'text/plain': 3, 'a/b': {1: 2}, 5: 'x'}\nOdd()",
    ]
    cells = []
    for source in sources:
        outputs = [nbformat.from_dict(output) for output in child.run_cell(source).outputs]
        cells.append(nbformat.v4.new_code_cell(source, outputs=outputs))
    nbformat.validate(nbformat.v4.new_notebook(cells=cells))


def test_displays_can_be_updated_and_cleared(child: Child) -> None:
    """A progress bar rewrites its own output: is only the last state kept?"""
    source = "from IPython.display import display, clear_output\nh = display(1, display_id=True)\nh.update(2)"
    assert [o["data"]["text/plain"] for o in child.run_cell(source).outputs] == ["2"]
    assert child.run_cell("print('old')\nclear_output(wait=True)\nprint('new')").outputs[0]["text"] == "new\n"
    assert child.run_cell("print('old')\nclear_output()").outputs == []


def test_an_exception_is_an_output_with_the_students_line(child: Child) -> None:
    """Can a student see where it happened, without the interpreter's inside and without colours?"""
    child.run_cell("def f(x):\n    return x / 0")
    run = child.run_cell("print('before')\nf(1)")
    assert not run.ok
    assert run.error == "ZeroDivisionError: division by zero"
    assert run.outputs[1] == {
        "output_type": "error",
        "ename": "ZeroDivisionError",
        "evalue": "division by zero",
        "traceback": [
            "Cell 2, line 2",
            "    f(1)",
            "Cell 1, line 2, in f",
            "    return x / 0",
            "ZeroDivisionError: division by zero",
        ],
    }


def test_a_syntax_error_is_an_output(child: Child) -> None:
    """Is a cell that does not parse told apart from one that fails, with its line?"""
    run = child.run_cell("x = 1\ndef f(:\n    pass")
    assert not run.ok
    assert run.outputs[0]["ename"] == "SyntaxError"
    assert run.outputs[0]["traceback"][:2] == ["Cell 1, line 2", "    def f(:"]
    assert child.run_cell("  x = 1\n y = 2").outputs[0]["ename"] == "IndentationError"


HOSTILE_EXCEPTIONS = {
    "str raises": "class E(Exception):\n def __str__(self): raise SystemExit\nraise E",
    "str is no string": "class E(Exception):\n def __str__(self): return 3\nraise E",
    "str is endless": "class E(Exception):\n def __str__(self): return 'x' * 10_000_000\nraise E",
    "name lies": "class M(type):\n __name__ = property(lambda c: 1/0)\nclass E(Exception, metaclass=M): pass\nraise E",
    "own traceback": "class E(Exception):\n def _render_traceback_(self): raise SystemExit\nraise E",
    "getattribute raises": "class E(Exception):\n def __getattribute__(self, n): raise SystemExit\nraise E",
    "system exit": "raise SystemExit(3)",
    "keyboard interrupt": "raise KeyboardInterrupt",
    "base exception": "class E(BaseException): pass\nraise E",
    "generator exit": "raise GeneratorExit",
    "recursion": "def f(): return f()\nf()",
    "deep chain": "e = None\nfor i in range(100000):\n n = ValueError(i); n.__context__ = e; e = n\nraise e",
    "group": "raise ExceptionGroup('many', [ValueError(1), TypeError(2)])",
    "lying line number": "class E(SyntaxError): lineno = property(lambda s: 'x'); text = 5; msg = 7\nraise E('x')",
    "traceback of a lying file": "exec(compile('1/0', '<cell 99>', 'exec'))",
}


@pytest.mark.parametrize("source", HOSTILE_EXCEPTIONS.values(), ids=HOSTILE_EXCEPTIONS.keys())
def test_every_exception_is_survived(child: Child, source: str) -> None:
    """Is there an exception that ends the child instead of its cell?"""
    run = child.run_cell(source)
    assert not run.ok
    assert run.error
    assert len(run.error) < 3000
    assert "error" in [output["output_type"] for output in run.outputs]
    assert child.run_cell("1 + 1").ok


def test_an_exception_without_a_readable_message_keeps_its_name(child: Child) -> None:
    """Does an exception whose `str()` raises still say what it is, from a cell and from a call?"""
    child.run_cell("class E(Exception):\n    def __str__(self): raise SystemExit\ndef f(): raise E")
    assert child.run_cell("f()").error == "E: (the exception has no readable message)"
    with pytest.raises(RemoteError, match=r"E: \(the exception has no readable message\)"):
        child.call("f")


def test_the_end_of_a_session_is_not_the_end_of_the_child(child: Child) -> None:
    """`exit`, `quit()` and Jupyter's restart idioms stand in notebooks by mistake: are they harmless?"""
    for source in ("exit", "quit()", "get_ipython().ask_exit()"):
        child.run_cell(source)
        assert child.run_cell("1 + 1").ok


def test_reading_the_keyboard_fails_at_once(child: Child) -> None:
    """Does `input()` fail, rather than wait for nobody?"""
    run = child.run_cell("input('name? ')")
    assert run.error == "EOFError: input() cannot be used: nobody is there to answer"
    assert child.run_cell("import sys; print(repr(sys.stdin.read()))").outputs[0]["text"] == "''\n"


def test_a_flood_of_output_is_cut_and_said_so(released: object) -> None:
    """Is a cell that prints without end bounded, and does the next one still print?"""
    limits = Limits(cell_output_bytes=10_000, submission_output_bytes=25_000)
    with Sandbox.start(files=None, limits=limits) as sandbox, sandbox.child() as child:
        for source in (
            "for i in range(10**5): print(i)",
            "print('x' * 10**6)",
            "import sys; sys.stderr.write('é' * 9999)",
        ):
            run = child.run_cell(source)
            assert run.ok
            assert sum(len(output["text"].encode()) for output in run.outputs) < 10_100
            assert "Output cut off here" in run.outputs[-1]["text"]
        run = child.run_cell("1 / 0")
        assert run.outputs[-1]["ename"] == "ZeroDivisionError"


def test_many_small_outputs_are_bounded(child: Child) -> None:
    """Outputs have a cost of their own: is their number bounded?"""
    run = child.run_cell("for i in range(5000): display(i)")
    assert run.ok
    assert len(run.outputs) == 1001
    run = child.run_cell("for i in range(50_000): get_ipython().showtraceback((ValueError, ValueError(i), None))")
    assert len(run.outputs) < 3000


def test_random_numbers_start_the_same_in_every_child(sandbox: Sandbox) -> None:
    """Does a notebook that draws without a seed give the same result when it is graded again?"""
    source = "import random, numpy as np; print(random.random(), np.random.rand(), hash('a'))"
    with sandbox.child() as first, sandbox.child() as second:
        assert text_of(first, source) == text_of(second, source)


def test_children_do_not_share_anything(sandbox: Sandbox) -> None:
    """Does one submission's patch, file or environment reach the next?"""
    with sandbox.child() as first:
        text_of(first, "import os, helper, numpy as np\nnp.mean = None\nhelper.triple = None\nos.environ['X'] = 'x'")
        text_of(first, "for d in ('.', '/tmp', '/dev/shm'): open(d + '/left', 'w').write('x')")
        with sandbox.child() as second:
            left = "[os.path.exists(d + '/left') for d in ('.', '/tmp', '/dev/shm')]"
            found = text_of(
                second, f"import os, helper, numpy as np; print(np.mean, helper.triple, 'X' in os.environ, {left})"
            )
            assert "None" not in found
            assert "True" not in found


def test_files_lie_where_a_notebook_expects_them(sandbox: Sandbox) -> None:
    """Are released and submitted files in the working folder and importable, and does the released one count?"""
    files = {"mine.py": b"y = 1", "data/x.txt": b"deep", "helper.py": b"raise Exception('forged')", "data": b"clash"}
    with sandbox.child(submitted_files=files) as child:
        assert text_of(child, "import helper, mine; print(helper.triple(2), mine.y)") == "6 1\n"
        assert text_of(child, "print(open('numbers.csv').read(), open('data/x.txt').read())") == "1,2,3\n deep\n"
        assert set(child.skipped_files) == {"helper.py", "data"}
        assert not child.run_cell("open('helper.py', 'a')").ok


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a//b", ".", "a\0b", "a\nb", "x" * 300])
def test_names_that_lead_out_are_refused(sandbox: Sandbox, name: str) -> None:
    """Can a submitted file's name reach beyond the working folder?"""
    with pytest.raises(ValueError, match="lead out"):
        sandbox.child(submitted_files={name: b""})


def test_threads_and_async_cells_work(child: Child) -> None:
    """Honest code may use a few threads, or await: does it run?"""
    assert (
        text_of(child, "import threading\nt = threading.Thread(target=print, args=(1,))\nt.start(); t.join()") == "1\n"
    )
    assert child.run_cell("import asyncio\nawait asyncio.sleep(0.001)\n5").outputs[0]["data"]["text/plain"] == "5"
    assert (
        text_of(child, "from concurrent.futures import ThreadPoolExecutor as T\nprint(sum(T(4).map(abs, range(9))))")
        == "36\n"
    )


def test_magics_that_need_no_process_work(child: Child) -> None:
    """%timeit, %%time, %%writefile and %run occur in notebooks: do they run?"""
    assert "loop" in text_of(child, "%timeit -n1 -r1 sum([1])")
    assert "Wall time" in text_of(child, "%%time\nx = 1")
    assert text_of(child, "%%writefile own.py\nz = 4") == "Writing own.py\n"
    assert text_of(child, "%run own.py\nprint(z)\nimport own; print(own.z)") == "4\n4\n"


def test_a_shell_command_fails_and_says_why(child: Child) -> None:
    """`!pip install x` stands in many notebooks: does only its cell fail?"""
    run = child.run_cell("!pip install numpy")
    assert not run.ok
    assert child.run_cell("import subprocess; subprocess.run(['ls'])").error is not None
    assert child.run_cell("1 + 1").ok


def test_a_cell_that_never_ends_is_stopped(sandbox: Sandbox) -> None:
    """Is a loop that swallows every exception stopped by the one who holds the clock?"""
    with sandbox.child() as child, pytest.raises(LimitHit) as caught:
        child.run_cell("while True:\n    try:\n        while True: pass\n    except BaseException: pass", seconds=0.5)
    assert caught.value.limit == "cell_seconds"
    assert caught.value.value == 0.5
    assert "0.5 seconds for one cell" in caught.value.message


def test_cells_sent_together_come_back_as_if_sent_one_by_one(child: Child) -> None:
    """Does nobody notice that cells do not wait for each other's answers, even where a socket could not hold them?"""
    sources = ["x = 1", f"x += 1\ntext = {'y' * 100_000!r}", "1 / 0", "print(len(text))\nx", "x +"]
    runs = list(child.run_cells(sources, lambda: 5.0))
    assert [run.ok for run in runs] == [True, True, False, True, False]
    assert [output["output_type"] for output in runs[3].outputs] == ["stream", "execute_result"]
    assert runs[3].outputs[1]["data"]["text/plain"] == "2"
    assert "ZeroDivisionError" in runs[2].error
    assert child.run_cell("x").outputs[0]["execution_count"] == 6


def test_a_cell_that_hangs_keeps_what_ran_before_it(child: Child) -> None:
    """Is each cell on the clock by itself?"""
    sources = ["import time\ntime.sleep(0.2)\n1", "time.sleep(0.2)\n2", "while True: pass", "4"]
    seen = []
    with pytest.raises(LimitHit):
        seen.extend(child.run_cells(sources, lambda: 0.35))  # `extend` keeps what came before the error
    assert not child.alive
    assert [run.outputs[0]["data"]["text/plain"] for run in seen] == ["1", "2"]


def test_a_cell_that_steals_the_next_ones_from_the_socket_harms_itself_alone(child: Child) -> None:
    """What does a cell gain that reads the requests lying there, and answers them itself?"""
    thief = "import os, struct\ndata = os.read(3, 1 << 20)\nos.write(3, struct.pack('<QQ', 2, 7) + b'{}')"
    with pytest.raises((BadReply, LimitHit)):
        list(child.run_cells([thief, "print('me')"], lambda: 1.0))
    assert not child.alive
