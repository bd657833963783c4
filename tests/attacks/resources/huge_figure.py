"""Draw a figure of a hundred thousand pixels square. Success: its image reaches the notebook, or memory is had."""

CELL = '''
import matplotlib.pyplot as plt

plt.figure(figsize=(1000, 1000), dpi=100)
plt.plot([1, 2])
plt.show()
'''
