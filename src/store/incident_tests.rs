//! Broken glass in a real store: who may, what is recorded, what is refused, and what a log says that somebody wrote by hand.

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::approval::sample::{at, command, content, origin, policy, requester};
use crate::approval::{Approved, Basis, Content, Incident, IncidentText, Outcome, Purpose, Swearing, Sworn};
use crate::audit::{Kind, Tampered};
use crate::identity::samples::{SoftKey, TOUCHED};
use crate::identity::{Kind as KeyKind, People};
use crate::policy::{Authority, LayerText, Policy, Risk};

const ROLLOUT: &[&str] = &["kubectl", "rollout", "undo", "deploy/shop"];
const UID: u32 = 1000;

/// Who has which key: mara's, jo's.
fn key(name: &str) -> SoftKey {
    SoftKey::new(KeyKind::SkEd25519, if name == "mara" { 1 } else { 2 })
}

fn people() -> People {
    let text = format!(
        "[policy]\nversion = 1\n[[approver]]\nname = 'mara'\nkeys = ['{}']\n[[approver]]\nname = 'jo'\nkeys = ['{}']\n",
        key("mara").public(),
        key("jo").public()
    );
    let layer = LayerText { authority: Authority::User, path: "policy.toml".to_owned(), text };
    People::of(&Policy::from_layers(vec![layer]).unwrap())
}

fn text(name: &str) -> IncidentText {
    IncidentText { name: name.to_owned(), what: "the shop is down".to_owned() }
}

fn swearing(store: &Store, person: &str, nonce: u8) -> Swearing {
    Swearing {
        log: store.log_id().to_owned(),
        person: person.to_owned(),
        uid: UID,
        key: key(person).public().fingerprint(),
        nonce: Digest::from_bytes([nonce; 32]),
        salt: Digest::of(b"salt"),
        displayed: Digest::of(b"card"),
        at: at(0),
    }
}

fn signed(sworn: Sworn, person: &str) -> Sworn {
    let signature = key(person).sign_for(sworn.purpose.namespace(), &sworn.statement(), TOUCHED);
    Sworn { signature: Some(signature), ..sworn }
}

fn breaking(store: &Store, name: &str, person: &str, nonce: u8) -> Sworn {
    let by = swearing(store, person, nonce);
    signed(Sworn::breaking(&by, &text(name), content(ROLLOUT).digest(), policy()), person)
}

fn judged() -> Draft {
    let mut judged = Draft::new(Kind::Judged, &requester("mara"), &origin());
    judged.set("verdict", "ask");
    judged
}

fn named() -> Vec<String> {
    vec!["mara".to_owned(), "jo".to_owned()]
}

struct Place {
    _dir: TempDir,
    store: Store,
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), at(0)).unwrap();
        Place { _dir: dir, store }
    }

    /// Has `sworn` break the glass for `content` at this second.
    fn run(&mut self, s: u64, name: &str, sworn: &Sworn, content: &Content) -> Result<Incident, Withstood> {
        let approved = Approved::for_test(command(ROLLOUT), Basis::BreakGlass);
        let (people, named, text) = (people(), named(), text(name));
        let salt = Digest::of(b"salt");
        let glass =
            Glass { text: &text, sworn, salt, content, risk: Risk::High, named: &named, people: &people };
        let (incident, run) = self.store.break_glass(at(s), &approved, judged(), &glass)?;
        self.store.finish(at(s), run, Outcome::Exited(0)).unwrap();
        Ok(incident)
    }

    fn usual(&mut self, s: u64, name: &str, person: &str, nonce: u8) -> Result<Incident, Withstood> {
        let sworn = breaking(&self.store, name, person, nonce);
        self.run(s, name, &sworn, &content(ROLLOUT))
    }

    fn review(&mut self, s: u64, person: &str, nonce: u8) -> Result<Incident, Withstood> {
        let incident = self.store.incident().unwrap().unwrap();
        let sworn = Sworn::review(&swearing(&self.store, person, nonce), &incident, Some("fine"));
        let sworn = signed(sworn, person);
        self.give(s, &sworn)
    }

    fn give(&mut self, s: u64, sworn: &Sworn) -> Result<Incident, Withstood> {
        let (people, reviewers) = (people(), named());
        let review = Review { sworn, comment: Some("fine"), reviewers: &reviewers, people: &people };
        self.store.review(at(s), &review)
    }

    fn entries(&self) -> Vec<Value> {
        let mut found = Vec::new();
        let each = |row: Row<'_>| {
            found.push(serde_json::from_slice(row.bytes).unwrap());
            std::ops::ControlFlow::Continue(())
        };
        self.store.entries(1, each).unwrap();
        found
    }

    /// Returns the changes of incidents that are on record, with `start` for each start.
    fn told(&self) -> Vec<String> {
        let told = |entry: &Value| match entry["type"].as_str()? {
            "break_glass" => Some(entry["data"]["change"].as_str()?.to_owned()),
            "exec.start" => Some("start".to_owned()),
            _ => None,
        };
        self.entries().iter().filter_map(told).collect()
    }

    fn checked(&self) -> Result<(), Tampered> {
        let people = people();
        let checked =
            self.store.verify_signed(|_| (), &mut crate::identity::Signatures::of(&people)).unwrap();
        checked.map(|_| ())
    }
}

use serde_json::Value;

#[track_caller]
fn refused(place: &mut Place, done: Result<Incident, Withstood>, expected: &str) {
    let why = done.expect_err("the glass withstands").to_string();
    assert!(why.contains(expected), "{why}");
    assert_eq!(place.told().last().map(String::as_str), Some("refused"), "it is recorded");
    place.checked().unwrap();
}

#[test]
fn an_incident_is_opened_used_and_reviewed_and_all_of_it_is_on_record() {
    let mut place = Place::new();
    place.usual(1, "INC-42", "mara", 1).unwrap();
    let incident = place.usual(1799, "INC-42", "mara", 2).unwrap();
    assert_eq!((incident.commands, incident.opened), (2, at(1)));
    assert_eq!(place.store.incident().unwrap(), Some(incident.clone()));
    assert_eq!(place.store.incident_starts(&incident).unwrap(), [4, 8]);
    place.checked().unwrap();
    place.review(4000, "jo", 3).unwrap();
    assert_eq!(place.store.incident().unwrap(), None);
    place.usual(4001, "INC-43", "jo", 4).unwrap();
    assert_eq!(
        place.told(),
        ["opened", "start", "used", "start", "reviewed", "opened", "start"],
        "the next one begins after the review"
    );
    place.checked().unwrap();
    let opened = &place.entries()[1];
    assert_eq!(
        (&opened["actor"]["id"], &opened["data"]["what"]),
        (&"mara".into(), &"the shop is down".into())
    );
    assert_eq!(opened["decision"]["content"], content(ROLLOUT).digest().to_string());
}

#[test]
fn nobody_breaks_the_glass_without_being_named_and_touching_a_key_for_this_very_command() {
    let mut place = Place::new();
    let good = breaking(&place.store, "INC-42", "mara", 1);
    let forged = |change: &dyn Fn(&mut Sworn), sign: bool| {
        let mut sworn = good.clone();
        change(&mut sworn);
        if sign { signed(sworn, "mara") } else { sworn }
    };
    let untouched = {
        let signature = key("mara").sign_for(Purpose::Break.namespace(), &good.statement(), 0);
        Sworn { signature: Some(signature), ..good.clone() }
    };
    let as_decision = {
        let signature = key("mara").sign(&good.statement(), TOUCHED);
        Sworn { signature: Some(signature), ..good.clone() }
    };
    let set = |name: &'static str, value: &'static str| {
        move |sworn: &mut Sworn| drop(sworn.members.insert(name.to_owned(), json!(value)))
    };
    for (sworn, expected) in [
        (untouched, "worth `tty`"),
        (as_decision, "the signature is for `gate-decision@v1`, expected `gate-break-glass@v1`"),
        (forged(&|sworn| sworn.signature = None, false), "worth `asserted`"),
        (forged(&set("nonce", "00"), false), "not over"),
        (forged(&set("log", "another"), true), "signed for another log"),
        (forged(&set("content", "00"), true), "signed for another command"),
        (forged(&set("incident", "INC-1"), true), "signed for another command or incident"),
        (forged(&set("person", "eve"), true), "does not let eve break the glass, only mara, jo"),
        (forged(&set("person", "jo"), true), "the signature is by `mara`, and the decision says `jo`"),
        (forged(&|sworn| sworn.purpose = Purpose::Review, true), "signed for another purpose"),
    ] {
        let done = place.run(1, "INC-42", &sworn, &content(ROLLOUT));
        refused(&mut place, done, expected);
    }
    let done = place.run(1, "INC-42", &good, &content(&["kubectl", "delete", "ns", "shop"]));
    refused(&mut place, done, "signed for another command");
    assert!(!place.told().contains(&"start".to_owned()) && place.store.incident().unwrap().is_none());
}

#[test]
fn a_signature_counts_once() {
    let mut place = Place::new();
    let sworn = breaking(&place.store, "INC-42", "mara", 1);
    place.run(1, "INC-42", &sworn, &content(ROLLOUT)).unwrap();
    let again = place.run(2, "INC-42", &sworn, &content(ROLLOUT));
    refused(&mut place, again, "on record already");
    let mut other = Place::new();
    let elsewhere = other.run(2, "INC-42", &sworn, &content(ROLLOUT));
    refused(&mut other, elsewhere, "signed for another log");
}

#[test]
fn the_next_incident_waits_for_the_review_of_the_one_before() {
    let mut place = Place::new();
    place.usual(0, "INC-42", "mara", 1).unwrap();
    let done = place.usual(1, "INC-43", "mara", 2);
    refused(&mut place, done, "the incident INC-42 of mara is open, and one is at a time");
    let done = place.usual(1, "INC-42", "jo", 3);
    refused(&mut place, done, "the incident INC-42 is mara's");
    let done = place.usual(1800, "INC-42", "mara", 4);
    refused(&mut place, done, "is over (30 min at most) and waits for its review");
    let done = place.review(1801, "mara", 5);
    refused(&mut place, done, "nobody reviews an incident of their own");
    let incident = place.store.incident().unwrap().unwrap();
    let less = Sworn::review(&swearing(&place.store, "jo", 6), &Incident { commands: 0, ..incident }, None);
    let done = place.give(1802, &signed(less, "jo"));
    refused(&mut place, done, "it has 1 commands now");
    let good = Sworn::review(
        &swearing(&place.store, "jo", 7),
        &place.store.incident().unwrap().unwrap(),
        Some("fine"),
    );
    let done = place.give(1803, &good);
    refused(&mut place, done, "worth `asserted`");
    place.give(1804, &signed(good.clone(), "jo")).unwrap();
    assert!(matches!(place.give(1805, &signed(good, "jo")), Err(Withstood::Nothing)));
    place.usual(1806, "INC-42", "mara", 8).unwrap();
    place.checked().unwrap();
}

#[test]
fn two_at_once_open_one_incident() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path(), at(0)).unwrap());
    let done: Vec<bool> = std::thread::scope(|scope| {
        let one = |n: u8| {
            let dir = dir.path();
            scope.spawn(move || {
                let store = Store::open(dir, at(0)).unwrap();
                let mut place = Place { _dir: tempfile::tempdir().unwrap(), store };
                let name = format!("INC-{n}");
                place.usual(1, &name, "mara", n).is_ok()
            })
        };
        let all: Vec<_> = (1..=4).map(one).collect();
        all.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(done.iter().filter(|ran| **ran).count(), 1, "{done:?}");
    let place = Place { _dir: tempfile::tempdir().unwrap(), store: Store::open(dir.path(), at(2)).unwrap() };
    assert_eq!(place.told().iter().filter(|told| *told == "start").count(), 1);
    place.checked().unwrap();
}

#[test]
fn a_runner_that_dies_behind_the_glass_is_on_record_as_lost() {
    let mut place = Place::new();
    let sworn = breaking(&place.store, "INC-42", "mara", 1);
    let approved = Approved::for_test(command(ROLLOUT), Basis::BreakGlass);
    let (people, named, text, content) = (people(), named(), text("INC-42"), content(ROLLOUT));
    let (salt, risk) = (Digest::of(b"salt"), Risk::High);
    let glass =
        Glass { text: &text, sworn: &sworn, salt, content: &content, risk, named: &named, people: &people };
    let (_, run) = place.store.break_glass(at(1), &approved, judged(), &glass).unwrap();
    let seq = run.seq();
    drop(run);
    assert_eq!(place.store.sweep(at(2)).unwrap().lost, [seq]);
    assert_eq!(place.store.incident().unwrap().unwrap().commands, 1);
    place.checked().unwrap();
}

#[test]
fn a_store_from_before_there_were_incidents_is_read_and_gets_their_tables() {
    let mut place = Place::new();
    let drop = "DROP TABLE incidents; DROP TABLE incident_commands; PRAGMA user_version = 5";
    place.store.db.execute_batch(drop).unwrap();
    assert_eq!(place.store.incident().unwrap(), None);
    place.checked().unwrap();
    place.store = Store::open(place._dir.path(), at(1)).unwrap();
    place.usual(1, "INC-42", "mara", 1).unwrap();
    place.checked().unwrap();
}

/// Appends what gate itself would not: the entries of a command behind the glass, whatever speaks against it.
fn write(place: &mut Place, s: u64, change: &str, sworn: Option<Sworn>, runs: bool) {
    let mut opening = Draft::new(Kind::BreakGlass, &requester("mara"), &origin());
    opening.set("change", change);
    opening.set("incident", "INC-42");
    opening.sworn = sworn.map(|sworn| (sworn, crate::approval::Assurance::Hardware));
    let mut drafts = vec![opening];
    if runs {
        drafts.extend(ran(Some("INC-42")));
    }
    place.store.record(at(s), &drafts, Durability::Full).unwrap();
}

/// Returns a verdict and a start, behind the glass of an incident or of none.
fn ran(incident: Option<&str>) -> [Draft; 2] {
    let (mut judged, mut start) = (judged(), judged());
    judged.command = Some(command(ROLLOUT));
    start.command = Some(command(ROLLOUT));
    start.kind = Kind::ExecStart;
    start.data.clear();
    let content = content(ROLLOUT).digest().to_string();
    for draft in [&mut judged, &mut start] {
        draft.set("content", content.clone());
    }
    if let Some(incident) = incident {
        judged.set("break_glass", incident);
    }
    [judged, start]
}

#[track_caller]
fn tampered(place: &Place, what: &str, expected: &str) {
    let found = place.checked().expect_err("it is found");
    assert_eq!(found.what, what, "{found:?}");
    assert!(found.expected.contains(expected), "{found:?}");
}

#[test]
fn log_in_which_the_glass_was_broken_against_the_rules_is_tampered_with() {
    let opened = || {
        let mut place = Place::new();
        place.usual(0, "INC-42", "mara", 1).unwrap();
        place
    };
    let mut late = opened();
    let sworn = breaking(&late.store, "INC-42", "mara", 2);
    write(&mut late, 1800, "used", Some(sworn), true);
    tampered(&late, "break_glass", "a command within 1800 s of INC-42, in one boot");

    let mut outside = Place::new();
    outside.store.record(at(1), &ran(Some("INC-42")), Durability::Full).unwrap();
    tampered(&outside, "break_glass", "a broken glass right before");
    let mut outside = Place::new();
    outside.store.record(at(1), &ran(None), Durability::Full).unwrap();
    tampered(&outside, "exec.start", "right after a verdict that allows this command");

    let mut second = opened();
    let sworn = breaking(&second.store, "INC-43", "mara", 2);
    write(&mut second, 10, "opened", Some(sworn), true);
    tampered(&second, "break_glass", "no incident that waits for its review");

    let mut wrong = Place::new();
    let mut sworn = breaking(&wrong.store, "INC-42", "mara", 1);
    sworn.members.insert("content".to_owned(), json!(content(&["true"]).digest().to_string()));
    write(&mut wrong, 1, "opened", Some(sworn), false);
    tampered(&wrong, "signature", "a signature over what was sworn");

    let mut plain = Place::new();
    let untouched = breaking(&plain.store, "INC-42", "mara", 1);
    let signature = key("mara").sign_for(Purpose::Break.namespace(), &untouched.statement(), 0);
    let untouched = Sworn { signature: Some(signature), ..untouched };
    write(&mut plain, 1, "opened", Some(untouched), false);
    tampered(&plain, "signature", "a security key that was touched");

    let mut unsigned = Place::new();
    write(&mut unsigned, 1, "opened", None, true);
    tampered(&unsigned, "break_glass", "what was signed, with its nonce");

    let mut replayed = opened();
    let sworn = breaking(&replayed.store, "INC-42", "mara", 1);
    write(&mut replayed, 10, "used", Some(sworn), true);
    tampered(&replayed, "break_glass", "a nonce used once");

    let mut copied = Place::new();
    let elsewhere = breaking(&opened().store, "INC-42", "mara", 1);
    write(&mut copied, 1, "opened", Some(elsewhere), true);
    tampered(&copied, "signature", "one for this log");

    let mut theirs = opened();
    let sworn = breaking(&theirs.store, "INC-42", "jo", 2);
    write(&mut theirs, 10, "used", Some(sworn), true);
    tampered(&theirs, "break_glass", "INC-42 of mara");

    let mut cut = opened();
    let sworn = breaking(&cut.store, "INC-42", "mara", 2);
    write(&mut cut, 10, "used", Some(sworn), false);
    write(&mut cut, 11, "refused", None, false);
    tampered(&cut, "break_glass", "the judged of what the glass was broken for");

    let mut own = opened();
    let incident = own.store.incident().unwrap().unwrap();
    let review = signed(Sworn::review(&swearing(&own.store, "mara", 2), &incident, None), "mara");
    write(&mut own, 10, "reviewed", Some(review), false);
    tampered(&own, "break_glass", "a review by somebody else than mara");

    let mut less = opened();
    let incident = Incident { commands: 3, ..less.store.incident().unwrap().unwrap() };
    let review = signed(Sworn::review(&swearing(&less.store, "jo", 2), &incident, None), "jo");
    write(&mut less, 10, "reviewed", Some(review), false);
    tampered(&less, "break_glass", "a review of INC-42 with 1 commands");

    let mut unknown = opened();
    write(&mut unknown, 10, "forgotten", None, false);
    tampered(&unknown, "break_glass", "opened, used, reviewed or refused");
}

#[test]
fn an_incident_whose_row_was_changed_or_taken_away_is_found() {
    let mut place = Place::new();
    place.usual(0, "INC-42", "mara", 1).unwrap();
    place.store.db.execute_batch("UPDATE incidents SET waits = 0").unwrap();
    tampered(&place, "incident's row", "INC-42 of mara, 1 commands");
    let mut place = Place::new();
    place.usual(0, "INC-42", "mara", 1).unwrap();
    let mut row = place.store.incident().unwrap().unwrap();
    row.by = "jo".to_owned();
    let row = serde_json::to_string(&row).unwrap();
    place.store.db.execute("UPDATE incidents SET record = ?", [row]).unwrap();
    tampered(&place, "incident's row", "INC-42 of mara");
    assert!(place.store.db.execute("INSERT INTO incidents VALUES (x'01', 1, '')", []).is_err());
}
