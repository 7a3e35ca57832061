//! The key that a person signs their decisions with: which one it is, whose the policy says it is, and the signing.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::approval::{Assurance, Decision, NAMESPACE, Request, Swearing, Sworn};
use crate::command::visible;
use crate::config::Config;
use crate::digest::Digest;
use crate::exec::{Host, key_text, sign};
use crate::identity::{NamedKey, People, PublicKey};
use crate::store::{clock, salt};

/// A key file whose key the policy names for somebody.
#[derive(Clone, Debug)]
pub(super) struct Signer {
    path: PathBuf,
    named: NamedKey,
    /// Whose it is.
    name: String,
}

impl Signer {
    /// Returns the signer with the key file `given`, or else the one that `config.toml` names; `None` where neither is said.
    ///
    /// # Errors
    /// A file that holds no key, or one that the policy names for nobody or no longer: nothing is signed with it.
    pub(super) fn choose(
        given: Option<&Path>,
        config: &Config,
        people: &People,
    ) -> anyhow::Result<Option<Signer>> {
        let home = config.user.home.as_deref();
        let configured = config.settings.local.key.as_deref().map(|path| expanded(path, home));
        let Some(path) = given.map(Path::to_path_buf).or(configured) else { return Ok(None) };
        let key = public(&path)?;
        let Some((person, named)) = people.holder(&key) else {
            bail!(
                "the policy names the key {} in `{}` for nobody; `gate approver add NAME {}` does",
                key.fingerprint(),
                path.display(),
                public_path(&path).display()
            );
        };
        if let Err(why) = named.check(clock::now()) {
            bail!("the key {} of `{}` {why}", key.fingerprint(), visible(person.name.as_bytes()));
        }
        Ok(Some(Signer { path, named: named.clone(), name: person.name.clone() }))
    }

    /// Returns whose key it is.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns what its signature is worth at most where the commands are this process's own user's.
    pub(super) fn worth_here(&self) -> Assurance {
        self.worth_for(0, 0)
    }

    /// Returns what its signature, given by the user `own`, is worth at most about commands of the user `requester`.
    pub(super) fn worth_for(&self, requester: u32, own: u32) -> Assurance {
        match self.named.key.kind().is_hardware() {
            true => Assurance::Hardware,
            false if self.named.apart && own != requester => Assurance::Key,
            false => Assurance::Tty,
        }
    }

    /// Returns who swears something that was `displayed`, in this log, with what makes it count once and what hides its text.
    pub(super) fn swearing(
        &self,
        log: &str,
        uid: u32,
        (nonce, salt): (Digest, Digest),
        displayed: Digest,
    ) -> Swearing {
        let (log, person, key) = (log.to_owned(), self.name.clone(), self.named.key.fingerprint());
        Swearing { log, person, uid, key, nonce, salt, displayed, at: clock::now() }
    }

    /// Has `ssh-keygen` sign what is sworn, and makes sure that the signature holds.
    pub(super) fn swear(&self, sworn: &mut Sworn, host: &Host, people: &People) -> anyhow::Result<()> {
        let (namespace, statement) = (sworn.purpose.namespace(), sworn.statement());
        let signature = sign(host, &self.path, namespace, &statement)?;
        let proof = people.prove_for(namespace, &self.name, &statement, &signature, clock::now());
        proof.with_context(|| format!("the signature that `{}` made is of no use", self.path.display()))?;
        sworn.signature = Some(signature);
        Ok(())
    }

    /// Makes `decision` one that this person is about to sign: their name, their key, and what that will be worth at most.
    pub(super) fn prepare(&self, decision: &mut Decision, request: &Request) -> anyhow::Result<()> {
        decision.approver.name.clone_from(&self.name);
        decision.key = Some(self.named.key.fingerprint());
        decision.salt = decision.comment.as_ref().map(|_| salt()).transpose()?;
        decision.assurance = self.worth_for(request.ask.requester.uid, decision.approver.uid);
        Ok(())
    }

    /// Has `ssh-keygen` sign `decision`, which [`Signer::prepare`] has made ready, and makes sure that the signature holds.
    pub(super) fn sign(&self, decision: &mut Decision, host: &Host, people: &People) -> anyhow::Result<()> {
        let statement = decision.statement();
        let signature = sign(host, &self.path, NAMESPACE, &statement)?;
        let proof = people.prove(&self.name, &statement, &signature, clock::now());
        proof.with_context(|| format!("the signature that `{}` made is of no use", self.path.display()))?;
        decision.signature = Some(signature);
        Ok(())
    }
}

/// Returns the public key in a key file, private or not.
pub(super) fn public(path: &Path) -> anyhow::Result<PublicKey> {
    let text = key_text(path)?;
    let beside = || PublicKey::parse(&key_text(&public_path(path)).ok()?).ok();
    PublicKey::of_file(&text)
        .or_else(|why| beside().ok_or(why))
        .with_context(|| format!("failed to read the key `{}`", path.display()))
}

/// Returns the file in which `ssh-keygen` puts the public half.
fn public_path(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|end| end == "pub") {
        return path.to_path_buf();
    }
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn expanded(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_path_buf(),
    }
}

/// Returns how a decision of this assurance is given, for somebody whose decision was too weak.
pub(super) fn how_to_give(needed: Assurance, id: &str, gate: &str) -> String {
    let hardware = format!("`{gate} approve {id} --key ~/.ssh/id_ed25519_sk`");
    match needed {
        Assurance::Key => format!(
            "sign it with a security key that the policy names for you: {hardware}, or on another machine with a key that is \
             `apart`: `{gate} approve {id} --to-sign NAME`"
        ),
        Assurance::Hardware => {
            format!("sign it with a security key that the policy names for you: {hardware}")
        }
        _ => format!("that needs a channel which is not set up here; a security key gives more: {hardware}"),
    }
}
