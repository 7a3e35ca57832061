//! SSHSIG: the signature that `ssh-keygen -Y sign` makes. Source: OpenSSH's `PROTOCOL.sshsig`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{BadKey, Presence, PublicKey};
use super::wire::{Wire, put};

/// The longest signature that is looked at, armor included: one of RSA with 16,384 bits has about 6,000 bytes.
pub const LONGEST: usize = 16 << 10;

const MAGIC: &[u8; 6] = b"SSHSIG";
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";

/// A signature, taken apart; nothing is known yet of what it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    key: PublicKey,
    namespace: String,
    reserved: Vec<u8>,
    hash: Hash,
    made: Vec<u8>,
}

/// What hashes the message first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha512,
}

/// Why something is no signature, or none of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadSignature {
    /// It is longer than any signature.
    Long(usize),
    /// It is no SSHSIG.
    Form,
    /// It is of a version that this gate does not know.
    Version(u32),
    /// It is by a key that gate cannot verify.
    Key(BadKey),
    /// It hashes the message with something that SSHSIG does not know.
    Hash(String),
    /// It was made for another purpose.
    Namespace { expected: String, found: String },
    /// It is not over this text, or not by the key that it names.
    NotOver,
}

impl Signature {
    /// Returns the signature in `armored`, as `ssh-keygen -Y sign` writes it.
    pub fn parse(armored: &str) -> Result<Signature, BadSignature> {
        if armored.len() > LONGEST {
            return Err(BadSignature::Long(armored.len()));
        }
        let inner = armored.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let inner = inner.ok_or(BadSignature::Form)?;
        let encoded: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        Signature::from_blob(&STANDARD.decode(encoded).map_err(|_| BadSignature::Form)?)
    }

    fn from_blob(blob: &[u8]) -> Result<Signature, BadSignature> {
        let mut wire = Wire::of(blob);
        let head = wire.take(MAGIC.len()).filter(|magic| magic == MAGIC).and_then(|_| wire.number());
        match head {
            Some(1) => {}
            Some(version) => return Err(BadSignature::Version(version)),
            None => return Err(BadSignature::Form),
        }
        let mut string = || wire.string().ok_or(BadSignature::Form);
        let (key, namespace, reserved, hash, made) = (string()?, string()?, string()?, string()?, string()?);
        if !wire.is_done() {
            return Err(BadSignature::Form);
        }
        let hash = match hash {
            b"sha256" => Hash::Sha256,
            b"sha512" => Hash::Sha512,
            other => return Err(BadSignature::Hash(String::from_utf8_lossy(other).into_owned())),
        };
        Ok(Signature {
            key: PublicKey::from_blob(key).map_err(BadSignature::Key)?,
            namespace: std::str::from_utf8(namespace).map_err(|_| BadSignature::Form)?.to_owned(),
            reserved: reserved.to_vec(),
            hash,
            made: made.to_vec(),
        })
    }

    /// Returns the key that it says it is by.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns what a security key says about the person, if this is a signature over `message` for `namespace` by its key.
    pub fn verify(&self, namespace: &str, message: &[u8]) -> Result<Presence, BadSignature> {
        if self.namespace != namespace {
            let (expected, found) = (namespace.to_owned(), self.namespace.clone());
            return Err(BadSignature::Namespace { expected, found });
        }
        self.key.verify(&self.over(message), &self.made).ok_or(BadSignature::NotOver)
    }

    /// Returns what the key has signed for `message`.
    fn over(&self, message: &[u8]) -> Vec<u8> {
        let (name, algorithm) = match self.hash {
            Hash::Sha256 => ("sha256", &ring::digest::SHA256),
            Hash::Sha512 => ("sha512", &ring::digest::SHA512),
        };
        let mut data = MAGIC.to_vec();
        put(&mut data, self.namespace.as_bytes());
        put(&mut data, &self.reserved);
        put(&mut data, name.as_bytes());
        put(&mut data, ring::digest::digest(algorithm, message).as_ref());
        data
    }
}

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |text: &str| crate::command::visible(text.as_bytes());
        match self {
            BadSignature::Long(length) => {
                write!(f, "the signature has {length} bytes, and none has more than {LONGEST}")
            }
            BadSignature::Form => f.write_str("the signature is none that `ssh-keygen -Y sign` makes"),
            BadSignature::Version(version) => {
                write!(f, "the signature has version {version}, and gate knows version 1")
            }
            BadSignature::Key(why) => write!(f, "the signature is by {why}"),
            BadSignature::Hash(name) => {
                write!(f, "the signature uses the hash `{}`, expected `sha256` or `sha512`", shown(name))
            }
            BadSignature::Namespace { expected, found } => {
                write!(f, "the signature is for `{}`, expected `{expected}`", shown(found))
            }
            BadSignature::NotOver => f.write_str("the signature is not over this decision"),
        }
    }
}

impl std::error::Error for BadSignature {}
