//! What a file that is sourced before a script may define.

use crate::command::Dialect;
use crate::shell::Setting;

#[track_caller]
fn case(texts: &[&str], is_read: bool) {
    let mut setting = Setting::default();
    let found = texts.iter().try_for_each(|text| setting.define(text.as_bytes(), Dialect::Bash));
    assert_eq!(found.is_some(), is_read, "{texts:?}");
}

#[test]
fn a_function_after_an_alias_may_be_read_as_other_words() {
    case(&["alias foo='rm y;x'\nfoo () { :; }\n"], false);
    case(&["alias foo='rm y;x'\nfoo () {\n :\n}\n"], false);
    case(&["alias foo='rm y;x'\nfunction foo { :; }\n"], false);
    case(&["alias foo='rm y;x'\neval 'foo () { :; }'\n"], false);
    case(&["alias foo=':; }; rm y; g () { :'\nf () { foo; }\n"], false);
    case(&["alias foo=': #'\nf () {\n foo '\n }; rm y; g () { : '\n}\n"], false);
    case(&["alias foo='rm y;x'\n", "foo () { :; }\n"], false);
    case(&["foo () { :; }\nalias foo='rm y;x'\nalias ll='ls -l'\n"], true);
    case(&["f () { ls; }\nalias ls='ls --color=auto'\n"], true);
    case(&["alias ls='ls --color=auto'\nls () { :; }\n"], false);
}
