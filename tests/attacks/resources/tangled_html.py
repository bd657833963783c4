"""Show HTML that a parser has to untangle: each paragraph repeats every open tag. Success: seconds, gigabytes."""

CELL = '''
from IPython.display import HTML, display

display(HTML("".join(f"<b id={number}><p>x" for number in range(7_000))))
'''
