//! Public keys as OpenSSH writes them, and what a signature of each of them must be.
//!
//! Sources: RFC 4253 section 6.6 and RFC 8332 (`ssh-rsa`), RFC 5656 (`ecdsa-sha2-*`), RFC 8709 (`ssh-ed25519`), and OpenSSH's
//! `PROTOCOL.u2f` for the keys of security keys (`sk-*@openssh.com`): there the signature is over
//! `SHA256(application) ‖ flags ‖ counter ‖ SHA256(data)`, and flags and counter stand behind it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};

use super::wire::Wire;
use crate::digest::Digest;

/// The longest key that is looked at, in bytes: one of RSA with 16,384 bits has about 2,100.
const LONGEST: usize = 8 << 10;

/// A public key: what it is written as, and what verifies its signatures.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its binary form (RFC 4253), which is what two keys are compared by.
    blob: Vec<u8>,
    kind: Kind,
}

/// The kinds of keys that gate can verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Ed25519,
    P256,
    P384,
    Rsa,
    /// Of a security key.
    SkEd25519,
    /// Of a security key.
    SkP256,
}

impl Kind {
    const ALL: [Kind; 6] = [Kind::Ed25519, Kind::P256, Kind::P384, Kind::Rsa, Kind::SkEd25519, Kind::SkP256];

    /// Returns its name in a key.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ed25519 => "ssh-ed25519",
            Kind::P256 => "ecdsa-sha2-nistp256",
            Kind::P384 => "ecdsa-sha2-nistp384",
            Kind::Rsa => "ssh-rsa",
            Kind::SkEd25519 => "sk-ssh-ed25519@openssh.com",
            Kind::SkP256 => "sk-ecdsa-sha2-nistp256@openssh.com",
        }
    }

    /// Claims that the key lies in a security key, which a person has to touch.
    pub fn is_hardware(self) -> bool {
        matches!(self, Kind::SkEd25519 | Kind::SkP256)
    }
}

/// Why a text is no key that gate can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// It is not of the form `TYPE BASE64 [COMMENT]`.
    Form,
    /// It is a key, of a type that gate cannot verify.
    Type(String),
    /// It is longer than any key.
    Long,
    /// What is inside is not what a key of its type holds.
    Inside(Kind),
}

/// What a security key says beside its signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// A person touched it.
    pub touched: bool,
    /// It has made sure which person: a PIN or a fingerprint.
    pub verified: bool,
}

/// What a key's binary form holds, as its type says.
struct Parts<'a> {
    point: &'a [u8],
    exponent: &'a [u8],
    application: &'a [u8],
}

impl PublicKey {
    /// Returns the key that stands in a line as `ssh-keygen` writes it to a `.pub` file.
    pub fn parse(line: &str) -> Result<PublicKey, BadKey> {
        let mut words = line.split_ascii_whitespace();
        let (name, encoded) = words.next().zip(words.next()).ok_or(BadKey::Form)?;
        if encoded.len() > LONGEST * 4 / 3 {
            return Err(BadKey::Long);
        }
        let blob = STANDARD.decode(encoded).map_err(|_| BadKey::Form)?;
        let key = PublicKey::from_blob(&blob)?;
        if key.kind.name() == name { Ok(key) } else { Err(BadKey::Form) }
    }

    /// Returns the key whose binary form is `blob`.
    pub fn from_blob(blob: &[u8]) -> Result<PublicKey, BadKey> {
        if blob.len() > LONGEST {
            return Err(BadKey::Long);
        }
        let name = Wire::of(blob).text().ok_or(BadKey::Form)?;
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == name);
        let kind = kind.ok_or_else(|| BadKey::Type(name.to_owned()))?;
        parts(kind, blob).ok_or(BadKey::Inside(kind))?;
        Ok(PublicKey { blob: blob.to_vec(), kind })
    }

    /// Returns the key in the text of a key file: a `.pub` file, or a private key as OpenSSH writes it, whose public half needs no
    /// passphrase (`PROTOCOL.key`: `openssh-key-v1`, cipher, kdf, its options, the number of keys, the public key).
    pub fn of_file(text: &str) -> Result<PublicKey, BadKey> {
        let private = text.trim().strip_prefix("-----BEGIN OPENSSH PRIVATE KEY-----");
        let Some(inner) = private.and_then(|rest| rest.strip_suffix("-----END OPENSSH PRIVATE KEY-----"))
        else {
            return PublicKey::parse(text);
        };
        let encoded: String = inner.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode(encoded).map_err(|_| BadKey::Form)?;
        let mut wire = Wire::of(bytes.strip_prefix(b"openssh-key-v1\0").ok_or(BadKey::Form)?);
        let head = (wire.string(), wire.string(), wire.string(), wire.number());
        let blob = wire.string().filter(|_| head.3 == Some(1)).ok_or(BadKey::Form)?;
        PublicKey::from_blob(blob)
    }

    /// Returns what kind of key it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Digest::of(&self.blob).as_bytes()))
    }

    /// Returns whether `signature`, in SSH's form, is one by this key over `data`, and what a security key says about it.
    pub(super) fn verify(&self, data: &[u8], signature: &[u8]) -> Option<Presence> {
        let Parts { point, exponent, application } = parts(self.kind, &self.blob)?;
        let mut wire = Wire::of(signature);
        let (name, made) = (wire.text()?, wire.string()?);
        let holds = match self.kind {
            Kind::Ed25519 => is_by(&ED25519, point, data, made),
            Kind::P256 => is_by(&ECDSA_P256_SHA256_FIXED, point, data, &fixed(made, 32)?),
            Kind::P384 => is_by(&ECDSA_P384_SHA384_FIXED, point, data, &fixed(made, 48)?),
            Kind::Rsa => {
                let key = RsaPublicKeyComponents { n: point, e: exponent };
                return (key.verify(rsa(name)?, data, made).is_ok() && wire.is_done())
                    .then(Presence::default);
            }
            Kind::SkEd25519 | Kind::SkP256 => {
                let (flags, counter) = (wire.byte()?, wire.take(4)?);
                let (application, data) = (Digest::of(application), Digest::of(data));
                let parts = [application.as_bytes(), &[flags][..], counter, data.as_bytes()];
                let data = parts.concat();
                let holds = match self.kind {
                    Kind::SkEd25519 => is_by(&ED25519, point, &data, made),
                    _ => is_by(&ECDSA_P256_SHA256_FIXED, point, &data, &fixed(made, 32)?),
                };
                let presence = Presence { touched: flags & 0x01 != 0, verified: flags & 0x04 != 0 };
                return (holds && name == self.kind.name() && wire.is_done()).then_some(presence);
            }
        };
        (holds && name == self.kind.name() && wire.is_done()).then(Presence::default)
    }
}

/// Returns what a key of this kind holds, or `None` where it is none.
fn parts(kind: Kind, blob: &[u8]) -> Option<Parts<'_>> {
    let mut wire = Wire::of(blob);
    wire.text()?;
    let (mut exponent, mut application) = (&[][..], &[][..]);
    let curve = |wire: &mut Wire<'_>, name: &str| (wire.text() == Some(name)).then_some(());
    let point = match kind {
        Kind::Ed25519 | Kind::SkEd25519 => wire.string().filter(|point| point.len() == 32)?,
        Kind::P256 | Kind::SkP256 => {
            curve(&mut wire, "nistp256")?;
            wire.string().filter(|point| point.len() == 65 && point[0] == 4)?
        }
        Kind::P384 => {
            curve(&mut wire, "nistp384")?;
            wire.string().filter(|point| point.len() == 97 && point[0] == 4)?
        }
        Kind::Rsa => {
            exponent = wire.positive()?;
            wire.positive().filter(|modulus| (256..=1024).contains(&modulus.len()))?
        }
    };
    if kind.is_hardware() {
        application = wire.string()?;
    }
    wire.is_done().then_some(Parts { point, exponent, application })
}

fn is_by(algorithm: &'static dyn VerificationAlgorithm, key: &[u8], data: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(algorithm, key).verify(data, signature).is_ok()
}

/// RFC 8332; SHA-1 does not count.
fn rsa(name: &str) -> Option<&'static RsaParameters> {
    match name {
        "rsa-sha2-256" => Some(&RSA_PKCS1_2048_8192_SHA256),
        "rsa-sha2-512" => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

/// Returns `r ‖ s` of an ECDSA signature (RFC 5656 section 3.1.2), each with `width` bytes.
fn fixed(made: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut wire = Wire::of(made);
    let mut both = Vec::with_capacity(2 * width);
    for _ in 0..2 {
        let number = wire.positive().filter(|number| number.len() <= width)?;
        both.resize(both.len() + width - number.len(), 0);
        both.extend_from_slice(number);
    }
    wire.is_done().then_some(both)
}

impl fmt::Display for PublicKey {
    /// Writes `TYPE BASE64`, the line of a `.pub` file without its comment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), STANDARD.encode(&self.blob))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.fingerprint())
    }
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadKey::Form => f.write_str("no public key, expected a line like `ssh-ed25519 AAAA…`"),
            BadKey::Type(name) => {
                let known = Kind::ALL.map(|kind| format!("`{}`", kind.name())).join(", ");
                let name = crate::command::visible(name.as_bytes());
                write!(f, "a key of type `{name}`, which gate cannot verify; expected one of {known}")
            }
            BadKey::Long => write!(f, "longer than any public key ({LONGEST} bytes)"),
            BadKey::Inside(kind) => write!(f, "not what a key of type `{}` holds", kind.name()),
        }
    }
}

impl std::error::Error for BadKey {}
