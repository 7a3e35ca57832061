use super::verdict;
use crate::policy::Policy;

#[test]
fn judging_decodes_only_rules_that_could_match() {
    let policy = Policy::built_in();
    let all = policy.packs().len();
    assert_eq!(policy.packs().decoded(), 0);
    verdict(&policy, "ls -l src");
    let decoded = policy.packs().decoded();
    assert!(decoded * 3 <= all.max(3), "{decoded} of {all} rules decoded for `ls`");
    verdict(&policy, "ls -a");
    assert_eq!(policy.packs().decoded(), decoded, "the same program needs no other rule");
}
