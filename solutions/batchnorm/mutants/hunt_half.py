"""Four of the eight wrong lines found."""
# kind: formula
# diagnosed as: hunt-too-few


def bug_hunt():
    return 5, 18, 23, 27
