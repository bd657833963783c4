"""Fill the heap. Success: more than the limit is had."""

CELL = '''
kept = []
for number in range(40):
    kept.append(b"x" * (100 << 20))
    if number > 15:
        print("breach" + "ed: MiB of heap", 100 * number)
'''
