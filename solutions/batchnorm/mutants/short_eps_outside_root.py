"""Question 8.2 with eps after the root: 0.01 / 1e-5."""
# kind: formula
# diagnosed as: short-eps-outside-root


def short_answers():
    return 0, 1000, 6, -9
