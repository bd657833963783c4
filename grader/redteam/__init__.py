"""Hostile submissions, run through the real path: none may gain a point, read a secret, or outlive its run.

An attack is one Python file, FAMILY/NAME.py. Its docstring says what is tried and what success would be. It defines
exactly one of

    CELL      text: the code of a cell in front of the first stub; the stubs stay as released
    ANSWER    text: the code of every stub; the word ANSWER in it stands for the name of the asked function
    make      function (notebook, folder) -> notebook | bytes | None: for attacks that are no code. `notebook` is the
              released one as plain JSON data, `folder` where the submission is to lie; None: `make` wrote it itself

and may define

    HONEST    text like ANSWER: the same answer without the trick (else: a function that returns None). What it earns
              is right; the attack may not earn more
    STUDENT   text: the name of the student's folder, where that is the attack
    NBGRADER  True: also through `nbgrader autograde`

Hostile code stands in text, so that importing a file runs none of it. The text only ever runs in the sandbox.

What counts as success is the same for all (`signs`, `scene`): more points than the untouched release or `HONEST`, a
planted secret in anything that is written, "breached: ..." printed by an attack that got through a wall, another
student's result changed, something left behind, a run that stops, too much time or memory of the trusted side, or an
output that runs when it is opened.
"""

from .attack import answer, attack_files, code_cell, load_attack
from .run import AttackReport, run_redteam

__all__ = ["AttackReport", "answer", "attack_files", "code_cell", "load_attack", "run_redteam"]
