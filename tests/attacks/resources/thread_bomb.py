"""Start thousands of threads. Success: more run than the limit allows, or the machine is out of them."""

CELL = '''
import threading
import time

for number in range(5000):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    if number > 200:
        print("breach" + "ed: threads", number)
        break
'''
