"""Runs student code where it can do no harm, and brings plain data out. The trusted side starts at `host`.

Two sides live in this folder. Trusted: `host`, `child`, `launch`, `pythonview`, `doctor`. Inside the sandbox:
`zygote`, `confine`, `seccomp`, `shell`, `outputs`, `failure`. Both: `wire`, `limits`, `layers`.
"""
