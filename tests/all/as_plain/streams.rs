//! Pipes: gate is not in them.

use super::{With, same_script, script, set};

#[test]
fn it_stands_in_a_pipeline() {
    let text = "printf 'b\\na\\n' | run sort | cat -n; echo ${PIPESTATUS[@]}";
    same_script(text, "     1\ta\n     2\tb\n0 0 0\n");
    same_script(
        "printf 'b\\na\\n' | shell 'sort | head -1; exit 5' | cat; echo ${PIPESTATUS[@]}",
        "a\n0 5 0\n",
    );
    same_script("set -o pipefail; run false | cat; echo $?", "1\n");
}

#[test]
fn a_reader_that_leaves_ends_it_by_sigpipe() {
    same_script("run yes | head -1; echo ${PIPESTATUS[@]}", "y\n141 0\n");
    same_script("shell 'yes; echo $? >&2' | head -1; echo ${PIPESTATUS[@]}", "y\n0 0\n");
    same_script("yes | run head -1; echo ${PIPESTATUS[@]}", "y\n141 0\n");
    same_script("trap '' PIPE; run yes 2> /dev/null | head -1; echo ${PIPESTATUS[@]}", "y\n1 0\n");
}

#[test]
fn no_byte_of_a_stream_goes_through_gate() {
    let stage = set(With::Gate);
    // What it has read and written so far; nothing is added by what its command does.
    let text = "io() { cat /proc/$PPID/io; }; before=$(io); head -c 300M | tail -c +1; [ \"$before\" = \"$(io)\" ] && echo none >&2";
    let all = format!("head -c 300M /dev/zero | shell '{text}' | wc -c");
    script(&stage, &all).stdout("314572800\n").stderr("none\n").check();
}

#[test]
fn what_it_closes_is_closed() {
    let waits = "read x < go";
    same_script(&format!("run sh -c 'echo a; exec >&-; {waits}' | {{ cat; echo > go; }}"), "a\n");
    same_script(&format!("shell 'echo a; exec >&-; {waits}' | {{ cat; echo > go; }}"), "a\n");
    let reads = "cat < go";
    same_script(&format!("{{ yes; echo $? > go; }} | run sh -c 'exec 3>&1 <&-; {reads}'"), "141\n");
    let own = format!("mkfifo p; run sh -c 'exec 7>&-; {waits}' 7> p & cat p; echo > go; wait; echo gone");
    same_script(&own, "gone\n");
}
