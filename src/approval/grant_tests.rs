//! Grants, part by part: how often, how long, for whom and for what.

use std::time::Duration;

use super::sample::{ask, at, content, decision};
use super::*;
use crate::digest::Digest;

fn terms(scope: GrantScope, uses: Option<u32>) -> Terms {
    Terms { scope, uses, lasts: Duration::from_secs(600) }
}

fn asked(id: u64, words: &[&str], change: impl FnOnce(&mut Ask)) -> Request {
    let mut asked = ask("claude");
    change(&mut asked);
    Request::new(RequestId::from_random(id), content(words), asked, at(0))
}

fn approve(request: &Request, name: &str, grant: Option<Terms>) -> Request {
    let yes = Decision { grant, ..decision(request, name, Answer::Approve) };
    transition(request, &Event::Decide(yes), at(10)).unwrap()
}

fn given(scope: GrantScope, uses: Option<u32>) -> Grant {
    let request = asked(1, &["git", "push"], |_| ());
    Grant::made_by(&approve(&request, "mara", Some(terms(scope, uses)))).unwrap()
}

#[test]
fn a_grant_is_used_as_often_as_it_says_the_run_that_was_asked_for_included() {
    let mut grant = given(GrantScope::Exact, Some(3));
    let again = asked(2, &["git", "push"], |_| ());
    for number in [2, 3] {
        let (next, taken) = grant.take(&again, at(20)).unwrap();
        assert_eq!((taken.number, taken.of, &taken.by), (number, Some(3), &vec!["mara".to_owned()]));
        let approved = transition(&again, &Event::Use(taken), at(20)).unwrap();
        assert_eq!(approved.state(), State::Approved);
        assert_eq!(Grant::made_by(&approved), None, "a use makes no grant of its own");
        grant = grant.having(next);
    }
    assert_eq!(grant.take(&again, at(20)).unwrap_err(), Withheld::Spent);
    assert!(grant.keys().is_empty(), "and is not found any more");
    let once = given(GrantScope::Exact, Some(1));
    assert_eq!(once.take(&again, at(20)).unwrap_err(), Withheld::Spent);
}

#[test]
fn a_grant_ends_by_the_boot_clock_and_when_it_is_revoked() {
    let grant = given(GrantScope::Exact, None);
    let again = asked(2, &["git", "push"], |_| ());
    assert!(grant.take(&again, at(609)).is_ok());
    assert_eq!(grant.take(&again, at(610)).unwrap_err(), Withheld::Ended);
    let mut back = at(610);
    back.utc_us -= 3_600_000_000;
    assert_eq!(grant.take(&again, back).unwrap_err(), Withheld::Ended);
    let revoked = grant.clone().having(grant.revoked("jo", at(20)).unwrap());
    assert_eq!(revoked.take(&again, at(21)).unwrap_err(), Withheld::Revoked);
    assert_eq!(revoked.revoked("jo", at(21)).unwrap_err(), Withheld::Revoked);
}

#[track_caller]
fn case(scope: GrantScope, words: &[&str], change: impl FnOnce(&mut Ask), expected: Result<(), Withheld>) {
    let wanted = asked(2, words, change);
    assert_eq!(given(scope, None).take(&wanted, at(20)).map(|_| ()), expected);
}

#[test]
fn an_exact_grant_covers_the_same_command_and_no_other() {
    case(GrantScope::Exact, &["git", "push"], |_| (), Ok(()));
    case(GrantScope::Exact, &["git", "push", "x"], |_| (), Err(Withheld::Other));
}

#[test]
fn a_grant_for_a_rule_covers_other_words_and_holds_all_else_fixed() {
    let other = &["git", "push", "x"];
    case(GrantScope::Rule, other, |_| (), Ok(()));
    case(GrantScope::Rule, other, |ask| ask.rules[0].rule = "git.push".to_owned(), Err(Withheld::Other));
    case(GrantScope::Rule, other, |ask| ask.rules.push(ask.rules[0].clone()), Err(Withheld::Other));
    case(GrantScope::Rule, other, |ask| ask.reach = Reach::Exact, Err(Withheld::Stricter));
    case(GrantScope::Rule, other, |ask| ask.reach = Reach::Once, Err(Withheld::Stricter));
    let label =
        RequestLabel { name: "environment".to_owned(), value: "production".to_owned(), from: Vec::new() };
    case(GrantScope::Rule, other, |ask| ask.labels.push(label), Err(Withheld::Other));
}

#[test]
fn a_grant_is_for_its_requester_its_policy_and_no_more_than_was_needed() {
    let same = &["git", "push"];
    case(GrantScope::Exact, same, |ask| ask.requester.name = "codex".to_owned(), Err(Withheld::Requester));
    case(GrantScope::Exact, same, |ask| ask.requester.on_behalf_of = None, Err(Withheld::Requester));
    case(GrantScope::Exact, same, |ask| ask.policy = Digest::of(b"other"), Err(Withheld::Policy));
    case(GrantScope::Exact, same, |ask| ask.risk = Risk::Critical, Err(Withheld::Stricter));
    case(GrantScope::Exact, same, |ask| ask.risk = Risk::Low, Ok(()));
    case(GrantScope::Exact, same, |ask| ask.requirement.quorum = 2, Err(Withheld::Stricter));
    case(GrantScope::Exact, same, |ask| ask.requirement.four_eyes = true, Err(Withheld::Stricter));
    case(GrantScope::Exact, same, |ask| ask.requirement.grant = GrantLimit::Once, Err(Withheld::Stricter));
    case(GrantScope::Exact, same, |ask| ask.requirement.assurance = Assurance::Key, Err(Withheld::Stricter));
    case(
        GrantScope::Exact,
        same,
        |ask| ask.requirement.approvers = vec!["jo".to_owned()],
        Err(Withheld::Stricter),
    );
}

#[test]
fn the_narrowest_of_all_approvals_counts_and_one_without_a_grant_makes_none() {
    let two = |one: Option<Terms>, other: Option<Terms>| {
        let request = asked(1, &["git", "push"], |ask| ask.requirement.quorum = 2);
        let first = approve(&request, "mara", one);
        assert_eq!(Grant::made_by(&first), None, "not before it is approved");
        Grant::made_by(&approve(&first, "jo", other)).map(|grant| grant.covers)
    };
    let (wide, narrow) = (terms(GrantScope::Rule, None), terms(GrantScope::Exact, Some(2)));
    assert_eq!(two(Some(wide), Some(narrow)), Some(Covers::Terms(narrow)));
    assert_eq!(two(Some(wide), None), None);
    assert_eq!(two(None, Some(wide)), None);
}

#[test]
fn a_stored_content_with_numbers_that_nothing_hashes_is_covered_by_no_rule() {
    let mut odd = asked(2, &["git", "push"], |_| ());
    let text = String::from_utf8(odd.content.json().to_vec()).unwrap();
    odd.content = Content::from_stored(text.replace("\"v\":1", "\"v\":1.5").into_bytes());
    assert_eq!(keys_of(&odd), [odd.content.digest()]);
}
