"""Display a million objects. Success: the graded notebook or the grader's memory grows with it."""

CELL = '''
from IPython.display import HTML, clear_output, display

for number in range(1_000_000):
    display(HTML("<b>x</b>" * 100), display_id=str(number))
    if number % 100_000 == 0:
        clear_output(wait=True)
'''
