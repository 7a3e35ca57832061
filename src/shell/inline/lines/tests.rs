use super::super::Uses;
use super::{Tongue, uses};

const JS: Tongue = Tongue::JavaScript;
const RB: Tongue = Tongue::Ruby;
const PL: Tongue = Tongue::Perl;
const PHP: Tongue = Tongue::Php;

#[track_caller]
fn pure(tongue: Tongue, code: &str) {
    assert!(uses(tongue, code.as_bytes()).is_some(), "{tongue:?}: {code}");
}

#[track_caller]
fn not(tongue: Tongue, code: &str) {
    assert_eq!(uses(tongue, code.as_bytes()), None, "{tongue:?}: {code}");
}

#[test]
fn lines_that_compute_and_print_are_pure() {
    for (tongue, code) in [
        (JS, "console.log('hello', 1 + 2)"),
        (JS, "process.version"),
        (JS, "console.log(JSON.stringify({a: [1, 2], 'b': null}, null, 2)); console.log(Math.max(1, 2) / 2)"),
        (JS, "const f = (x) => x * 2; console.log([1, 2].map(x => x + 1).join(','))"),
        (JS, "console.log(Buffer.from('aGk=', 'base64').toString())"),
        (JS, "console.log(require('os').cpus().length, require('./package.json').version)"),
        (JS, "console.log(new Date().toISOString())\nconsole.log(`a`)"),
        (JS, "const fs = require('fs'); console.log(fs.readFileSync('a.txt', 'utf8').length)"),
        (JS, "console.log(require('crypto').createHash('sha256').update('a').digest('hex'))"),
        (RB, "puts 'hello'"),
        (RB, "require 'json'; puts JSON.parse(File.read('a.json'))['version']"),
        (RB, "puts 2 * [1, 2].sum, RUBY_VERSION"),
        (RB, "x = 3; puts 2 * x; puts \"a\".upcase"),
        (PL, "print \"hello\\n\""),
        (PL, "print pack('A3', 'abc'), 2 ** 10, \"-\" x 20;"),
        (PL, "use strict; my $x = 3; print $x * 2"),
        (PL, "print STDERR 'a'"),
        (PHP, "echo 'a' . PHP_VERSION, \"\\n\";"),
        (PHP, "$x = [1, 2]; var_dump($x); echo json_encode(['a' => 1]);"),
    ] {
        pure(tongue, code);
    }
}

#[test]
fn lines_that_may_do_more_are_not() {
    for (tongue, code) in [
        (JS, "require('child_process').execSync('id')"),
        (JS, "child_process.execSync('id')"),
        (JS, "process.binding('spawn_sync')"),
        (JS, "process.mainModule.require('child_process')"),
        (JS, "eval('1')"),
        (JS, "Function('return 1')()"),
        (JS, "[].constructor.constructor('x')()"),
        (JS, "[]['constructor']['constructor']('x')()"),
        (JS, "[]['const' + 'ructor']"),
        (JS, "const x = []\n['constructor']"),
        (JS, "const k = 'constructor'; [][k]"),
        (JS, "[1].map((x => x)['constructor'])"),
        (JS, "({toString: 1}) + ''"),
        (JS, "({'__proto__': 1})"),
        (JS, "({'\\u0074oString': 1})"),
        (JS, "({toString() { return 1 }})"),
        (JS, "[]['\\x63onstructor']"),
        (JS, "console.log(process.env)"),
        (JS, "fs.writeFileSync('a', 'b')"),
        (JS, "fs.readFileSync(x)"),
        (JS, "fs.readFileSync('a', {flag: 'w'})"),
        (JS, "const c = require; c('child_process')"),
        (JS, "const r = require('child_process'); r.exec('id')"),
        (JS, "const fs = require('child_process'); fs.exec('id')"),
        (JS, "const path = require('fs'); path.join('a')"),
        (JS, "import('fs')"),
        (JS, "`${eval(1)}`"),
        (JS, "fetch('http://x')"),
        (JS, "console.log(1 <!-- 2)\n)"),
        (JS, "console.log(1) // x"),
        (JS, "setTimeout('x')"),
        (JS, "global.process"),
        (JS, "globalThis"),
        (JS, "x = /a/; y"),
        (JS, "a.b()"),
        (JS, "const f = x => x; f(1)"),
        (JS, "require('./evil.js')"),
        (JS, "require('./a.json/../b')"),
        (JS, "process.exit.constructor('x')()"),
        (JS, "console.log.call"),
        (JS, "console.log = 1"),
        (JS, "class A {}"),
        (JS, "function f() {}"),
        (RB, "system('id')"),
        (RB, "puts `id`"),
        (RB, "puts %x(id)"),
        (RB, "x = 1; puts \"a\".size %x[\"id\"]"),
        (RB, "x = 1; puts Time.now %x[\"id\"]"),
        (RB, "puts \"#{`id`}\""),
        (RB, "puts \"#$0\""),
        (RB, "exec 'id'"),
        (RB, "File.read('|id')"),
        (RB, "IO.read('|id')"),
        (RB, "puts File.read 'a', {mode: 'w'}"),
        (RB, "puts File.read('a', {mode: 'w'})"),
        (RB, "JSON.parse('x', {create_additions: true})"),
        (RB, "puts ENV['A'], ENV"),
        (JS, "console.log`a`"),
        (JS, "a?.b"),
        (JS, "\\u0065val(1)"),
        (JS, "new Function('x')"),
        (JS, "[1].map(Number.constructor)"),
        (PHP, "file_exists('phar://x')"),
        (RB, "open('|id')"),
        (RB, "File.write('a', 'b')"),
        (RB, "require './x'"),
        (RB, "require 'open3'"),
        (RB, "puts 'a'.send(:system, 'id')"),
        (RB, "puts 'a'.instance_eval('1')"),
        (RB, "Kernel.system('id')"),
        (RB, "puts ENV.to_h"),
        (RB, "[1].map { |x| system('id') }"),
        (RB, "puts <<A\nid\nA"),
        (RB, "puts 1 if system('id')"),
        (RB, "$stdout = 1"),
        (PL, "system('id')"),
        (PL, "print `id`"),
        (PL, "print \"@{[`id`]}\""),
        (PL, "print \"$x\""),
        (PL, "print qx(id)"),
        (PL, "open(F, '|id')"),
        (PL, "print <F>"),
        (PL, "print localtime </etc/*>"),
        (PL, "use lib '/tmp'"),
        (PL, "use Evil"),
        (PL, "eval 'x'"),
        (PL, "s/a/system('id')/e"),
        (PL, "print {STDOUT} 'a'"),
        (PL, "my $ENV = 1"),
        (PL, "$x = 1"),
        (PL, "print %ENV"),
        (PL, "BEGIN { system('id') }"),
        (PL, "do 'x'"),
        (PL, "require 'x'"),
        (PL, "print 'a' # x"),
        (PL, "unlink('a')"),
        (PHP, "system('id');"),
        (PHP, "echo `id`;"),
        (PHP, "'system'('id');"),
        (PHP, "$f = 'system'; $f('id');"),
        (PHP, "echo \"{$x}\";"),
        (PHP, "file_get_contents('http://x');"),
        (PHP, "file_put_contents('a', 'b');"),
        (PHP, "include 'x';"),
        (PHP, "array_map('system', ['id']);"),
        (PHP, "$GLOBALS = 1;"),
        (PHP, "echo $_ENV['X'];"),
        (PHP, "?>x<?php system('id');"),
        (PHP, "new Foo();"),
        (PHP, "eval('1');"),
    ] {
        not(tongue, code);
    }
}

#[test]
fn what_a_line_reads_comes_out() {
    #[track_caller]
    fn case(tongue: Tongue, code: &str, reads: &[&str], variables: &[&str]) {
        let reads = reads.iter().map(|read| Some((*read).to_owned())).collect();
        let variables = variables.iter().map(|name| (*name).to_owned()).collect();
        let expected = Uses { reads, variables, ..Uses::default() };
        assert_eq!(uses(tongue, code.as_bytes()), Some(expected), "{code}");
    }
    case(JS, "console.log(require('fs').readFileSync('a'), fs.readFileSync('b', 'utf8'))", &["a", "b"], &[]);
    case(JS, "console.log(process.env.A, process.env['B'])", &[], &["A", "B"]);
    case(JS, "require('./a.json').b", &["./a.json"], &[]);
    case(RB, "puts File.read('a'), ENV['B']", &["a"], &["B"]);
    case(PL, "print $ENV{A}", &[], &["A"]);
    case(PHP, "echo file_get_contents('a');", &["a"], &[]);
}

#[test]
fn the_deepest_line_ends() {
    for tongue in [JS, RB, PL, PHP] {
        for (open, close) in
            [("(", ")"), ("[", "]"), ("-", ""), ("(x)=>", ""), ("{a:", "}"), ("JSON.parse(", ")")]
        {
            let _ = uses(tongue, format!("{}1{}", open.repeat(9_000), close.repeat(9_000)).as_bytes());
        }
    }
}
