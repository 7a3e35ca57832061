//! Signatures that real tools made, those of a security key in software, and those that hostile hands made.

use proptest::prelude::*;

use super::samples::{SoftKey, TOUCHED, VERIFIED, armored};
use super::*;
use crate::approval::sample::{ask, at, decision, request};
use crate::approval::{Answer, Assurance, Decision, NAMESPACE, Request, RequesterKind};
use crate::moment::Moment;
use crate::policy::{Authority, LayerText, Policy, Requirement};

macro_rules! vector {
    ($name:literal) => {
        include_str!(concat!("../../tests/vectors/sshsig/", $name))
    };
}

const MESSAGE: &str = vector!("message");

fn people(text: &str) -> People {
    let text = format!("[policy]\nversion = 1\n{text}");
    let layer = LayerText { authority: Authority::User, path: "policy.toml".to_owned(), text };
    People::of(&Policy::from_layers(vec![layer]).unwrap())
}

/// Mara has `key`, with more said of it in `more`; jo has the key of the vectors.
fn with_key(key: &PublicKey, more: &str) -> People {
    let jo = vector!("ed25519.pub").trim();
    people(&format!(
        "[[approver]]\nname = 'mara'\nkeys = [{{ key = '{key}'{more} }}]\n[[approver]]\nname = 'jo'\nkeys = ['{jo}']\n"
    ))
}

/// Returns a request that needs a key, of a user whose id no approver of the samples has.
fn asked() -> Request {
    request(ask("claude"))
}

/// Returns mara's approval, signed by `key`.
fn signed(request: &Request, key: &SoftKey, flags: u8) -> Decision {
    let mut given = decision(request, "mara", Answer::Approve);
    given.key = Some(key.public().fingerprint());
    given.signature = Some(key.sign(&given.statement(), flags));
    given
}

#[test]
fn signatures_of_ssh_keygen_hold() {
    for (key, signature) in [
        (vector!("ed25519.pub"), vector!("ed25519.sig")),
        (vector!("ed25519.pub"), vector!("sha256.sig")),
        (vector!("ecdsa.pub"), vector!("ecdsa.sig")),
        (vector!("p384.pub"), vector!("p384.sig")),
        (vector!("rsa.pub"), vector!("rsa.sig")),
    ] {
        let read = Signature::parse(signature).unwrap();
        assert_eq!(*read.key(), PublicKey::parse(key).unwrap(), "{key}");
        assert_eq!(read.verify(NAMESPACE, MESSAGE.as_bytes()), Ok(Presence::default()), "{key}");
        let other = read.verify(NAMESPACE, b"another message");
        assert_eq!(other, Err(BadSignature::NotOver), "{key}");
    }
}

#[test]
fn key_is_written_as_it_was_read_and_has_the_fingerprint_that_ssh_keygen_prints() {
    let key = PublicKey::parse(vector!("ed25519.pub")).unwrap();
    assert!(vector!("ed25519.pub").starts_with(&format!("{key} ")));
    assert_eq!(key.fingerprint(), vector!("ed25519.fingerprint").trim());
    let unknown = PublicKey::parse(vector!("p521.pub")).unwrap_err();
    assert!(unknown.to_string().starts_with("a key of type `ecdsa-sha2-nistp521`, which gate cannot verify"));
}

#[test]
fn signature_for_another_purpose_does_not_hold() {
    let other = Signature::parse(vector!("other-namespace.sig")).unwrap();
    let refused = other.verify(NAMESPACE, MESSAGE.as_bytes()).unwrap_err();
    assert_eq!(refused.to_string(), "the signature is for `file`, expected `gate-decision@v1`");
}

#[test]
fn security_key_says_whether_it_was_touched_and_by_whom() {
    for kind in [Kind::SkEd25519, Kind::SkP256] {
        let key = SoftKey::new(kind, 1);
        for flags in [0, TOUCHED, VERIFIED, TOUCHED | VERIFIED] {
            let signature = Signature::parse(&key.sign(b"m", flags)).unwrap();
            let (touched, verified) = (flags & TOUCHED != 0, flags & VERIFIED != 0);
            let found = signature.verify(NAMESPACE, b"m");
            assert_eq!(found, Ok(Presence { touched, verified }), "{kind:?} {flags}");
            assert_eq!(signature.verify(NAMESPACE, b"n"), Err(BadSignature::NotOver));
        }
    }
}

#[test]
fn assurance_is_what_the_key_gives() {
    let request = asked();
    let case = |kind, flags, more: &str, change: &dyn Fn(&mut Decision), expected: Assurance| {
        let key = SoftKey::new(kind, 1);
        let mut given = decision(&request, "mara", Answer::Approve);
        given.key = Some(key.public().fingerprint());
        change(&mut given);
        given.signature = Some(key.sign(&given.statement(), flags));
        let found = with_key(&key.public(), more).weigh(&given, &request, at(1));
        assert_eq!(found, Ok(expected), "{kind:?} {flags} {more}");
    };
    let same = |_: &mut Decision| ();
    let own_user = |given: &mut Decision| given.approver.uid = 1000;
    let apart = ", apart = true";
    case(Kind::Ed25519, 0, "", &same, Assurance::Tty);
    case(Kind::Ed25519, 0, apart, &same, Assurance::Key);
    case(Kind::P256, 0, apart, &same, Assurance::Key);
    case(Kind::Ed25519, 0, apart, &own_user, Assurance::Tty);
    case(Kind::SkEd25519, TOUCHED, "", &own_user, Assurance::Hardware);
    case(Kind::SkP256, TOUCHED, "", &same, Assurance::Hardware);
    case(Kind::SkEd25519, 0, "", &same, Assurance::Tty);
    case(Kind::SkEd25519, 0, apart, &same, Assurance::Key);
    case(Kind::SkEd25519, TOUCHED, ", verify = true", &same, Assurance::Tty);
    case(Kind::SkEd25519, TOUCHED | VERIFIED, ", verify = true", &same, Assurance::Hardware);
}

#[test]
fn what_says_it_is_strong_without_a_signature_is_worth_a_terminal() {
    let request = asked();
    let mut given = decision(&request, "mara", Answer::Approve);
    given.assurance = Assurance::Hardware;
    assert_eq!(People::default().weigh(&given, &request, at(1)), Ok(Assurance::Tty));
}

#[track_caller]
fn refused(people: &People, given: &Decision, request: &Request, now: Moment, expected: &str) {
    let found = people.weigh(given, request, now).unwrap_err();
    assert_eq!(found.to_string(), expected);
}

#[test]
fn signature_that_is_not_over_this_decision_proves_nothing() {
    let (request, key) = (asked(), SoftKey::new(Kind::SkEd25519, 1));
    let people = with_key(&key.public(), "");
    let good = signed(&request, &key, TOUCHED);
    assert_eq!(people.weigh(&good, &request, at(1)), Ok(Assurance::Hardware));
    let not_over = "the signature is not over this decision";
    let case = |change: &dyn Fn(&mut Decision), expected: &str| {
        let mut given = good.clone();
        change(&mut given);
        refused(&people, &given, &request, at(1), expected);
    };
    case(&|given| given.answer = Answer::Escalate, not_over);
    case(&|given| given.about = crate::digest::Digest::of(b"another request"), not_over);
    case(&|given| given.displayed = crate::digest::Digest::of(b"another card"), not_over);
    case(&|given| given.step = 1, not_over);
    case(&|given| given.approver.uid = 0, not_over);
    case(&|given| given.key = None, not_over);
    let garbage = "the signature is none that `ssh-keygen -Y sign` makes";
    case(&|given| given.signature = Some("garbage".to_owned()), garbage);
    case(&|given| given.signature = Some(String::new()), garbage);
    let long = "the signature has 10000000 bytes, and none has more than 16384";
    case(&|given| given.signature = Some("x".repeat(10_000_000)), long);
    let other_purpose = |given: &mut Decision| {
        given.signature = Some(key.sign_for("git", &given.statement(), TOUCHED));
    };
    case(&other_purpose, "the signature is for `git`, expected `gate-decision@v1`");
}

#[test]
fn signature_copied_from_another_request_proves_nothing() {
    let key = SoftKey::new(Kind::SkEd25519, 1);
    let first = asked();
    let mut other = ask("claude");
    other.reason = Some("something else".to_owned());
    let second = request(other);
    let mut copied = signed(&first, &key, TOUCHED);
    copied.about = second.digest();
    let people = with_key(&key.public(), "");
    refused(&people, &copied, &second, at(1), "the signature is not over this decision");
}

#[test]
fn key_that_the_policy_does_not_name_for_this_person_proves_nothing() {
    let (request, key) = (asked(), SoftKey::new(Kind::SkEd25519, 1));
    let good = signed(&request, &key, TOUCHED);
    let unknown = format!(
        "the signature is by the key {}, which the policy names for nobody",
        key.public().fingerprint()
    );
    refused(&People::default(), &good, &request, at(1), &unknown);
    let other = SoftKey::new(Kind::SkEd25519, 2);
    refused(&with_key(&other.public(), ""), &good, &request, at(1), &unknown);
    let mut as_jo = good.clone();
    as_jo.approver.name = "jo".to_owned();
    as_jo.signature = Some(key.sign(&as_jo.statement(), TOUCHED));
    let wrong = "the signature is by `mara`, and the decision says `jo`";
    refused(&with_key(&key.public(), ""), &as_jo, &request, at(1), wrong);
    let mut other_key = good;
    other_key.key = Some("SHA256:x".to_owned());
    other_key.signature = Some(key.sign(&other_key.statement(), TOUCHED));
    let said = format!(
        "the decision names the key `SHA256:x`, and the signature is by `{}`",
        key.public().fingerprint()
    );
    refused(&with_key(&key.public(), ""), &other_key, &request, at(1), &said);
}

#[test]
fn key_counts_only_in_its_time() {
    let (request, key) = (asked(), SoftKey::new(Kind::SkEd25519, 1));
    let good = signed(&request, &key, TOUCHED);
    let fingerprint = key.public().fingerprint();
    // The samples' time is 2026-11-21.
    for (more, why) in [
        (", from = '2026-11-22'", "does not count before 2026-11-22"),
        (", until = '2026-11-21'", "has not counted since 2026-11-21"),
        (", revoked = '2026-11-20T12:00:00Z'", "was revoked on 2026-11-20T12:00:00Z"),
    ] {
        let expected = format!("the key {fingerprint} {why}");
        refused(&with_key(&key.public(), more), &good, &request, at(1), &expected);
    }
    let valid =
        with_key(&key.public(), ", from = '2026-11-21', until = '2026-11-22', revoked = '2026-11-23'");
    assert_eq!(valid.weigh(&good, &request, at(1)), Ok(Assurance::Hardware));
}

#[test]
fn whoever_is_linked_to_the_requester_does_not_decide_with_any_key() {
    let key = SoftKey::new(Kind::SkEd25519, 1);
    let case = |change: &dyn Fn(&mut crate::approval::Ask), user: &str| {
        let mut asked = ask("claude");
        asked.requirement.approvers = vec!["mara".to_owned()];
        change(&mut asked);
        let request = request(asked);
        let given = signed(&request, &key, TOUCHED);
        let people =
            people(&format!("[[approver]]\nname = 'mara'\nuser = '{user}'\nkeys = ['{}']\n", key.public()));
        people.weigh(&given, &request, at(1)).map_err(|why| why.to_string())
    };
    let four_eyes =
        Err("four eyes are asked for: the person the requester acts for may not decide".to_owned());
    let own = Err("no one decides their own request; another approver must".to_owned());
    assert_eq!(case(&|asked| asked.requirement.four_eyes = true, "bob"), four_eyes);
    assert_eq!(case(&|asked| asked.requirement.four_eyes = true, "mara"), Ok(Assurance::Hardware));
    assert_eq!(case(&|asked| asked.requester.kind = RequesterKind::Human, "bob"), own);
    assert_eq!(case(&|_| (), "bob"), Ok(Assurance::Hardware));
}

#[test]
fn whoever_is_linked_to_the_requester_by_a_name_elsewhere_does_not_decide_without_a_key_either() {
    let people = people(
        "[[approver]]\nname = 'mara'\nuser = 'm.keller'\ngithub = '@Mara-K'\nemail = 'mara@example.com'\n[[approver]]\nname = 'jo'\n",
    );
    let case = |name: &str, user: &str, behalf: &str| {
        let mut asked = ask("github-actions");
        asked.requirement.approvers = vec!["mara".to_owned(), "jo".to_owned()];
        asked.requirement.four_eyes = true;
        (asked.requester.user, asked.requester.on_behalf_of) = (user.to_owned(), Some(behalf.to_owned()));
        let request = request(asked);
        people.weigh(&decision(&request, name, Answer::Approve), &request, at(1)).is_ok()
    };
    for behalf in ["mara", "m.keller", "mara-k", "MARA-K", "@mara-k", "Mara@Example.com"] {
        assert!(!case("mara", "runner", behalf), "{behalf}");
        assert!(case("jo", "runner", behalf), "{behalf}");
    }
    assert!(!case("mara", "m.keller", "jo") && !case("jo", "m.keller", "jo"));
    assert!(case("mara", "runner", "mara-kk"));
}

#[test]
fn two_people_with_security_keys_at_one_account_are_two() {
    let (one, other) = (SoftKey::new(Kind::SkEd25519, 1), SoftKey::new(Kind::SkP256, 2));
    let request = asked();
    let by = |name: &str, key: &SoftKey| {
        let mut given = signed(&request, key, TOUCHED);
        (given.approver.name, given.approver.uid) = (name.to_owned(), 1000);
        given.signature = Some(key.sign(&given.statement(), TOUCHED));
        given.assurance = Assurance::Hardware;
        given
    };
    let (mara, jo) = (by("mara", &one), by("jo", &other));
    assert!(!mara.is_same_person(&jo) && mara.is_same_person(&mara));
    let at_terminal = Decision { key: None, ..jo };
    assert!(mara.is_same_person(&at_terminal), "a terminal of the account may be anybody's");
}

#[test]
fn allowed_signers_are_written_as_ssh_keygen_reads_them() {
    let key = SoftKey::new(Kind::SkEd25519, 1).public();
    let other = SoftKey::new(Kind::SkEd25519, 2).public();
    let people = people(&format!(
        "[[approver]]\nname = 'mara'\nkeys = [{{ key = '{key}', from = '2026-01-01', until = '2028-01-01', revoked = '2027-01-01' }}]\n\
         [[approver]]\nname = 'a*'\nkeys = ['{other} comment']\n"
    ));
    let expected = format!(
        "mara namespaces=\"gate-decision@v1,gate-break-glass@v1,gate-review@v1\",valid-after=\"20260101000000Z\",valid-before=\"20270101000000Z\" {key}\n\
         # left out: `a*` is no name that this format can hold\n"
    );
    assert_eq!(allowed_signers(&people), expected);
}

#[track_caller]
fn hurdle(people: &People, change: impl FnOnce(&mut Requirement), expected: &[&str]) {
    let mut requirement = Requirement::default();
    change(&mut requirement);
    let found = hurdles(&requirement, "mara", people, at(1));
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
}

#[test]
fn what_one_person_at_one_machine_cannot_give_is_a_hurdle() {
    let nobody = People::default();
    hurdle(&nobody, |_| {}, &[]);
    hurdle(&nobody, |needs| needs.approvers = vec!["jo".into(), "mara".into()], &[]);
    hurdle(
        &nobody,
        |needs| needs.approvers = vec!["jo".into()],
        &["it needs one of jo, and only mara can open this store"],
    );
    hurdle(
        &nobody,
        |needs| needs.assurance = Assurance::Key,
        &["it needs `key`, a terminal gives `tty`, and no approver has a key that gives more"],
    );
    hurdle(&nobody, |needs| needs.quorum = 2, &["it needs 2 people, and only mara can open this store"]);
    hurdle(
        &nobody,
        |needs| needs.four_eyes = true,
        &["it needs another pair of eyes than mara's, and only mara can open this store"],
    );
}

#[test]
fn keys_out_of_reach_take_hurdles_away() {
    let (one, two) = (SoftKey::new(Kind::SkEd25519, 1).public(), SoftKey::new(Kind::SkP256, 2).public());
    let (plain, apart) = (SoftKey::new(Kind::Ed25519, 3).public(), SoftKey::new(Kind::Ed25519, 4).public());
    let holders = people(&format!(
        "[[approver]]\nname = 'mara'\nkeys = ['{one}']\n[[approver]]\nname = 'jo'\nkeys = ['{two}']\n\
         [[approver]]\nname = 'kim'\nkeys = ['{plain}']\n[[approver]]\nname = 'lu'\nkeys = [{{ key = '{apart}', apart = true }}]\n"
    ));
    hurdle(&holders, |needs| needs.assurance = Assurance::Hardware, &[]);
    hurdle(
        &holders,
        |needs| (needs.assurance, needs.quorum) = (Assurance::Hardware, 3),
        &["it needs 3 people, and only mara, jo can sign with such a key"],
    );
    hurdle(&holders, |needs| (needs.assurance, needs.quorum) = (Assurance::Key, 2), &[]);
    hurdle(&holders, |needs| needs.four_eyes = true, &[]);
    hurdle(
        &holders,
        |needs| (needs.four_eyes, needs.quorum) = (true, 3),
        &["it needs 3 people, and only jo, lu can sign with such a key"],
    );
    hurdle(&holders, |needs| needs.approvers = vec!["jo".into()], &[]);
    hurdle(
        &holders,
        |needs| needs.approvers = vec!["kim".into()],
        &["it needs one of kim, and only mara can open this store"],
    );
    let gone =
        people(&format!("[[approver]]\nname = 'mara'\nkeys = [{{ key = '{one}', until = '2026-01-01' }}]\n"));
    hurdle(
        &gone,
        |needs| needs.assurance = Assurance::Hardware,
        &["it needs `hardware`, a terminal gives `tty`, and no approver has a key that gives more"],
    );
}

#[test]
fn key_that_gate_cannot_verify_is_named() {
    let people = people(&format!("[[approver]]\nname = 'mara'\nkeys = ['{}']\n", vector!("p521.pub").trim()));
    assert!(matches!(&people.unusable()[0], Unusable { name, why: BadKey::Type(_) } if name == "mara"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever is cut, changed or put in, a signature is refused or it is the one that was made.
    #[test]
    fn spoilt_signature_never_holds(at in 0_usize..400, byte in any::<u8>(), cut in 0_usize..3) {
        let key = SoftKey::new(Kind::SkEd25519, 1);
        let good = key.sign(b"m", TOUCHED);
        let mut bytes = good.clone().into_bytes();
        let at = at % bytes.len();
        match cut {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => bytes.truncate(at),
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Ok(read) = Signature::parse(&text) {
            let is_whole = read == Signature::parse(&good).unwrap();
            prop_assert_eq!(read.verify(NAMESPACE, b"m").is_ok(), is_whole);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _refused = Signature::parse(&armored(&bytes));
        let _refused = Signature::parse(&armored(&[b"SSHSIG\0\0\0\x01", &bytes[..]].concat()));
        let _refused = PublicKey::from_blob(&bytes);
        let _refused = PublicKey::parse(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_decision_cannot_hide_from_the_check_by_how_its_entry_is_written() {
    let people = People::default();
    let entry = r#"{"type":"decision","decision":{"assurance":"hardware","approver":"mara"},"ts":""}"#;
    for written in [
        entry.to_owned(),
        entry.replace(r#""type":"#, r#""type" : "#),
        entry.replace(r#""decision""#, r#""decisio\u006e""#),
        entry.replace(r#""type""#, r#""t\u0079pe""#),
    ] {
        assert!(Signatures::of(&people).take(1, written.as_bytes()).is_err(), "{written}");
    }
}
