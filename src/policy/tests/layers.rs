use super::{TOOLS, policy, rule, try_policy, verdict};
use crate::policy::{Authority, Mode, Risk, Verdict};

fn file(rules: &str) -> String {
    format!("[policy]\nversion = 1\n{rules}")
}

const TOOL: &str = "match = { program = 'tool' }";

#[track_caller]
fn case(layers: &[(Authority, &str)], script: &str, expected: Verdict) {
    assert_eq!(verdict(&policy(layers), script).verdict, expected, "{script}");
}

use Authority::{Project, System, User};

#[test]
fn an_added_allow_never_beats_what_restricts() {
    let allow = file(&rule("a", "allow", TOOL));
    for strict in ["ask", "deny"] {
        let other = file(&rule("b", strict, TOOL));
        let expected = Verdict::parse(strict).unwrap();
        case(&[(System, &other), (User, &allow)], "tool", expected);
        case(&[(System, &allow), (User, &other)], "tool", expected);
        case(&[(User, &allow), (Project, &other)], "tool", expected);
    }
    case(&[(User, &allow)], "tool", Verdict::Allow);
}

#[test]
fn an_override_changes_its_own_layer_and_those_below() {
    let system = file(&rule("s", "deny", TOOL));
    let own =
        file(&(rule("u", "ask", TOOL) + "[[override]]\nrule = 'test.u'\nverdict = 'allow'\nreason = 'mine'"));
    let policy_of_own = policy(&[(User, &own)]);
    let found = verdict(&policy_of_own, "tool");
    assert_eq!(found.verdict, Verdict::Allow);
    let hit = found.hits().next().unwrap();
    let change = hit.overridden.as_ref().unwrap();
    assert_eq!(
        (change.was, change.reason.as_str(), change.place.as_str()),
        (Verdict::Ask, "mine", "user.toml:8")
    );

    let above = file("[[override]]\nrule = 'test.s'\nverdict = 'allow'\nreason = 'x'");
    let error = try_policy(&[(System, &system), (User, &above)]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "user.toml:4:8: `test.s` is a rule of the system layer, which this file cannot change"
    );
    let user = file(&rule("u", "deny", TOOL));
    let below = file("[[override]]\nrule = 'test.u'\nverdict = 'allow'\nreason = 'x'");
    case(&[(System, &below), (User, &user)], "tool", Verdict::Allow);
}

#[test]
fn an_override_may_be_limited_to_what_it_matches() {
    let rules =
        rule("u", "ask", TOOL) + &rule("d", "deny", "match = { program = 'tool', option = '--force' }");
    let change = |rule: &str, verdict: &str, matches: &str| {
        format!("[[override]]\nrule = '{rule}'\nverdict = '{verdict}'\nreason = 'x'\nmatch = {matches}\n")
    };
    let own = |changes: &[String]| file(&(rules.clone() + &changes.concat()));
    let allow = own(&[change("test.u", "allow", "{ exactly = 'tool push' }")]);
    case(&[(User, &allow)], "tool push", Verdict::Allow);
    for script in ["tool", "tool push --dry-run", "tool push $x", "tool \"$x\"", "tool push; tool x"] {
        case(&[(User, &allow)], script, Verdict::Ask);
    }
    let deny = own(&[change("test.*", "deny", "{ operand = 'main' }")]);
    case(&[(User, &deny)], "tool main", Verdict::Deny);
    case(&[(User, &deny)], "tool x", Verdict::Ask);
    case(&[(User, &deny)], "tool \"$x\"", Verdict::Ask);
    let narrow = "{ exactly = 'tool push --force' }";
    let both = own(&[change("test.u", "allow", narrow), change("test.d", "allow", narrow)]);
    case(&[(User, &both)], "tool push --force", Verdict::Allow);
    case(&[(User, &both)], "tool pull --force", Verdict::Deny);
    // Of several the strictest counts, wherever it stands.
    let wide = change("test.u", "deny", "{ operand = 'push' }");
    let two = own(&[change("test.u", "allow", "{ exactly = 'tool push' }"), wide]);
    case(&[(User, &two)], "tool push", Verdict::Deny);
    let above = file(&change("test.u", "allow", "{ exactly = 'tool push' }"));
    case(&[(System, &above), (User, &own(&[]))], "tool push", Verdict::Allow);
    let above = file(&change("test.*", "allow", "{ exactly = 'tool push' }"));
    let project = file(&rule("u", "ask", TOOL));
    let own = file(&rule("own", "ask", TOOL));
    case(&[(System, &above), (User, &own), (Project, &project)], "tool push", Verdict::Ask);
    let hit = verdict(&policy(&[(User, &allow)]), "tool push");
    let change = hit.hits().next().and_then(|hit| hit.overridden.clone()).unwrap();
    assert_eq!((change.was, change.place.as_str()), (Verdict::Ask, "user.toml:13"));
}

#[test]
fn of_two_overrides_the_higher_counts_and_a_lower_only_where_it_is_stricter() {
    let change =
        |verdict: &str| file(&format!("[[override]]\nrule = 'test.u'\nverdict = '{verdict}'\nreason = 'x'"));
    let user = |verdict: &str| {
        file(&rule("u", "ask", TOOL))
            + &format!("[[override]]\nrule = 'test.u'\nverdict = '{verdict}'\nreason = 'x'")
    };
    case(&[(System, &change("ask")), (User, &user("allow"))], "tool", Verdict::Ask);
    case(&[(System, &change("allow")), (User, &user("deny"))], "tool", Verdict::Deny);
}

#[test]
fn an_override_of_a_pattern_changes_every_rule_it_matches() {
    let rules =
        file(&(rule("a", "ask", TOOL) + &rule("b", "deny", "match = { program = 'tool', option = '-f' }")));
    let change = |pattern: &str, verdict: &str| {
        file(&format!("[[override]]\nrule = '{pattern}'\nverdict = '{verdict}'\nreason = 'mine'"))
    };
    let with = |pattern: &str| rules.clone() + change(pattern, "allow").trim_start_matches(&file(""));
    case(&[(User, &with("*"))], "tool -f", Verdict::Allow);
    case(&[(User, &with("test.?"))], "tool -f", Verdict::Allow);
    case(&[(User, &with("test.b*"))], "tool -f", Verdict::Ask);
    // The strictest counts, wherever it stands.
    let both = with("*") + "\n[[override]]\nrule = 'test.b'\nverdict = 'deny'\nreason = 'x'";
    case(&[(User, &both)], "tool -f", Verdict::Deny);
    case(&[(User, &both)], "tool", Verdict::Allow);
    // What a layer above or a project says stays.
    case(&[(System, &rules), (User, &change("*", "allow"))], "tool -f", Verdict::Deny);
    case(&[(User, &change("*", "allow")), (Project, &rules)], "tool -f", Verdict::Deny);
    case(&[(System, &change("*", "allow")), (User, &rules)], "tool -f", Verdict::Allow);
    case(&[(System, &change("*", "deny")), (User, &with("*"))], "tool", Verdict::Deny);
    let error = try_policy(&[(User, &change("nosuch.*", "allow"))]).err().unwrap();
    assert_eq!(error.to_string(), "user.toml:4:8: `nosuch.*` matches no rule");
}

/// Returns the verdict and the risk that an override by `System` and one by `User` leave together.
#[track_caller]
fn overridden(system: &str, users: &str) -> (Verdict, Risk, Authority) {
    let (rules, system) = (file(&rule("u", "ask", TOOL)), file(system));
    let user = rules + users;
    let found = verdict(&policy(&[(System, &system), (User, &user)]), "tool");
    let change = found.hits().next().and_then(|hit| hit.overridden.clone()).expect("it is overridden");
    (found.verdict, found.risk, change.authority)
}

#[test]
fn of_overrides_with_the_same_verdict_the_higher_layers_risk_counts() {
    let change = |rule: &str, verdict: &str, risk: &str| {
        format!("[[override]]\nrule = '{rule}'\nverdict = '{verdict}'\nrisk = '{risk}'\nreason = 'x'\n")
    };
    for (above, below) in [("test.*", "test.u"), ("test.u", "test.*"), ("test.*", "*"), ("test.u", "test.u")]
    {
        let found = overridden(&change(above, "ask", "critical"), &change(below, "ask", "low"));
        assert_eq!(found, (Verdict::Ask, Risk::Critical, System), "{above} over {below}");
        let found = overridden(&change(above, "ask", "critical"), &change(below, "allow", "low"));
        assert_eq!(found, (Verdict::Ask, Risk::Critical, System), "{above} over {below}");
        let found = overridden(&change(above, "ask", "low"), &change(below, "deny", "medium"));
        assert_eq!(found, (Verdict::Deny, Risk::Medium, User), "{above} under {below}");
    }
}

#[test]
fn a_variable_that_a_layer_names_is_overridden_by_it_and_by_those_above() {
    let named = "[[variable]]\nname = 'SHOP_*'\nreason = 'picks the shop'\n";
    let allowed = |id: &str| format!("[[override]]\nrule = '{id}'\nverdict = 'allow'\nreason = 'x'\n");
    let tool = rule("a", "allow", TOOL);
    let script = "SHOP_NAME=x tool";
    case(&[(System, &file(&(named.to_owned() + &tool)))], script, Verdict::Ask);
    for id in ["env.SHOP_NAME", "env.*", "*"] {
        let own = file(&(named.to_owned() + &tool + &allowed(id)));
        case(&[(System, &own)], script, Verdict::Allow);
        let (above, below) = (file(&(tool.clone() + &allowed(id))), file(named));
        case(&[(System, &above), (User, &below)], script, Verdict::Allow);
    }
    let system = file(&(named.to_owned() + &tool));
    for id in ["env.*", "*"] {
        case(&[(System, &system), (User, &file(&allowed(id)))], script, Verdict::Ask);
    }
    let error = try_policy(&[(System, &system), (User, &file(&allowed("env.SHOP_NAME")))]).err().unwrap();
    assert_eq!(error.message, "`env.SHOP_NAME` is a rule of the system layer, which this file cannot change");
}

#[test]
fn the_default_is_the_highest_layers_word() {
    let deny = "[policy]\nversion = 1\ndefault = 'deny'";
    case(&[(User, deny)], "tool", Verdict::Deny);
    case(&[(User, "[policy]\nversion = 1\ndefault = 'allow'")], "tool", Verdict::Allow);
    let error = try_policy(&[(System, &file("")), (User, deny)]).err().unwrap();
    assert_eq!(error.to_string(), "user.toml:3:11: `default` in a user file, but a system file is in force");
    case(&[(System, deny), (User, &file(""))], "tool", Verdict::Deny);
}

#[test]
fn observe_holds_back_only_the_floor() {
    let observe = "[policy]\nversion = 1\nmode = 'observe'\n".to_owned() + &rule("d", "deny", TOOL);
    let found = verdict(&policy(&[(User, &observe)]), "tool");
    assert_eq!((found.mode, found.verdict, found.enforced()), (Mode::Observe, Verdict::Deny, Verdict::Allow));
    let enforce = "[policy]\nversion = 1\nmode = 'enforce'";
    assert_eq!(policy(&[(System, enforce), (User, &observe)]).mode(), Mode::Enforce);
    let floor =
        format!("{TOOLS}{}", rule("f", "deny", "floor = true\nmatch = { program = 'tool', option = '-f' }"));
    let both = policy(&[(User, "[policy]\nversion = 1\nmode = 'observe'"), (Authority::BuiltIn, &floor)]);
    assert_eq!(verdict(&both, "tool -f").enforced(), Verdict::Deny);
    // What might be the floor's is asked, in observe mode too.
    assert_eq!(verdict(&both, "tool \"$x\"").enforced(), Verdict::Ask);
    assert_eq!(verdict(&both, "tool x").enforced(), Verdict::Allow);
}

#[test]
fn nothing_overrides_the_floor() {
    let floor = rule("f", "deny", "floor = true\nmatch = { program = 'tool' }");
    let change = file("[[override]]\nrule = 'test.f'\nverdict = 'ask'\nreason = 'x'");
    for authority in [User, System] {
        let error = try_policy(&[(authority, &change), (Authority::BuiltIn, &floor)]).err().unwrap();
        assert_eq!(error.message, "`test.f` belongs to the floor, which nothing overrides");
        let all = file("[[override]]\nrule = '*'\nverdict = 'allow'\nreason = 'x'");
        case(&[(authority, &all), (Authority::BuiltIn, &floor)], "tool", Verdict::Deny);
    }
}

#[test]
fn names_and_programs_are_said_once() {
    let text = file("[[program]]\nname = 'tool'\nvalues = ['-n']");
    let error = try_policy(&[(System, &text), (User, &text)]).err().unwrap();
    assert_eq!(error.to_string(), "user.toml:4:8: program `tool` is already described");
    let text = file(&rule("a", "ask", TOOL));
    let error = try_policy(&[(System, &text), (User, &text)]).err().unwrap();
    assert_eq!(error.to_string(), "user.toml:4:6: rule id `test.a` is already taken in system.toml:3");
    let text = file("[[approver]]\nname = 'mara'");
    let error = try_policy(&[(System, &text), (User, &text)]).err().unwrap();
    assert_eq!(error.to_string(), "user.toml:4:8: approver `mara` is already named");
}

#[test]
fn a_key_is_one_persons() {
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICSsaCwSQYr1DzU1CVErJUE7doQ46Myrx2qynjfLmBaq";
    let of = |name: &str, more: &str| file(&format!("[[approver]]\nname = '{name}'\nkeys = ['{key}{more}']"));
    let error = try_policy(&[(System, &of("mara", " laptop")), (User, &of("jo", ""))]).err().unwrap();
    assert_eq!(
        error.to_string(),
        "user.toml:5:9: a key of `jo` is `mara`'s already, and two people never share one"
    );
}

#[test]
fn what_somebody_is_called_elsewhere_is_one_persons() {
    for (one, other, what) in [
        ("user = 'm'", "user = 'm'", "the login name"),
        ("user = 'jo'", "", "the login name"),
        ("github = 'Mara'", "github = '@mara'", "the login on GitHub"),
        ("email = 'm@x'", "email = 'M@x'", "the address"),
    ] {
        let both = file(&format!("[[approver]]\nname = 'mara'\n{one}\n[[approver]]\nname = 'jo'\n{other}\n"));
        let error = try_policy(&[(User, &both)]).err().expect(what);
        assert_eq!(
            error.message,
            format!("{what} of `jo` is `mara`'s already, and two people never share one")
        );
    }
    let fine = file("[[approver]]\nname = 'mara'\ngithub = 'jo'\n[[approver]]\nname = 'jo'\n");
    policy(&[(User, &fine)]);
}

#[test]
fn a_lower_layer_hands_nothing_on_to_people_of_its_own() {
    let system = file("[approval]\napprovers = ['mara']\n[[approver]]\nname = 'mara'");
    let user = "[[approver]]\nname = 'me'\n[approval]\nescalate = [{ after = '1s', to = ['me'] }]\n";
    let both = policy(&[(System, &system), (User, &file(user))]);
    assert!(both.requirement(Risk::High).escalate.is_empty());
    let alone = policy(&[(User, &file(user))]);
    assert_eq!(alone.requirement(Risk::High).escalate.len(), 1);
    let below = file(&format!(
        "[approval]\napprovers = ['me']\n{}",
        user.replace("[approval]\n", "").replacen("[[approver]]\nname = 'me'\n", "", 1)
    ));
    let below = format!("{below}[[approver]]\nname = 'me'\n");
    let steps = file("[approval]\nescalate = [{ after = '1h', to = ['mara'] }]\n[[approver]]\nname = 'mara'");
    let both = policy(&[(System, &steps), (User, &below)]);
    assert_eq!(both.requirement(Risk::High).escalate[0].to, ["mara"]);
}

#[test]
fn approvers_are_resolved_and_the_strictest_requirement_counts() {
    let system = file(
        "[approval]\napprovers = ['@team', 'ann']\n[approval.high]\nquorum = 2\n[[approver]]\nname = 'mara'\n[[approver]]\nname = 'ann'\n[[group]]\nname = 'team'\nmembers = ['mara', 'ann']",
    );
    let user = file("[approval]\nassurance = 'chat'\n[approval.high]\nquorum = 1");
    let both = policy(&[(System, &system), (User, &user)]);
    let high = both.requirement(crate::policy::Risk::High);
    assert_eq!(high.approvers, ["ann", "mara"]);
    assert_eq!((high.quorum, high.assurance.word()), (2, "chat"));
    assert_eq!(both.requirement(crate::policy::Risk::Medium).quorum, 1);
}

#[test]
fn the_digest_covers_every_file() {
    let one = policy(&[(User, &file(""))]).digest();
    assert_ne!(one, policy(&[(System, &file(""))]).digest());
    assert_ne!(one, policy(&[(User, &file("\n"))]).digest());
    assert_eq!(one, policy(&[(User, &file(""))]).digest());
}

#[test]
fn who_may_break_the_glass_is_the_word_of_the_highest_layer_that_speaks_of_approvers() {
    let people = "[[approver]]\nname = 'mara'\n[[approver]]\nname = 'jo'\n[[group]]\nname = 'oncall'\nmembers = ['mara', 'jo']\n";
    let named = file(&format!("{people}[break_glass]\npeople = ['@oncall', 'mara']\n"));
    assert_eq!(policy(&[(User, &named)]).may_break_glass(), ["jo", "mara"]);
    assert_eq!(policy(&[(User, &file(people))]).may_break_glass(), [""; 0]);
    let own = file("[[approver]]\nname = 'me'\n[break_glass]\npeople = 'me'\n");
    assert_eq!(policy(&[(System, &named), (User, &own)]).may_break_glass(), ["jo", "mara"]);
    let silent = file("[approval]\nquorum = 2\n");
    assert_eq!(policy(&[(System, &silent), (User, &own)]).may_break_glass(), [""; 0]);
    let of_project = try_policy(&[(Project, &file("[break_glass]\npeople = ['me']\n"))]).err().unwrap();
    assert!(of_project.to_string().contains("`break_glass` in a project's file"), "{of_project}");
    let unknown = try_policy(&[(User, &file("[break_glass]\npeople = ['me']\n"))]).err().unwrap();
    assert_eq!(unknown.to_string(), "user.toml:4:11: unknown approver `me`, expected a name or `@group`");
}
