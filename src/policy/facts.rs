//! The written names of the facts that a rule or a label may ask for.

use crate::world::Fact;

/// Returns the fact with this name; [`super::valid::FACTS`] lists them.
pub(super) fn named(name: &str) -> Option<Fact> {
    Some(match name {
        "git-branch" => Fact::GitBranch,
        "git-remote" => Fact::GitRemote,
        "kube-context" => Fact::KubeContext,
        "kube-server" => Fact::KubeServer,
        "terraform-workspace" => Fact::TerraformWorkspace,
        _ => return None,
    })
}
