"""Question 8.3 with a bias that has not been moved by running_mean."""
# kind: formula
# diagnosed as: fold-mean-missing


def short_answers():
    return 0.0, 3.16, 6.0, 4 * 0.5 + 1
