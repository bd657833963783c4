"""The instructor's page of a class: made from verdicts, autograded notebooks and the gradebook; runs nothing."""
