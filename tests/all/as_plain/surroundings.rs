//! What a command finds around itself, and inherits.

use super::{With, same_script, script, set};

/// Says everything about a process that it can find out about itself, but for the numbers that are new each time.
const FACTS: &str = r#"
exec 2>&1
tr '\0' '\n' < /proc/$$/cmdline; cat /proc/$$/comm; echo "$0 $*"
grep -vE '^(Pid|Tgid|NStgid|NSpid|NSpgid|NSsid|PPid|Ngid|Name|Vm|Rss|Hugetlb|.*_ctxt_switches|SigQ|State|Threads)' /proc/self/status
cat /proc/$$/limits /proc/$$/oom_score_adj /proc/$$/personality /proc/$$/coredump_filter /proc/$$/cgroup /proc/$$/timerslack_ns
cat /proc/$$/loginuid /proc/$$/sessionid /proc/$$/uid_map /proc/$$/autogroup /proc/$$/mounts | sed 's/autogroup-[0-9]*/autogroup/'
readlink /proc/$$/cwd /proc/$$/root /proc/$$/exe /proc/$$/ns/* | sed 's/gate-test-[A-Za-z0-9]*/STAGE/'
ls -l /proc/self/fd > list; cut -d' ' -f1 list; sed "s/.* \([0-9]* ->\)/\1/; s/gate-test-[A-Za-z0-9]*/STAGE/; s/:\[[0-9]*\]/:[N]/; s/[0-9]*\/fd/N/" list; grep -h flags /proc/self/fdinfo/[0-2789]
umask; umask -S; ulimit -a; ulimit -Ha; nice; ionice -p $$; chrt -p $$ | sed 's/pid [0-9]*/pid N/'; taskset -p $$ | sed 's/pid [0-9]*/pid N/'
tty; ps -o sid=,pgid=,tpgid=,tty= -p $$ | { read -r sid pgid tpgid tty; echo $((sid == leader)) $((pgid == leader)) $tpgid $tty; }
env -0 | tr '\0' '\n' | grep -vE '^(_|leader|HOME|PATH|PWD|OLDPWD)=' | sort
cat <&7; echo to eight >&8
"#;

/// Sets as much as can be set, so that nothing is what it is by default.
const SETS: &str = "
    leader=$$; export leader facts; ulimit -Sn 99; ulimit -c 0; ulimit -Ss 4096; trap '' HUP USR1; umask 027
    echo from seven > seven; : > eight; exec 7< seven 8>> eight 9<> seven
    set -- nice -n 5 ionice -c 3 chrt -b 0 choom -n 300 -- taskset -c 0 setpriv --no-new-privs env --block-signal=USR2 setarch -R \"$@\"
    exec \"$@\"";

#[test]
fn everything_it_inherits_is_what_it_would_be() {
    for words in ["run bash -c \"$facts\" zero one 'two words'", "shell \"$facts\" zero one 'two words'"] {
        let text = format!("facts='{}'; set -- {words}; {SETS}", FACTS.replace('\'', "'\\''"));
        let outcome = |with| {
            let stage = set(with);
            let output = script(&stage, &text).output();
            assert_eq!(std::fs::read_to_string(stage.cwd().join("eight")).unwrap(), "to eight\n");
            String::from_utf8(output.stdout).unwrap()
        };
        let (bare, gated) = (outcome(With::Nothing), outcome(With::Gate));
        let other: Vec<_> = gated.lines().zip(bare.lines()).filter(|(gated, bare)| gated != bare).collect();
        assert_eq!(gated, bare, "with gate, and without; {other:#?}");
        for known in [
            "0027\n",
            "\n5\nidle\n",
            "NoNewPrivs:\t1",
            "SigBlk:\t0000000000000800",
            "from seven\n",
            "\n300\n",
        ] {
            assert!(bare.contains(known), "{known} in {bare}");
        }
        assert!(bare.contains("201\nSigCgt:") && bare.contains("SCHED_BATCH"), "{bare}");
    }
}

#[test]
fn closed_standard_descriptors_are_closed_for_it_and_hold_nothing_of_gates() {
    let looks = "{ for fd in 0 1 2 3 4 5; do readlink /proc/$$/fd/$fd || echo $fd closed; done; echo; } >&9";
    for closed in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        for word in ["run bash -c", "shell"] {
            let text = format!(
                "exec 9> seen; {word} '{looks}; exit 3' < /dev/null > out 2> err {closed}; echo $?; sed 's/gate-test-[^/]*//' seen"
            );
            let outcome = |with| {
                let stage = set(with);
                String::from_utf8(script(&stage, &text).output().stdout).unwrap()
            };
            let (bare, gated) = (outcome(With::Nothing), outcome(With::Gate));
            assert_eq!(gated, bare, "{word} {closed}");
            assert!(bare.starts_with("3\n") && bare.contains(" closed\n"), "{bare}");
        }
    }
}

#[test]
fn without_its_standard_descriptors_gate_still_refuses_and_records() {
    let stage = set(With::Gate);
    let text = "run no-such-command <&- >&- 2>&-; echo $?; run true <&- >&- 2>&-; echo $?; run gate --home x -- true <&- >&-; echo $?";
    let said = "gate: `gate`: command not found\n";
    script(&stage, text).stdout("127\n0\n127\n").stderr(said).check();
    let log = String::from_utf8(stage.gate(["audit", "log"]).output().stdout).unwrap();
    assert_eq!(log.matches("exec.start").count(), 1, "{log}");
    stage.gate(["audit", "verify"]).output();
    assert_eq!(stage.gate(["audit", "verify"]).output().status.code(), Some(0));
}

#[test]
fn where_the_directory_is_gone_gate_cannot_say_what_would_run_and_runs_nothing() {
    let stage = set(With::Gate);
    let text = "mkdir d; cd d; rmdir ../d; run true; echo $?";
    let output = script(&stage, text).output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("gate: error: failed to find the working directory"), "{said}");
    assert_eq!(output.stdout, b"125\n");
}

#[test]
fn it_leads_or_follows_as_gate_does() {
    // Whoever starts gate as the leader of a group has gate lead it.
    let says = "ps -o pgid=,sid= -p $$ | { read -r a b; echo $((a == $1)) $((b == $2)); }";
    same_script(&format!("run bash -c '{says}' x $$ $$; shell '{says}' x $$ $$"), "1 1\n1 1\n");
    let group = format!("set -m; echo | run bash -c 'read; exec bash -c \"$1\" x $PPID $2' x '{}' $$", says);
    let stage = set(With::Gate);
    // The first of the pipeline leads it; gate and its command are both in its group.
    let output = script(&stage, &group.replace("$PPID", "$(ps -o pgid= -p $PPID)")).output();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "1 1\n", "{:?}", String::from_utf8(output.stderr));
}
