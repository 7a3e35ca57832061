"""Runs each line of its input, {"code": ..., "reads": [...], "runs": [...]}, in a process of its own, and prints what it did that nobody listed.

The audit hook sees what happens before it does, and what nobody listed does not happen.
"""
import json, os, resource, sys, sysconfig

LIBRARY = [os.path.realpath(sysconfig.get_path(name)) + "/" for name in ("stdlib", "platstdlib")]
HARMLESS = {
    "compile", "import", "marshal.loads", "os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.glob/2", "builtins.id",
    "builtins.input", "builtins.input/result", "sys._getframe", "sys.excepthook", "array.__new__",
    "code.__new__", "function.__new__", "cpython.run_stdin", "sys.unraisablehook", "signal.alarm", "time.sleep",
}
armed, reads, runs, answer = False, [], [], 0


def is_library(path):
    return isinstance(path, str) and (path.startswith("<frozen ") or os.path.realpath(path).startswith(tuple(LIBRARY)))


def is_expected(event, args):
    if event == "open":
        path, _, flags = args
        writes = flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        return not writes and (reads is None or path in reads or isinstance(path, int) or is_library(path) or is_source(path))
    if event == "exec":
        return args[0].co_filename == "<code>" and not is_running() or is_library(args[0].co_filename) or is_loading()
    if event.startswith("object."):
        return event == "object.__getattr__" or is_loading()
    if event == "subprocess.Popen":
        return runs and list(args[1]) == runs
    return event in HARMLESS


def frames():
    frame = sys._getframe(1)
    while frame:
        yield frame.f_code.co_filename
        frame = frame.f_back


def is_running():
    return "<code>" in frames()


def is_loading():
    # A module of the library that makes a class of its own when it is loaded (`collections.namedtuple`).
    for name in frames():
        if name == "<code>":
            return False
        if name == "<frozen importlib._bootstrap>":
            return True
    return False


def is_source(path):
    # The traceback looks for the line that it shows.
    return path in ("<code>", "<string>", "<unknown>")


def hook(event, args):
    global armed
    if armed and event == "time.sleep":
        raise RuntimeError("no time")
    if armed and not is_expected(event, args):
        armed = False
        os.write(answer, f"{event} {args!r}"[:200].encode("utf-8", "replace"))
        os._exit(1)


def run(case):
    global armed, reads, runs, answer
    ours, answer = os.pipe()
    child = os.fork()
    if child == 0:
        for limit, most in ((resource.RLIMIT_CPU, 1), (resource.RLIMIT_AS, 1 << 29)):
            resource.setrlimit(limit, (most, most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        reads, runs = case["reads"], case["runs"]
        armed = True
        try:
            exec(compile(case["code"], "<code>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})
        except BaseException as error:
            os._exit(3 if isinstance(error, SyntaxError) else 0)
        os._exit(0)
    os.close(answer)
    said = os.read(ours, 400)
    os.close(ours)
    _, status = os.waitpid(child, 0)
    return said.decode("utf-8", "replace"), status >> 8 == 3


if __name__ == "__main__":
    sys.addaudithook(hook)
    cases = [json.loads(line) for line in sys.stdin]
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    for case in cases:
        said, refused = run(case)
        os.write(out, (json.dumps({"said": said, "refused": refused}) + "\n").encode())
