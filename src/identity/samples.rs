//! A security key in software, for tests: it signs as OpenSSH's `PROTOCOL.u2f` says that a real one does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

use super::key::{Kind, PublicKey};
use super::wire::put;
use crate::approval::NAMESPACE;
use crate::digest::Digest;

/// The application of OpenSSH's keys.
const APPLICATION: &[u8] = b"ssh:";

pub(crate) const TOUCHED: u8 = 0x01;
pub(crate) const VERIFIED: u8 = 0x04;

/// A key pair that signs whatever it is asked to.
pub(crate) struct SoftKey {
    kind: Kind,
    seed: [u8; 32],
    p256: Vec<u8>,
}

impl SoftKey {
    pub(crate) fn new(kind: Kind, seed: u8) -> SoftKey {
        let random = SystemRandom::new();
        let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        SoftKey { kind, seed: [seed; 32], p256: p256.as_ref().to_vec() }
    }

    fn ed25519(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.seed).unwrap()
    }

    fn p256(&self) -> EcdsaKeyPair {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.p256, &SystemRandom::new()).unwrap()
    }

    fn blob(&self) -> Vec<u8> {
        let mut blob = Vec::new();
        put(&mut blob, self.kind.name().as_bytes());
        match self.kind {
            Kind::P256 | Kind::SkP256 => {
                put(&mut blob, b"nistp256");
                put(&mut blob, self.p256().public_key().as_ref());
            }
            _ => put(&mut blob, self.ed25519().public_key().as_ref()),
        }
        if self.kind.is_hardware() {
            put(&mut blob, APPLICATION);
        }
        blob
    }

    pub(crate) fn public(&self) -> PublicKey {
        PublicKey::from_blob(&self.blob()).unwrap()
    }

    /// Returns the armored signature over `message`, with these flags of a security key.
    pub(crate) fn sign(&self, message: &[u8], flags: u8) -> String {
        self.sign_for(NAMESPACE, message, flags)
    }

    pub(crate) fn sign_for(&self, namespace: &str, message: &[u8], flags: u8) -> String {
        let hash = ring::digest::digest(&ring::digest::SHA512, message);
        let mut data = b"SSHSIG".to_vec();
        for part in [namespace.as_bytes(), b"", b"sha512", hash.as_ref()] {
            put(&mut data, part);
        }
        let counter = 7_u32.to_be_bytes();
        if self.kind.is_hardware() {
            let (application, message) = (Digest::of(APPLICATION), Digest::of(&data));
            data = [application.as_bytes(), &[flags][..], &counter, message.as_bytes()].concat();
        }
        let mut made = Vec::new();
        put(&mut made, self.kind.name().as_bytes());
        match self.kind {
            Kind::P256 | Kind::SkP256 => {
                let both = self.p256().sign(&SystemRandom::new(), &data).unwrap();
                let mut numbers = Vec::new();
                for number in both.as_ref().chunks(32) {
                    put(&mut numbers, &[&[0], number].concat());
                }
                put(&mut made, &numbers);
            }
            _ => put(&mut made, self.ed25519().sign(&data).as_ref()),
        }
        if self.kind.is_hardware() {
            made.push(flags);
            made.extend_from_slice(&counter);
        }
        let mut blob = b"SSHSIG\0\0\0\x01".to_vec();
        for part in [&self.blob()[..], namespace.as_bytes(), b"", b"sha512", &made] {
            put(&mut blob, part);
        }
        armored(&blob)
    }
}

/// Returns `blob` in the armor of a signature.
pub(crate) fn armored(blob: &[u8]) -> String {
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", STANDARD.encode(blob))
}
