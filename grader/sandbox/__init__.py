"""Runs student code where it can do no harm, and brings plain data out. The trusted side starts at `host`.

Trusted: `host`, `warm`, `child`, `replies`, `launch`, `pythonview`, `doctor`. Inside the sandbox: `zygote`, `confine`,
`seccomp`, `shell`, `outputs`, `failure`. On both sides: `wire`, `batch`, `limits`, `layers`.
"""
