"""Question 8.1 answered as if the bias reached the loss."""
# kind: formula
# diagnosed as: nothing


def short_answers():
    return 1.0, 3.162, 6.0, -9.0
