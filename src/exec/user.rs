//! Who gate runs as, by the password database: `$HOME` and `$USER` are the requester's word, not a fact.
#![expect(unsafe_code, reason = "getpwuid_r has no safe wrapper in std or rustix")]

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The user gate runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The real user id.
    pub uid: u32,
    /// The login name, or `uid:1234` for a user that the password database does not know.
    pub name: String,
    /// The home directory of the password database; `None` if it knows no such user.
    pub home: Option<PathBuf>,
}

impl User {
    /// Returns the user of this process.
    pub fn current() -> User {
        let uid = rustix::process::getuid().as_raw();
        match entry(uid) {
            Some((name, home)) => {
                let home = PathBuf::from(home);
                User {
                    uid,
                    name: name.to_string_lossy().into_owned(),
                    home: home.is_absolute().then_some(home),
                }
            }
            None => User { uid, name: format!("uid:{uid}"), home: None },
        }
    }
}

/// Returns name and home directory of `uid` (POSIX getpwuid_r, grown until the entry fits, 1 MiB at most).
fn entry(uid: u32) -> Option<(OsString, OsString)> {
    let mut buffer = vec![0 as libc::c_char; 1024];
    loop {
        // SAFETY: an all-zero `passwd` (null pointers, zero ids) is a valid value; it is only read after success.
        let mut passwd: libc::passwd = unsafe { std::mem::zeroed() };
        let mut found: *mut libc::passwd = std::ptr::null_mut();
        // SAFETY: all pointers are valid for the call, and the length is that of the buffer.
        let code =
            unsafe { libc::getpwuid_r(uid, &mut passwd, buffer.as_mut_ptr(), buffer.len(), &mut found) };
        if code == libc::ERANGE && buffer.len() < 1 << 20 {
            buffer.resize(buffer.len() * 4, 0);
            continue;
        }
        if code != 0 || found.is_null() || passwd.pw_name.is_null() || passwd.pw_dir.is_null() {
            return None;
        }
        // SAFETY: on success both point to NUL-terminated strings inside `buffer`, which outlives the copies.
        let (name, home) = unsafe { (CStr::from_ptr(passwd.pw_name), CStr::from_ptr(passwd.pw_dir)) };
        let owned = |text: &CStr| OsStr::from_bytes(text.to_bytes()).to_os_string();
        return Some((owned(name), owned(home)));
    }
}

#[cfg(test)]
mod tests {
    use super::{User, entry};

    #[test]
    fn root_is_known_and_nobody_has_the_highest_id() {
        let (name, home) = entry(0).unwrap();
        assert_eq!((name.to_str(), home.to_str().map(|h| h.starts_with('/'))), (Some("root"), Some(true)));
        assert_eq!(entry(u32::MAX - 1), None);
        assert_eq!(User::current().uid, rustix::process::getuid().as_raw());
    }
}
