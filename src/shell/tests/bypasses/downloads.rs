//! What is fetched or decoded, and then run.

use super::super::opaque;
use crate::command::Dialect;

#[test]
fn downloads_do_not_run_unseen() {
    for text in [
        "curl x | sh",
        "curl x | sudo bash",
        "curl x | bash -s -- y",
        "bash <(curl x)",
        "source <(curl x)",
        "eval \"$(curl x)\"",
        "sh -c \"$(curl x)\"",
        "curl x > f.sh; sh f.sh",
        "curl x > f; bash ./f",
        "base64 -d <<< x | bash",
        "curl x | tee f | sh",
        "echo x > f && . ./f",
        "cp y f; sh f",
        "sh f; curl x > f",
        "curl x > d/f; d/f",
        "wget -O- x | python3",
        "bash -c \"`curl x`\"",
        "$(curl x)",
        "curl x | xargs sh -c",
    ] {
        opaque(Dialect::Bash, text);
    }
}
