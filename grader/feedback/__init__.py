"""The page each student gets back: made from the verdict, the autograded notebook and the gradebook; runs nothing."""
