//! What a requester with bad intent, or in a bad situation, can make gate do: nothing that it could not do without it.

use crate::stage::Stage;

const ALLOW: &str = "[policy]\nversion = 1\ndefault = \"allow\"\n";

#[test]
fn a_result_never_goes_to_gates_own_files() {
    let stage = Stage::new().policy(ALLOW);
    let refused = |name: &str| {
        format!(
            "gate: error: failed to open the result file `[ROOT]/home/{name}`: it lies among gate's own files\n"
        )
    };
    let to = |name: &str| {
        let path = stage.home().join(name);
        stage.gate(["--", "true"]).env("GATE_RESULT", path).stderr(&refused(name)).code(125).check();
    };
    to("gate.db");
    stage.gate(["--", "true"]).check();
    // As a checkpoint leaves it: empty, and the place of the next entries.
    std::fs::write(stage.home().join("gate.db-wal"), "").unwrap();
    for name in ["gate.db-wal", "gate.lock", "runs/9", "config.toml"] {
        to(name);
    }
}
