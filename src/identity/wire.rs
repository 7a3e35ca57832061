//! The binary form that SSH keys and signatures share (RFC 4251 section 5), read without ever looking past the end.

/// Reads a row of fields; whatever does not fit ends it with `None`.
pub(super) struct Wire<'a> {
    rest: &'a [u8],
}

impl<'a> Wire<'a> {
    /// Returns a reader of all of `bytes`.
    pub(super) fn of(bytes: &'a [u8]) -> Wire<'a> {
        Wire { rest: bytes }
    }

    /// Returns the next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// Returns the next byte.
    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// Returns the next `uint32`.
    pub(super) fn number(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }

    /// Returns the next `string`: bytes behind their count.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let count = self.number()?;
        self.take(usize::try_from(count).ok()?)
    }

    /// Returns the next `string` as text.
    pub(super) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.string()?).ok()
    }

    /// Returns the next `mpint` without the zeros before it; a negative one is none.
    pub(super) fn positive(&mut self) -> Option<&'a [u8]> {
        let bytes = self.string()?;
        if bytes.first().is_some_and(|first| first & 0x80 != 0) {
            return None;
        }
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        Some(&bytes[zeros..])
    }

    /// Claims that nothing is left.
    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }
}

/// Appends `bytes` as a `string`.
pub(super) fn put(into: &mut Vec<u8>, bytes: &[u8]) {
    let count = u32::try_from(bytes.len()).expect("what is signed here is a digest and a few names");
    into.extend_from_slice(&count.to_be_bytes());
    into.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::{Wire, put};

    #[test]
    fn fields_come_back_and_a_wrong_length_ends_them() {
        let mut bytes = vec![7];
        put(&mut bytes, b"ab");
        put(&mut bytes, b"\x00\x01");
        let mut wire = Wire::of(&bytes);
        assert_eq!((wire.byte(), wire.text(), wire.positive()), (Some(7), Some("ab"), Some(&[1][..])));
        assert!(wire.is_done() && wire.byte().is_none() && wire.number().is_none());
        for lying in [&[0xff, 0xff, 0xff, 0xff][..], &[0, 0, 0, 2, 1], &[0, 0, 0], &[]] {
            assert_eq!(Wire::of(lying).string(), None);
        }
        assert_eq!(Wire::of(&[0, 0, 0, 1, 0x80]).positive(), None);
    }
}
