//! The program's name behind quotes and expansions.

use super::super::{case, opaque};
use crate::command::Dialect;

#[test]
fn names_are_found_behind_quotes_and_expansions() {
    case("r''m x", "rm x");
    case("\\rm x", "rm x");
    case("$'\\x72m' x", "rm x");
    case("$'\\162m' x", "rm x");
    case("\"r\"'m' x", "rm x");
    opaque(Dialect::Bash, "r\\\nm x");
    case("c=rm; $c x", "rm x");
    case("c='rm x'; $c", "rm x");
    case("c=r; ${c}m x", "rm x");
    case("{rm,-rf,x}", "rm -rf x");
    case("$'rm' x", "rm x");
    case("x=''; $x rm y", "rm y");
    case("set -- rm x; \"$@\"", "set -- rm x ; rm x");
    for text in [
        "$IFS x",
        "${V:-rm} x",
        "$cmd x",
        "/bin/r? x",
        "/bin/r[m] x",
        "${x@P}",
        "echo $[a[$(rm)]]",
        "${!x} y",
        "c=rm; c=$y; $c x",
        "if a; then c=rm; else c=ls; fi; $c x",
        "for c in rm; do $c x; done",
        "IFS=-; c=rm-x; $c",
        "c=rm; read c; $c x",
        "c=rm; f() { c=ls; }; f; $c x",
        "\"$0\" x",
        "$'\\u0072m'",
        "$\"rm\" x",
        "c=ls; while a; do $c x; c=rm; done",
        "x=*; $x",
    ] {
        opaque(Dialect::Bash, text);
    }
}
