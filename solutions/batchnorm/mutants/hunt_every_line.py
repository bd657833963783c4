"""Every line of the listing called wrong."""
# kind: formula
# diagnosed as: hunt-false-alarm


def bug_hunt():
    return tuple(range(1, 40))
