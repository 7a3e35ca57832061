#!/usr/bin/env python3
"""Stands in for `/run` of Aider.   usage: aider.py COMMAND…

Calls a shell as Aider does, by its public source (https://github.com/Aider-AI/aider, Apache-2.0, aider/run_cmd.py); none
of it is in here: `$SHELL -i -c COMMAND` on a pseudo-terminal of its own (`-c` alone until 2025), what it prints is passed
on as it comes, and so is what the person types. Every command starts in the directory in which Aider was started.
"""
import os
import pty
import sys


def main():
    shell = os.environ.get("SHELL", "/bin/sh")
    before = os.environ.get("AIDER_WITHOUT_I", "") != ""
    for command in sys.argv[1:]:
        print(f"> {command}", flush=True)
        status = pty.spawn([shell, *([] if before else ["-i"]), "-c", command])
        print(f"[exit {os.waitstatus_to_exitcode(status)}]", flush=True)


main()
