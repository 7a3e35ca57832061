#!/usr/bin/env python3
"""Stands in for the shell tool of Codex.   usage: codex.py [--snapshot] ([@DIR] COMMAND)…

Calls a shell as Codex does, by its public source (https://github.com/openai/codex, Apache-2.0); none of it is in here.
- The shell is that of the password database, if it is called bash, zsh or sh (codex-rs/core/src/shell.rs).
- A command is `SHELL -lc COMMAND`. The model names the directory of each call: here `@DIR` stands for that.
- With `--snapshot` the shell's definitions are kept in a file at the start, within 10 s, or there is none
  (codex-rs/core/src/shell_snapshot.rs); each command then comes as `SHELL -c` of a text that sources the file and calls
  the shell again (codex-rs/core/src/tools/runtimes/mod.rs, `maybe_wrap_shell_lc_with_snapshot`).
"""
import os
import pathlib
import pwd
import subprocess
import sys
import time
import uuid

HOME = pathlib.Path.home()
DEFINITIONS = "echo '# Snapshot file'; unalias -a 2>/dev/null || true; declare -f; alias -p; declare -xp EDITOR PATH"


def shell():
    path = pwd.getpwuid(os.getuid()).pw_shell
    return path if os.path.basename(path) in ("bash", "zsh", "sh") else "/bin/sh"


def call(args, cwd, limit):
    env = {**os.environ, "CODEX_THREAD_ID": "1", "EDITOR": os.environ.get("EDITOR", "vi")}
    return subprocess.run([shell(), *args], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=limit, process_group=0, check=False)


def make_snapshot():
    path = HOME / ".codex/shell_snapshots" / f"{uuid.uuid4()}.{time.time_ns()}.sh"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        done = call(["-lc", DEFINITIONS], os.getcwd(), 10)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode != 0:
        return None
    path.write_bytes(done.stdout)
    return path


def quoted(text):
    return "'" + text.replace("'", "'\"'\"'") + "'"


def run(command, cwd, snapshot):
    if snapshot is None:
        return call(["-lc", command], cwd, 120)
    kept = ('__CODEX_SNAPSHOT_OVERRIDE_SET_0="${CODEX_THREAD_ID+x}"\n'
            '__CODEX_SNAPSHOT_OVERRIDE_0="${CODEX_THREAD_ID-}"')
    put = ('if [ -n "${__CODEX_SNAPSHOT_OVERRIDE_SET_0}" ]; then export CODEX_THREAD_ID="${__CODEX_SNAPSHOT_OVERRIDE_0}"; '
           "else unset CODEX_THREAD_ID; fi")
    source = f"if . {quoted(str(snapshot))} >/dev/null 2>&1; then :; fi"
    text = "\n\n".join([kept, source, put, f"exec {quoted(shell())} -c {quoted(command)}"])
    return call(["-c", text], cwd, 120)


def main():
    args = sys.argv[1:]
    snapshot = None
    if args[:1] == ["--snapshot"]:
        args.pop(0)
        snapshot = make_snapshot()
        print("start-up:", "a snapshot" if snapshot else "no snapshot", flush=True)
    cwd = os.getcwd()
    for arg in args:
        if arg.startswith("@"):
            cwd = os.path.join(cwd, arg[1:])
            continue
        print(f"> {arg}", flush=True)
        done = run(arg, cwd, snapshot)
        sys.stdout.buffer.write(done.stdout)
        print(f"[exit {done.returncode}]", flush=True)
    if snapshot:
        snapshot.unlink()


main()
