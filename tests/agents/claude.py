#!/usr/bin/env python3
"""Stands in for the Bash tool of Claude Code.   usage: claude.py COMMAND…

Calls a shell as Claude Code does, by what public documentation and reports say; nothing of Claude Code is in here.
- The shell is `CLAUDE_CODE_SHELL`, else `SHELL`, if its path holds `bash` or `zsh`, else /bin/bash: documentation
  (https://code.claude.com/docs/en/env-vars) and https://github.com/termaxa/termaxa/pull/92.
- At the start a script makes a snapshot of the user's shell (`bash -c -l SCRIPT`), and without one every call is a login
  shell; start-up.sh is a script of gate's own that does the same work.
- Each call sources the snapshot, runs the command in an `eval` without input and keeps the directory for the next call in
  a file of its own: https://github.com/anthropics/claude-code/issues/57450 and 62436 quote the text whole.
- `CLAUDE_CODE_SHELL_PREFIX` gets that text as one argument: https://github.com/anthropics/claude-code/issues/4399.
Unlike the real tool it passes standard error through at once, so that who watches sees whom gate waits for.
"""
import os
import pathlib
import random
import re
import subprocess
import sys
import time

HOME = pathlib.Path.home()
UNALIAS = r"{ \builtin unalias -- 'unsetenv'; \builtin unset -f -- 'unsetenv'; } >/dev/null 2>&1 || true"


def shell():
    for name in ("CLAUDE_CODE_SHELL", "SHELL"):
        path = os.environ.get(name, "")
        if ("bash" in path or "zsh" in path) and os.access(path, os.X_OK):
            return path
    return "/bin/bash"


def quoted(text):
    """As the `shell-quote` package for Node does it: quotes only where something needs them."""
    if re.search(r'["\s\\]', text) and "'" not in text:
        return f"'{text}'"
    if re.search(r"""["'\s]""", text):
        return '"' + re.sub(r'(["\\$`!])', r"\\\1", text) + '"'
    return re.sub(r"""([#!"$&'()*,:;<=>?@\[\\\]^`{|}])""", r"\\\1", text)


def call(args, cwd, limit):
    """Runs the shell in a process group of its own, as the tool does, without input."""
    env = {**os.environ, "CLAUDECODE": "1", "GIT_EDITOR": "true", "SHELL": shell()}
    return subprocess.run([shell(), *args], cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          timeout=limit, process_group=0, check=False)


def make_snapshot():
    name = "".join(random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=6))
    path = HOME / ".claude/shell-snapshots" / f"snapshot-bash-{int(time.time() * 1000)}-{name}.sh"
    path.parent.mkdir(parents=True, exist_ok=True)
    script = pathlib.Path(__file__).with_name("start-up.sh").read_text()
    script = script.replace("@SNAPSHOT@", str(path)).replace("@HOME@", str(HOME))
    try:
        done = call(["-c", "-l", script], os.getcwd(), 10)
    except subprocess.TimeoutExpired:
        return None
    return path if done.returncode == 0 and path.exists() else None


def run(command, cwd, snapshot):
    kept = pathlib.Path(f"/tmp/claude-{random.randrange(1 << 32):08x}-cwd")
    prefix = os.environ.get("CLAUDE_CODE_SHELL_PREFIX")
    glob = "shopt -u extglob 2>/dev/null || true"
    if prefix:
        glob = "{ shopt -u extglob || setopt NO_EXTENDED_GLOB NO_BARE_GLOB_QUAL; } >/dev/null 2>&1 || true"
    steps = [f"source {snapshot} 2>/dev/null || true"] if snapshot else []
    text = " && ".join([*steps, glob, UNALIAS, f"eval {quoted(command)} < /dev/null", f"pwd -P >| {kept}"])
    if prefix:
        text = f"{prefix} {quoted(text)}"
    done = call(["-c", *([] if snapshot else ["-l"]), text], cwd, 120)
    if kept.exists():
        cwd = kept.read_text().rstrip("\n")
        kept.unlink()
    return done, cwd


def main():
    cwd = os.getcwd()
    snapshot = make_snapshot()
    print("start-up:", "a snapshot" if snapshot else "no snapshot", flush=True)
    for command in sys.argv[1:]:
        print(f"> {command}", flush=True)
        done, cwd = run(command, cwd, snapshot)
        sys.stdout.buffer.write(done.stdout)
        print(f"[exit {done.returncode}]", flush=True)
    if snapshot:
        snapshot.unlink()


main()
