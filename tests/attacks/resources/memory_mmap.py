"""Map anonymous memory, private and shared. Success: more than the limit is had."""

CELL = '''
import mmap

kept = []
for flags in (mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS):
    for number in range(30):
        try:
            kept.append(mmap.mmap(-1, 100 << 20, flags=flags))
        except (OSError, MemoryError):
            break
        kept[-1].write(b"x" * (100 << 20))
        if len(kept) > 12:
            print("breach" + "ed: MiB mapped", 100 * len(kept))
'''
