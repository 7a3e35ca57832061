//! What gate is doing when it is killed, and what must be true afterwards.

use super::call::Call;
use super::ground::{ASKED, End, Ground, LINES, TEXT, Wrong, said};
use super::tracer::Stop;
use crate::stage::{Run, Waiting};

/// What is done to a gate that stands at a call.
pub(super) enum Deed {
    /// It is killed.
    Kill,
    /// Another gate is started meanwhile, if there is something for it to do; then it goes on.
    Also(for<'g> fn(&'g Ground) -> Option<Run<'g>>),
}

/// One thing that gate does.
pub(super) struct Scene {
    /// Its heading in the table.
    pub(super) name: &'static str,
    /// What is killed.
    pub(super) what: &'static str,
    pub(super) deed: Deed,
    /// Sets the ground before it is kept.
    pub(super) prepare: fn(&Ground),
    /// Starts who waits meanwhile.
    pub(super) begin: for<'g> fn(&'g Ground) -> Option<Waiting<'g>>,
    /// The gate that is killed.
    pub(super) killed: for<'g> fn(&'g Ground, Option<&Waiting<'g>>) -> Run<'g>,
    /// What happens before it is killed at a call.
    pub(super) arrive: fn(&Ground, Stop),
    /// What happens before it goes on from a call.
    pub(super) meanwhile: fn(&Ground, &mut Met, Stop),
    /// Looks at what is left, starts gate again, and says what became of it.
    pub(super) after: for<'g> fn(&'g Ground, Option<Waiting<'g>>) -> &'static str,
}

/// What has happened so far in the life of the gate that is killed.
#[derive(Default)]
pub(super) struct Met {
    listens: bool,
    pub(super) is_answered: bool,
}

pub(super) const SCENES: &[Scene] = &[
    Scene {
        name: "The first command of all",
        what: "`gate -- CMD`, allowed, where there is no store yet",
        deed: Deed::Kill,
        prepare: |_| {},
        begin: |_| None,
        killed: |ground, _| ground.stage.gate(["--", "sh", "-c", TEXT]),
        arrive: have_it_begun,
        meanwhile: let_it_go,
        after: after_allowed::<0>,
    },
    Scene {
        name: "An allowed command",
        what: "`gate -- CMD`",
        deed: Deed::Kill,
        prepare: run_once,
        begin: |_| None,
        killed: |ground, _| ground.stage.gate(["--", "sh", "-c", TEXT]),
        arrive: have_it_begun,
        meanwhile: let_it_go,
        after: after_allowed::<1>,
    },
    Scene {
        name: "An allowed script",
        what: "`gate -c 'A; B'`",
        deed: Deed::Kill,
        prepare: run_once,
        begin: |_| None,
        killed: |ground, _| ground.stage.gate(["-c", TEXT]),
        arrive: have_it_begun,
        meanwhile: let_it_go,
        after: after_allowed::<1>,
    },
    Scene {
        name: "A request that is approved",
        what: "`gate -c SCRIPT`, which asks, waits, is approved while it waits, and runs",
        deed: Deed::Kill,
        prepare: run_once,
        begin: |_| None,
        killed: |ground, _| ground.stage.gate(["-c", ASKED]),
        arrive: have_it_begun,
        meanwhile: |ground, met, stop| {
            let_it_go(ground, met, stop);
            answer_where_it_waits(ground, met, stop);
        },
        after: |ground, _| after_asked(ground, ask_again),
    },
    Scene {
        name: "An approved request that is taken up",
        what: "`gate resume ID`",
        deed: Deed::Kill,
        prepare: |ground| {
            run_once(ground);
            ground.gate(["--wait", "0s", "-c", ASKED]);
            approve(ground);
        },
        begin: |_| None,
        killed: |ground, _| {
            let (id, _) = ground.requests().remove(0);
            ground.stage.gate(["resume", &id])
        },
        arrive: have_it_begun,
        meanwhile: let_it_go,
        after: |ground, _| after_asked(ground, resume),
    },
    Scene {
        name: "A script from standard input",
        what: "`gate --as bash < SCRIPT`, two commands, each handed over for itself; a run for each is on record",
        deed: Deed::Kill,
        prepare: run_once,
        begin: |_| None,
        killed: |ground, _| ground.stage.gate(["--as", "bash"]).stdin(LINES),
        arrive: |_, _| {},
        meanwhile: |_, _, _| {},
        after: |ground, _| after_lines(ground),
    },
    Scene {
        name: "The approver approves",
        what: "`gate approve ID`, while the requester waits",
        deed: Deed::Kill,
        prepare: |ground| {
            run_once(ground);
            ground.go();
        },
        begin: |ground| Some(ground.stage.gate(["-c", ASKED]).start()),
        killed: |ground, waiting| answering(ground, "approve", waiting),
        arrive: |_, _| {},
        meanwhile: |_, _, _| {},
        after: |ground, waiting| after_answer(ground, "approve", waiting),
    },
    Scene {
        name: "The approver rejects",
        what: "`gate reject ID`, while the requester waits",
        deed: Deed::Kill,
        prepare: run_once,
        begin: |ground| Some(ground.stage.gate(["-c", ASKED]).start()),
        killed: |ground, waiting| answering(ground, "reject", waiting),
        arrive: |_, _| {},
        meanwhile: |_, _, _| {},
        after: |ground, waiting| after_answer(ground, "reject", waiting),
    },
    Scene {
        name: "A request is taken back",
        what: "`gate cancel ID`, while the requester waits",
        deed: Deed::Kill,
        prepare: run_once,
        begin: |ground| Some(ground.stage.gate(["-c", ASKED]).start()),
        killed: |ground, waiting| ground.stage.gate(["cancel", waiting.expect("a requester").id()]),
        arrive: |_, _| {},
        meanwhile: |_, _, _| {},
        after: |ground, waiting| after_answer(ground, "cancel", waiting),
    },
    Scene {
        name: "An answer at any moment",
        what: "Nobody is killed: while `gate -c SCRIPT` stands at the call, the approver approves what it asks for",
        deed: Deed::Also(|ground| {
            let id = pending(ground)?;
            Some(ground.stage.gate(["approve", "--yes", &id]).on_terminal())
        }),
        prepare: run_once,
        begin: |_| None,
        killed: |ground, _| ground.stage.gate(["-c", ASKED]),
        arrive: |_, _| {},
        meanwhile: |ground, met, stop| {
            let_it_go(ground, met, stop);
            answer_where_it_waits(ground, met, stop);
        },
        after: |ground, _| after_both(ground),
    },
    Scene {
        name: "Two who take up one approval",
        what: "Nobody is killed: while one `gate resume ID` stands at the call, another one is started (but where the first keeps everybody out)",
        deed: Deed::Also(|ground| {
            // Whoever of the two runs it must come to its end.
            ground.go();
            let (id, _) = ground.requests().remove(0);
            Some(ground.stage.gate(["resume", "--wait", "0s", &id]))
        }),
        prepare: |ground| {
            run_once(ground);
            ground.gate(["--wait", "0s", "-c", ASKED]);
            approve(ground);
        },
        begin: |_| None,
        killed: |ground, _| {
            let (id, _) = ground.requests().remove(0);
            ground.stage.gate(["resume", &id])
        },
        arrive: |_, _| {},
        meanwhile: let_it_go,
        after: |ground, _| after_both(ground),
    },
];

/// So that there is a store.
fn run_once(ground: &Ground) {
    let (code, text) = ground.gate(["--", "true"]);
    assert_eq!(code, 0, "{text}");
}

/// Returns the request that waits for a decision.
fn pending(ground: &Ground) -> Option<String> {
    ground.requests().into_iter().find(|(_, state)| state == "PENDING").map(|(id, _)| id)
}

/// Approves the request that waits, if there is one.
fn approve(ground: &Ground) -> bool {
    let Some(id) = pending(ground) else { return false };
    let (code, text) = ground.person(["approve", "--yes", &id]);
    ground.must(code == 0, Wrong::Stuck, || format!("`gate approve`: {code} {text}"));
    true
}

/// Has the command be in its middle while gate waits for it.
fn have_it_begun(ground: &Ground, stop: Stop) {
    if stop.call == Call::Wait && stop.is_before {
        ground.until_it_runs();
    }
}

/// Lets the command come to its end once gate waits for that.
fn let_it_go(ground: &Ground, _: &mut Met, stop: Stop) {
    if stop.call == Call::Wait {
        ground.go();
    }
}

fn answer_where_it_waits(ground: &Ground, met: &mut Met, stop: Stop) {
    met.listens |= stop.call == Call::Listen;
    if met.listens && stop.call == Call::Sleep && stop.is_before && !met.is_answered {
        met.is_answered = approve(ground);
    }
}

fn answering<'g>(ground: &'g Ground, verb: &str, waiting: Option<&Waiting<'g>>) -> Run<'g> {
    let id = waiting.expect("a requester").id();
    ground.stage.gate([verb, "--yes", id]).on_terminal()
}

/// `EARLIER` runs are on record from before.
fn after_allowed<const EARLIER: usize>(ground: &Ground, _: Option<Waiting<'_>>) -> &'static str {
    ground.until_nothing_runs();
    let (begun, ended) = ground.ran();
    ground.requests();
    ground.go();
    let output = ground.stage.gate(["--", "sh", "-c", TEXT]).output();
    let said = String::from_utf8_lossy(&output.stderr);
    ground.must(output.status.success() && said.is_empty(), Wrong::Stuck, || {
        format!("the next start: {output:?}")
    });
    ground.must(ground.ran() == (begun + 1, ended + 1), Wrong::Stuck, || {
        "the next start did not run".to_owned()
    });
    let runs = ground.runs();
    let of_killed = runs.get(EARLIER..runs.len().saturating_sub(1)).unwrap_or_default();
    told(ground, of_killed, (begun, ended), "nothing on record, nothing run")
}

/// Says what became of the run of the gate that was killed, or `nothing` where there is none.
fn told(
    ground: &Ground,
    runs: &[End],
    (begun, ended): (usize, usize),
    nothing: &'static str,
) -> &'static str {
    ground.must(begun <= runs.len(), Wrong::Unrecorded, || format!("{begun} begun, {runs:?} on record"));
    ground
        .must(begun <= 1 && runs.len() <= 1, Wrong::Double, || format!("{begun} begun, {runs:?} on record"));
    match (runs.first(), begun, ended) {
        (None, ..) => nothing,
        (Some(End::Recorded), ..) => "recorded with its end",
        (Some(End::Lost), 0, _) => "recorded as lost, had not begun",
        (Some(End::Lost), _, 0) => "recorded as lost, was ended in its middle",
        (Some(End::Lost), ..) => "recorded as lost, had ended",
        (Some(End::Open), ..) => {
            ground.wrong(Wrong::Stuck, "a start without an end on record");
            "never closed"
        }
    }
}

/// Runs the script again, and says how far it came before.
fn after_lines(ground: &Ground) -> &'static str {
    ground.until_nothing_runs();
    let (begun, ended) = ground.ran();
    ground.requests();
    let (code, text) = said(ground.stage.gate(["--as", "bash"]).stdin(LINES));
    ground.must(code == 0 && text.is_empty(), Wrong::Stuck, || format!("the next start: {code} {text}"));
    ground.must(ground.ran() == (begun + 1, ended + 1), Wrong::Stuck, || {
        "the next start did not run".to_owned()
    });
    let runs = ground.runs();
    let of_killed = runs.get(1..runs.len().saturating_sub(2)).unwrap_or_default();
    ground.must(begun + ended <= of_killed.len(), Wrong::Unrecorded, || {
        format!("{begun} {ended} {of_killed:?}")
    });
    ground.must(begun <= 1 && ended <= 1, Wrong::Double, || format!("{begun} {ended}"));
    ground.must(!of_killed.contains(&End::Open), Wrong::Stuck, || format!("{of_killed:?}"));
    match (of_killed, begun + ended) {
        ([], _) => "nothing on record, nothing run",
        ([End::Lost], 0) => "the first recorded as lost, not run",
        ([End::Lost], _) => "the first recorded as lost, run",
        ([_], _) => "the first recorded with its end",
        ([_, End::Lost, ..], 0..=1) => "the second recorded as lost, not run",
        ([_, End::Lost, ..], _) => "the second recorded as lost, run",
        ([_, ..], _) => "both recorded with their ends",
    }
}

/// Says what became of two who did not know of each other.
fn after_both(ground: &Ground) -> &'static str {
    let ran = ground.ran();
    ground.must(ran.0 <= 1, Wrong::Double, || format!("{ran:?}"));
    ground.must(ran == (1, 1), Wrong::Stuck, || format!("{ran:?}"));
    let runs = ground.runs();
    ground.must(runs.get(1..) == Some(&[End::Recorded][..]), Wrong::Unrecorded, || format!("{runs:?}"));
    match ground.code.get() {
        0 => "run once, by it",
        124 => "run once, by the other",
        code => {
            ground.wrong(Wrong::Stuck, format!("it ended with {code}"));
            "it failed"
        }
    }
}

fn ask_again(ground: &Ground) -> (i32, String) {
    ground.gate(["--wait", "0s", "-c", ASKED])
}

fn resume(ground: &Ground) -> (i32, String) {
    let (id, _) = ground.requests().remove(0);
    ground.gate(["resume", "--wait", "0s", &id])
}

/// Approves if need be, and takes the request up `again`.
fn after_asked(ground: &Ground, again: fn(&Ground) -> (i32, String)) -> &'static str {
    ground.until_nothing_runs();
    let (begun, ended) = ground.ran();
    ground.go();
    let state = ground.requests().pop().map(|(_, state)| state).unwrap_or_default();
    if state == "PENDING" {
        approve(ground);
    }
    let (code, text) = again(ground);
    let now = ground.ran();
    ground.must(now.0 <= 1, Wrong::Double, || format!("{now:?} {text}"));
    let runs = ground.runs();
    let of_killed = runs.get(1..).unwrap_or_default();
    let runs_once = || code == 0 && now == (1, 1) && of_killed == [End::Recorded];
    match state.as_str() {
        "" => {
            ground
                .must(code == 124 && runs.len() == 1, Wrong::Stuck, || format!("asked again: {code} {text}"));
            approve(ground);
            let (code, text) = again(ground);
            ground.must(code == 0 && ground.ran() == (1, 1), Wrong::Stuck, || format!("{code} {text}"));
            "nothing on record; asked again, approved, run once"
        }
        "PENDING" => {
            ground.must(runs_once(), Wrong::Stuck, || format!("approved: {code} {text}"));
            "parked; approved, taken up, run once"
        }
        "APPROVED" => {
            ground.must(runs_once(), Wrong::Stuck, || format!("taken up: {code} {text}"));
            "approved; taken up, run once"
        }
        _ => {
            ground.must(code == 124 && now.0 == begun, Wrong::Double, || format!("claimed: {code} {text}"));
            told(ground, of_killed, (begun, ended), "claimed, with nothing on record")
        }
    }
}

/// Answers again if the answer did not count, and sees what the requester makes of it.
fn after_answer(ground: &Ground, verb: &str, waiting: Option<Waiting<'_>>) -> &'static str {
    let waiting = waiting.expect("a requester");
    let is_given = ground.requests().iter().all(|(_, state)| state != "PENDING");
    if !is_given {
        let id = waiting.id().to_owned();
        let (code, text) =
            if verb == "cancel" { ground.gate([verb, &id]) } else { ground.person([verb, "--yes", &id]) };
        ground.must(code == 0, Wrong::Stuck, || format!("`gate {verb}` again: {code} {text}"));
    }
    let output = waiting.output();
    let (code, runs) = match verb {
        "approve" => (0, 1),
        "reject" => (126, 0),
        _ => (124, 0),
    };
    ground.must(output.status.code() == Some(code), Wrong::Stuck, || format!("the requester: {output:?}"));
    let ran = ground.ran();
    ground.must(ran.0 <= runs, Wrong::Double, || format!("{ran:?}"));
    ground.must(ran == (runs, runs), Wrong::Stuck, || format!("{ran:?}"));
    let on_record = ground.runs();
    ground.must(on_record.get(1..) == Some(&vec![End::Recorded; runs][..]), Wrong::Unrecorded, || {
        format!("{on_record:?}")
    });
    if is_given {
        "counts; the requester notices by itself"
    } else {
        "not given; still waits, answered again"
    }
}
