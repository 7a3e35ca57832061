#!/usr/bin/env python3
"""Stands in for the shell tool of Gemini CLI.   usage: gemini.py ([@DIR] COMMAND)…

Calls a shell as Gemini CLI does, by its public source (https://github.com/google-gemini/gemini-cli, Apache-2.0); none of
it is in here.
- The shell is `bash` on the `PATH`, called as `bash -c TEXT` (packages/core/src/utils/shell-utils.ts).
- TEXT puts shell options before the command (packages/core/src/services/shellExecutionService.ts) and the processes
  that it leaves behind into a file of a new directory (packages/core/src/tools/shell.ts).
- The model names the directory of each call: here `@DIR` stands for that.
"""
import os
import pathlib
import random
import shutil
import string
import subprocess
import sys

OPTIONS = "shopt -u promptvars nullglob extglob nocaseglob dotglob;"


def run(command, cwd):
    place = pathlib.Path("/tmp/gemini-shell-" + "".join(random.choices(string.ascii_letters + string.digits, k=6)))
    place.mkdir(mode=0o700)
    kept = place / "bgpids.tmp"
    text = (f"{OPTIONS} _bgpids_file={kept}\n(\n  trap 'jobs -p > \"$_bgpids_file\"' EXIT\n"
            f"{command.strip()}\n)\n__code=$?\nexit $__code")
    env = {**os.environ, "GEMINI_CLI": "1", "TERM": "xterm-256color", "PAGER": "cat"}
    done = subprocess.run(["bash", "-c", text], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=120, process_group=0, check=False)
    left = kept.read_text().split() if kept.exists() else None
    shutil.rmtree(place)
    return done, left


def main():
    cwd = os.getcwd()
    for arg in sys.argv[1:]:
        if arg.startswith("@"):
            cwd = os.path.join(cwd, arg[1:])
            continue
        print(f"> {arg}", flush=True)
        done, left = run(arg, cwd)
        sys.stdout.buffer.write(done.stdout)
        print(f"[exit {done.returncode}]", flush=True)
        if left:
            print(f"[{len(left)} left in the background]", flush=True)


main()
