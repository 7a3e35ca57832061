#![no_main]

#[path = "../../tests/fuzz/targets.rs"]
#[expect(dead_code, reason = "each target is one of them")]
mod targets;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    targets::sshsig(&bytes[..bytes.len().min(targets::LONGEST)]);
});
