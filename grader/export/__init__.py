"""Grades in the forms that other systems take: Canvas, Moodle, a row per check, Gradescope. Reads, never grades."""
