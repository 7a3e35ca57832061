use super::super::Uses;
use super::uses;

#[track_caller]
fn pure(code: &str) {
    assert!(uses(code.as_bytes(), true).is_some(), "{code}");
}

#[track_caller]
fn not(code: &str) {
    assert_eq!(uses(code.as_bytes(), true), None, "{code}");
}

#[test]
fn code_that_computes_and_prints_is_pure() {
    for code in [
        "",
        "print('hello')",
        "x = 1",
        "x, *y = 1, 2, 3; print(x, y, sep='|')",
        "import json, sys; d = json.load(sys.stdin); print(d['a'][0]['b'])",
        "import sys, json\nfor line in sys.stdin:\n    print(json.loads(line).get('x', ''))",
        "from datetime import datetime as dt, timedelta; print((dt.now() - timedelta(days=1)).strftime('%F'))",
        "print([x ** 2 for x in range(10) if x % 2 == 0])",
        "print({k: v for k, v in sorted({'a': 1}.items(), key=lambda p: p[1], reverse=True)})",
        "import re\nprint(re.findall(r'\\d+', 'a1b2'))",
        "import os.path; print(os.path.join(os.getcwd(), 'a'))",
        "import hashlib; print(hashlib.sha256(b'x').hexdigest())",
        "import base64; print(base64.b64decode('aGk=').decode('utf-8'))",
        "print(f'{1 + 2:>10} {[1, 2][0]!r} {{}}')",
        "print('{} {name:>5.2f}'.format(1, name=2))",
        "print('%s-%d' % ('a', 1))",
        "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nprint(f(5))",
        "if __name__ == '__main__': print(1)",
        "try:\n    int('x')\nexcept (ValueError, TypeError) as e:\n    print(e)\nfinally:\n    pass",
        "import sys; sys.stdout.write('a'); print('b', file=sys.stderr); sys.exit(1)",
        "while True:\n    break",
        "d = {}\nd['a'] = [1]\nd['a'][0] += 2\ndel d['a']",
        "if (n := len('abc')) > 2: print(n)",
        "from urllib.parse import quote; print(quote('a b'))",
        "from collections import Counter; print(Counter('hello').most_common(3))",
        "print(undefined)",
        "print('os.system(1)')  # eval()",
        "print(\"\"\"two\nlines\"\"\")",
        "assert 1 == 1, 'no'",
        "print(1_000.5e-3, 0xff, 1j, ...)",
        "import uuid; print(uuid.uuid4())",
        "x: int = 3",
        "input('? ')",
        "list = [1]; print(list)",
    ] {
        pure(code);
    }
}

#[test]
fn code_that_may_do_more_is_not() {
    for code in [
        "import os; os.system('id')",
        "import os as o; o.popen('id')",
        "from os import system",
        "from os import *",
        "import subprocess",
        "import os, subprocess",
        "__import__('os').system('id')",
        "eval('1')",
        "exec('1')",
        "x = eval\nprint(x)",
        "sorted([1], key=eval)",
        "list(map(exec, ['1']))",
        "compile('1', '', 'eval')",
        "getattr(1, 'real')",
        "globals()",
        "open('f', 'w')",
        "open('f', mode='a')",
        "open('f', 'r+')",
        "open('f', *['w'])",
        "open('f', **{'mode': 'w'})",
        "open('f', opener=print)",
        "open('f', 'r' 'w')",
        "open('f', 'r' if 0 else 'w')",
        "o = open; o('f', 'w')",
        "map(open, ['f'], ['w'])",
        "from json import load as open; open('f', 'w')",
        "def open(a): pass",
        "for open in [1]: pass",
        "print(().__class__)",
        "print('{0.__class__}'.format(1))",
        "print('{0[a]}'.format({}))",
        "t = '{0.a}'; print(t.format(1))",
        "print(('{0.a}').format(1))",
        "print('{a}' '{0.b}'.format(1))",
        "'{:{0.a}}'.format(1)",
        "'\\x7b0.a}'.format(1)",
        "f'{eval(1)}'",
        "x = 1; f'{x.__class__}'",
        "f'{open(\"f\", \"w\")}'",
        "f'{1:{eval(2)}}'",
        "f'\\N{DIGIT ONE}{eval(1)}'",
        "f'{lambda x: 1}'",
        "f\"{x[\"a\"]}\"",
        "f'{1 #}'",
        "import json; json.codecs.open('f', 'w')",
        "import json; j = json; j.codecs",
        "import json; [json][0].x()",
        "import sys; sys.path.insert(0, '/tmp')",
        "import sys; sys.modules['json'] = 1",
        "import sys; sys.stdout = 1",
        "import sys; sys._getframe()",
        "import os; print(os.environ)",
        "import os; os.environ['A'] = 'b'",
        "import os; print(os.environ[x])",
        "import os; e = os.environ.get",
        "import os; os.getenv(name)",
        "import os; os.remove('f')",
        "import platform; platform.architecture()",
        "import uuid; uuid.uuid1()",
        "import string; string.Formatter().format('{0.a}', 1)",
        "import operator; operator.attrgetter('a')",
        "import collections; collections.namedtuple('a', 'b')",
        "import pickle",
        "import urllib.request",
        "import urllib; urllib.request.urlopen('http://x')",
        "from importlib import import_module",
        "import importlib",
        "class A: pass",
        "class A(metaclass=print): pass",
        "@print\ndef f(): pass",
        "with x as y.z: pass",
        "x.y = 1",
        "(lambda: 1)()",
        "[print][0]('x')",
        "{'a': print}['a'](1)",
        "f = print; f(1)",
        "print = len; print('a')\nx = print\nx(1)",
        "x = 1\nx()",
        "def f(g): g()",
        "import json\njson = 1\njson.x()",
        "import json as x, math as x",
        "# coding: utf-7\nprint(1)",
        "print(1) # -*- coding: x -*-",
        "x = \\\n1",
        "\tprint(1)",
        "print(1)\r",
        "`id`",
        "print 'x'",
        "exec 'id'",
        "ｅval('1')",
        "x = 'a\nb'",
        "print('a",
        "async def f(): pass",
        "global x",
        "yield 1",
        "await x",
        "import os; os.listdir.__globals__",
        "_x = 1",
        "x = 1; x._y",
        "1if x else 2",
        "0x1for x in y",
        "breakpoint()",
        "help()",
        "vars()",
        "type('A', (), {})",
        "import _io",
        "from . import x",
        "match x:\n  case 1: pass",
        "print(*[1], **{}) ; open(*['f','w'])",
        "!id",
        "$x",
        "a @ b",
    ] {
        not(code);
    }
}

#[test]
fn python_2_has_builtins_that_do_more() {
    for code in [
        "input()",
        "x = input",
        "file('f', 'w')",
        "reduce(file, ['f', 'w'])",
        "file = 1",
        "import uuid",
        "execfile('f')",
    ] {
        assert_eq!(uses(code.as_bytes(), false), None, "{code}");
    }
    assert!(uses(b"print('x')", false).is_some());
}

#[test]
fn what_nothing_defines_ends_the_code() {
    #[track_caller]
    fn case(code: &str, undefined: &[&str]) {
        let found = uses(code.as_bytes(), true).map(|uses| uses.undefined);
        assert_eq!(
            found.as_deref(),
            Some(&undefined.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()[..]),
            "{code}"
        );
    }
    case("a.b()", &["a"]);
    case("undefined()", &["undefined"]);
    case("agent.run(task, limit=10)", &["agent"]);
    case("print(r.data[0].embedding[:5])", &["r"]);
    case("if 'x' in llm.complete('y'): grant(user)", &["llm", "grant"]);
    case("import os; a.__class__.b(os.getpid())", &["a"]);
    case("undefined[0] = 1", &[]);
    case("password.encode()", &[]);
    for code in [
        "for a in []: pass\na.b()",
        "import os as a; a.system('id')",
        "def a(): pass\na.b()",
        "try: pass\nexcept OSError as a: pass\na.b()",
        "a = 1; a.b()",
        "[a.b() for a in [1]]",
        "lambda a: a.b()",
        "(a := 1).b()",
        "from os import *; a.b()",
        "a.b(open('f', 'w'))",
        "a.b(exec('1'))",
        "a.b(exec)('1')",
        "Warning.__subclasses__()",
        "ConnectionError.mro()",
        "frozendict.__class__()",
        "memoryview.__class__()",
        "_.b()",
        "__builtins__.exec('1')",
        "a.b() or print.__self__",
        "globals()['a'] = 1; a.b()",
    ] {
        not(code);
    }
    assert_eq!(uses(b"unicode.b()", false), None);
}

#[test]
fn what_is_read_comes_out() {
    #[track_caller]
    fn case(code: &str, reads: &[Option<&str>], variables: &[&str]) {
        let reads = reads.iter().map(|read| read.map(str::to_owned)).collect();
        let variables = variables.iter().map(|name| (*name).to_owned()).collect();
        let asks_uname = false;
        assert_eq!(
            uses(code.as_bytes(), true),
            Some(Uses { reads, variables, asks_uname, undefined: Vec::new() }),
            "{code}"
        );
    }
    for code in ["import platform; print(platform.system())", "from uuid import uuid4"] {
        assert!(uses(code.as_bytes(), true).is_some_and(|uses| uses.asks_uname), "{code}");
    }
    case("open('a')", &[Some("a")], &[]);
    case("open('a', 'rb').read()", &[Some("a")], &[]);
    case("open(\"a\", mode='r', encoding='utf-8')", &[Some("a")], &[]);
    case("with open('a') as f, open('b') as g: print(f.read())", &[Some("a"), Some("b")], &[]);
    case("open(0).read()", &[], &[]);
    case("open(0 or 'a')", &[None], &[]);
    case("open('a' + 'b')", &[None], &[]);
    case("open('a' 'b')", &[None], &[]);
    case("open('\\x61')", &[None], &[]);
    case("open(r'\\x61')", &[Some("\\x61")], &[]);
    case("open(f'a')", &[None], &[]);
    case("import sys; open(sys.argv[1])", &[None], &[]);
    case("import os; print(os.environ['A'], os.environ.get('B', 1), os.getenv('C'))", &[], &["A", "B", "C"]);
    case("from os import environ as e, getenv; e['A']; getenv('B')", &[], &["A", "B"]);
    case("import tomllib\nwith open('a', 'rb') as f: tomllib.load(f)", &[Some("a")], &[]);
}

#[test]
fn the_deepest_code_ends() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("-", ""), ("x[", "]"), ("f(", ")"), ("lambda: ", ""), ("not ", "")]
    {
        let code = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        let _ = uses(code.as_bytes(), true);
    }
}
