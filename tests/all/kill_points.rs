//! Gate is killed at its system calls, one after another, and whatever it was doing, nothing is lost, doubled or stuck.
//!
//! Each point is one call of one run: gate is killed before it, and in another run right after it. The table of all points is
//! `docs/kill-points.md`; `tests/killpoints --write` makes it. The tests kill at a sample: at each call that changes what others
//! see (the first and the last where many follow each other), at the first of each kind, and at some of the rest.

mod call;
mod ground;
mod scenes;
mod table;
mod tracer;

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ground::{Ground, Wrong};
use scenes::{Deed, Met, SCENES, Scene};
use table::Part;
use tracer::{Stop, Traced};

use crate::stage::{Run, until};

/// A stop in the life of gate, told from others like it by how many of them came before: of other kinds there may be some more or less
/// from run to run.
#[derive(Clone, Copy, Debug)]
struct Point {
    stop: Stop,
    number: usize,
}

/// What was found where gate was killed at one point.
pub(crate) struct Found {
    stop: Stop,
    outcome: &'static str,
    wrongs: Vec<(Wrong, String)>,
}

/// How many work at once: as many as the smallest machine that runs the tests has processors.
const WORKERS: usize = 2;
/// Of the points that are not decisive, the sample holds one in so many; odd, so that both sides of calls are met.
const EACH: usize = 61;

/// Returns which scenes are to be played at all points, by a part of their headings; `None` for a sample.
fn all_points_of() -> Option<String> {
    std::env::var("GATE_KILL_POINTS").ok()
}

/// Kills gate at the points of a scene, and returns what was found, in the order of the points.
fn play(scene: &'static Scene) -> Vec<Found> {
    let ground = set(scene);
    let stops = undisturbed(scene, &ground);
    let points = if all_points_of().is_some() { numbered(&stops) } else { sample(&stops) };
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for ground in std::iter::once(Some(ground)).chain(std::iter::repeat_with(|| None)).take(WORKERS) {
            let (next, found, points) = (&next, &found, &points);
            scope.spawn(move || {
                let ground = ground.unwrap_or_else(|| set(scene));
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(point) = points.get(number) else { break };
                    if let Some(one) = meet(scene, &ground, *point) {
                        found.lock().expect("no worker panicked").push((number, one));
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no worker panicked");
    found.sort_by_key(|(number, _)| *number);
    found.into_iter().map(|(_, found)| found).collect()
}

fn set(scene: &Scene) -> Ground {
    let ground = Ground::new();
    (scene.prepare)(&ground);
    ground.keep();
    ground
}

/// Lets gate come to its end, and returns all stops on its way.
fn undisturbed(scene: &Scene, ground: &Ground) -> Vec<Stop> {
    let waiting = (scene.begin)(ground);
    let (mut command, _terminal) = (scene.killed)(ground, waiting.as_ref()).unstarted();
    let mut traced = Traced::start(&mut command, gate());
    let (mut stops, mut met) = (Vec::new(), Met::default());
    while let Some(stop) = traced.step() {
        stops.push(stop);
        (scene.meanwhile)(ground, &mut met, stop);
    }
    let said = traced.said();
    assert_eq!(traced.code(), 0, "{}: {said:?}", scene.name);
    stops
}

/// Returns the points of a run.
fn numbered(stops: &[Stop]) -> Vec<Point> {
    let mut seen = HashMap::new();
    let mut number = |stop: &Stop| {
        let next = seen.entry(*stop).or_insert(0);
        *next += 1;
        *next - 1
    };
    stops.iter().map(|stop| Point { stop: *stop, number: number(stop) }).collect()
}

/// Returns the points that the tests kill at.
fn sample(stops: &[Stop]) -> Vec<Point> {
    let call = |number: usize| stops.get(number).map(|stop| stop.call);
    let is_taken = |(number, point): &(usize, Point)| {
        let here = Some(point.stop.call);
        // Two stops a call.
        let is_at_an_edge = call(number + 2) != here || number.checked_sub(2).and_then(call) != here;
        let is_decisive = point.stop.call.is_decisive() && is_at_an_edge;
        number.is_multiple_of(EACH) || (point.stop.is_before && (point.number == 0 || is_decisive))
    };
    numbered(stops).into_iter().enumerate().filter(is_taken).map(|(_, point)| point).collect()
}

/// Does the scene's deed at one point; `None` where gate ended before.
fn meet(scene: &Scene, ground: &Ground, point: Point) -> Option<Found> {
    ground.put_back();
    let waiting = (scene.begin)(ground);
    let (mut command, _terminal) = (scene.killed)(ground, waiting.as_ref()).unstarted();
    let mut traced = Traced::start(&mut command, gate());
    let mut met = Met::default();
    let mut stop = traced.step()?;
    let mut earlier = point.number;
    while stop != point.stop || earlier > 0 {
        earlier -= usize::from(stop == point.stop);
        (scene.meanwhile)(ground, &mut met, stop);
        stop = traced.step()?;
    }
    (scene.arrive)(ground, stop);
    match scene.deed {
        Deed::Kill => traced.kill(),
        Deed::Also(start) => {
            let other = ground.is_readable().then(|| start(ground)).flatten();
            met.is_answered = other.is_some();
            also(scene, ground, other, (&mut traced, &mut met, stop));
        }
    }
    ground.code.set(traced.code());
    ground.must(traced.said().is_some(), Wrong::Leftover, || "a process that outlives gate".to_owned());
    let outcome = (scene.after)(ground, waiting);
    ground.check_files();
    Some(Found { stop, outcome, wrongs: ground.take_wrongs() })
}

/// Runs another gate while one stands at a call, and lets that go on to its end. Where it holds the lock of all writers, the other
/// one comes to its own end only then.
fn also(
    scene: &Scene,
    ground: &Ground,
    other: Option<Run<'_>>,
    (traced, met, stop): (&mut Traced, &mut Met, Stop),
) {
    let is_writable = ground.is_writable();
    std::thread::scope(|scope| {
        let other = other.map(|other| {
            let (mut command, terminal) = other.unstarted();
            scope.spawn(move || {
                let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
                drop(terminal);
                status.expect("another gate")
            })
        });
        if is_writable {
            until("the end of the other gate", || {
                other.as_ref().is_none_or(|other| other.is_finished()).then_some(())
            });
        }
        let mut stop = Some(stop);
        while let Some(at) = stop {
            (scene.meanwhile)(ground, met, at);
            stop = traced.step();
        }
    });
}

fn gate() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_gate"))
}

/// Plays one scene at a sample of its points, and compares with the table.
#[track_caller]
fn case(number: usize) {
    let (scene, found) = (&SCENES[number], play(&SCENES[number]));
    let met = Part::of(scene, &found);
    let (points, wrongs) = (found.len(), met.wrongs());
    assert!(wrongs.is_empty(), "{}: of {points} points:\n{wrongs}", scene.name);
    let expected = table::read().swap_remove(number);
    assert_eq!(expected.heading, scene.name);
    let kinds =
        |part: &Part| part.rows.keys().copied().filter(|call| call.is_everywhere()).collect::<Vec<_>>();
    assert_eq!(kinds(&met), kinds(&expected), "kinds of calls; {REWRITE}");
    let new: Vec<String> = met.outcomes().difference(&expected.outcomes()).cloned().collect();
    assert!(new.is_empty(), "not in the table: {new:?}; {REWRITE}");
}

const REWRITE: &str = "if that is as it should be, run `tests/killpoints --write`";

#[test]
fn killed_at_the_first_command_of_all() {
    case(0);
}

#[test]
fn killed_at_an_allowed_command() {
    case(1);
}

#[test]
fn killed_at_an_allowed_script() {
    case(2);
}

#[test]
fn killed_while_a_request_is_made_waited_for_and_run() {
    case(3);
}

#[test]
fn killed_while_an_approved_request_is_taken_up() {
    case(4);
}

#[test]
fn killed_between_two_commands_from_standard_input() {
    case(5);
}

#[test]
fn approver_killed_while_approving() {
    case(6);
}

#[test]
fn approver_killed_while_rejecting() {
    case(7);
}

#[test]
fn requester_killed_while_cancelling() {
    case(8);
}

#[test]
fn answered_at_any_moment() {
    case(9);
}

#[test]
fn taken_up_by_two() {
    case(10);
}

/// With `GATE_KILL_POINTS` in the environment it kills at every point of the scenes that it names, and writes their parts of the table.
#[test]
fn table_of_the_kill_points_says_that_nothing_is_wrong() {
    if let Some(named) = all_points_of() {
        let mut parts = table::read();
        for scene in SCENES.iter().filter(|scene| scene.name.contains(&named)) {
            let part = Part::of(scene, &play(scene));
            assert_eq!(part.wrongs(), "", "{}", scene.name);
            parts.retain(|old| old.heading != part.heading);
            parts.push(part);
            table::write(&parts);
        }
    }
    let parts = table::read();
    assert_eq!(parts.len(), SCENES.len());
    for part in parts {
        assert_eq!(part.wrongs(), "", "{}", part.heading);
    }
}
