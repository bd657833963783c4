"""Can everybody read the table: in a terminal, in a page of either colour, with a screen reader?"""

import html.parser
import re

import check_table
from check_table import Row, Table, times

from grader.verdict import times as on_the_page


def a_table():
    return Table(
        "Forward <pass>",
        [
            Row("a", "first", "PASS", 1.0, 1.0, ratio=0.25, where="<i>", got="1.5", expected="1.5"),
            Row("b", "second & last", "FAIL", 0.0, 2.0, message="b is <wrong>.", hint="Why?", ratio=4e6, got="2"),
            Row("c", "third", "NOT_ATTEMPTED", 0.0, 0.5, message="not written yet"),
        ],
    )


def test_plain_text_has_aligned_columns_and_one_question():
    """Is the table readable where no HTML is shown?"""
    lines = repr(a_table()).splitlines()
    assert lines[0] == "Forward <pass>: 1 of 3.5 points"
    assert len({line.find("  ", 0) for line in lines[3:4]}) == 1
    starts = [match.start() for match in re.finditer("-+", lines[3])]
    for line in (lines[2], *lines[4:7]):
        assert all(start == 0 or line[start - 1 : start].strip() == "" for start in starts)
    assert repr(a_table()).count("Ask yourself") == 1
    assert "Look here first: second & last. b is <wrong>." in repr(a_table())


def test_wide_letters_keep_the_columns_aligned():
    """Do Korean titles, whose letters take two columns, leave the next column where it is?"""
    text = repr(Table("표", [Row("a", "평균", "PASS", 1.0, 1.0, got="1"), Row("b", "mean", "PASS", 1.0, 1.0, got="2")]))
    first, second = text.splitlines()[4:6]
    assert check_table._width(first[: first.index("1")]) == check_table._width(second[: second.index("2")])


class Outline(html.parser.HTMLParser):
    """Tags in order, and what is still open."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.attributes = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.open.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_html_is_a_real_table_with_headers():
    """Does a screen reader know which cell belongs to which heading?"""
    outline = Outline(a_table()._repr_html_())
    assert outline.open == []
    assert outline.tags.count("caption") == 1
    assert outline.tags.count("tr") == 4
    assert outline.attributes.count(("th", "scope", "col")) == 7
    assert outline.attributes.count(("th", "scope", "row")) == 3


def test_html_says_the_status_in_words_and_runs_nothing():
    """Is colour only an addition, and is text of the student only text?"""
    text = a_table()._repr_html_()
    assert ">PASS<" in text
    assert ">FAIL<" in text
    assert ">NOT ATTEMPTED<" in text
    assert "Forward &lt;pass&gt;" in text
    assert "second &amp; last" in text
    assert "&lt;i&gt;" in text
    assert "<script" not in text
    assert not re.search(r"(?<![-\w])color\s*:", text)  # letters keep the colour of the page, light or dark


def test_ratios_are_said_as_people_say_them():
    """Are small and large ratios both short?"""
    ratios = 0, 0.3, 0.014, 3.14, 39.9, 123, 4.2e6, 9e13, 1e-5
    for spelt in (times, on_the_page):  # one card shows both
        assert [spelt(ratio) for ratio in ratios] == ["0", "0.3", "0.014", "3.1", "40", "123", "4e6", "9e13", "1e-5"]


def test_a_table_without_points_has_no_empty_columns():
    """Is the first check of the notebook as short as what it has to say?"""
    table = Table("Is everything here?", [Row("python", "Python", "PASS", 0.0, 0.0, got="3.13")])
    assert repr(table).splitlines()[2].split() == ["status", "check", "got"]
    assert table._repr_html_().count('scope="col"') == 3
