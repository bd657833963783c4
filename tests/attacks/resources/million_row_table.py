"""Show a table of a million rows. Success: the graded notebook cannot be opened any more."""

CELL = '''
from IPython.display import HTML, display


class Table:
    def _repr_html_(self):
        return "<table>" + "<tr><td>1</td><td>2</td></tr>" * 1_000_000 + "</table>"

    def __repr__(self):
        return "1 2\\n" * 1_000_000


display(Table())
Table()
'''
