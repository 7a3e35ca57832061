//! What the command line itself promises, whatever the subcommand.

use crate::stage::Stage;

#[test]
fn version_is_one_line() {
    Stage::new().gate(["--version"]).stdout("gate 0.1.0\n").check();
}
