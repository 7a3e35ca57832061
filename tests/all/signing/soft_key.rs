//! A security key in software behind a real `ssh-agent` socket, so that the real `ssh-keygen` signs with it.
//!
//! Protocol: draft-miller-ssh-agent, messages 11 to 14; signatures: OpenSSH's `PROTOCOL.u2f`.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

const TYPE: &[u8] = b"sk-ssh-ed25519@openssh.com";
const APPLICATION: &[u8] = b"ssh:";

/// An agent that holds one security key; it ends with the test.
pub(crate) struct SoftKey {
    pub(crate) socket: PathBuf,
    /// The line of its `.pub` file.
    pub(crate) line: String,
}

impl SoftKey {
    /// Starts an agent in `dir`, whose key is made of `seed` and says these flags of whoever uses it.
    pub(crate) fn start(dir: &Path, seed: u8, flags: u8) -> SoftKey {
        let socket = dir.join(format!("agent-{seed}"));
        let listener = UnixListener::bind(&socket).unwrap();
        let blob = blob(seed);
        let line = format!("{} {} soft", String::from_utf8_lossy(TYPE), STANDARD.encode(&blob));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let _gone = serve(stream, seed, flags);
            }
        });
        SoftKey { socket, line }
    }
}

fn pair(seed: u8) -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap()
}

fn blob(seed: u8) -> Vec<u8> {
    let mut blob = Vec::new();
    for part in [TYPE, pair(seed).public_key().as_ref(), APPLICATION] {
        put(&mut blob, part);
    }
    blob
}

fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    into.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    into.extend_from_slice(bytes);
}

/// Answers one client until it goes.
fn serve(mut stream: UnixStream, seed: u8, flags: u8) -> std::io::Result<()> {
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length)?;
        let mut message = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut message)?;
        let mut answer = Vec::new();
        match message[0] {
            11 => {
                answer.extend_from_slice(&[12, 0, 0, 0, 1]);
                put(&mut answer, &blob(seed));
                put(&mut answer, b"soft");
            }
            13 => {
                let key = u32::from_be_bytes(message[1..5].try_into().unwrap()) as usize;
                let at = 5 + key;
                let count = u32::from_be_bytes(message[at..at + 4].try_into().unwrap()) as usize;
                answer.push(14);
                put(&mut answer, &signature(&message[at + 4..at + 4 + count], seed, flags));
            }
            _ => answer.push(5),
        }
        let mut framed = Vec::new();
        put(&mut framed, &answer);
        stream.write_all(&framed)?;
    }
}

fn signature(data: &[u8], seed: u8, flags: u8) -> Vec<u8> {
    let counter = [0, 0, 0, 9];
    let over =
        [digest(&SHA256, APPLICATION).as_ref(), &[flags], &counter, digest(&SHA256, data).as_ref()].concat();
    let mut made = Vec::new();
    put(&mut made, TYPE);
    put(&mut made, pair(seed).sign(&over).as_ref());
    made.push(flags);
    made.extend_from_slice(&counter);
    made
}
