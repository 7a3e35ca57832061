//! The Merkle tree of RFC 6962 over an append-only list of leaves, kept as its frontier.
//!
//! Source: RFC 6962 section 2.1. `leaf = SHA-256(0x00 ‖ bytes)`, `node = SHA-256(0x01 ‖ left ‖ right)`.

use crate::digest::Digest;

/// Returns the leaf hash of an entry's bytes.
pub fn leaf(bytes: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], bytes])
}

fn node(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The roots of the perfect subtrees that the leaves so far make up, largest first: all that appending needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    roots: Vec<Digest>,
}

impl Frontier {
    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf.
    pub fn push(&mut self, leaf: Digest) {
        let mut right = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.roots.pop().expect("one root for each bit of the size");
            right = node(&left, &right);
        }
        self.roots.push(right);
        self.size += 1;
    }

    /// Returns the tree's root; that of the empty tree is the digest of nothing.
    pub fn root(&self) -> Digest {
        let mut roots = self.roots.iter().rev();
        match roots.next() {
            None => Digest::of(b""),
            Some(last) => roots.fold(*last, |right, left| node(left, &right)),
        }
    }

    /// Returns the roots, 32 bytes each: the stored form, together with the size.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.roots.iter().flat_map(|root| *root.as_bytes()).collect()
    }

    /// Returns the frontier stored as `bytes`, or `None` where they don't fit `size`.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Option<Frontier> {
        let (chunks, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || chunks.len() != size.count_ones() as usize {
            return None;
        }
        Some(Frontier { size, roots: chunks.iter().map(|chunk| Digest::from_bytes(*chunk)).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Inputs and roots of the reference implementation of RFC 6962 (certificate-transparency, merkletree tests).
    const LEAVES: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    #[test]
    fn roots_are_those_of_rfc_6962() {
        let mut tree = Frontier::default();
        assert_eq!(
            tree.root().to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        for (bytes, root) in LEAVES.iter().zip(ROOTS) {
            tree.push(leaf(bytes));
            assert_eq!(tree.root().to_string(), root, "size {}", tree.size());
            assert_eq!(Frontier::from_bytes(tree.size(), &tree.to_bytes()).as_ref(), Some(&tree));
        }
    }

    /// The definition of RFC 6962, word for word: slow, and independent of the frontier.
    fn root_by_definition(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => Digest::of(b""),
            [one] => *one,
            many => {
                let k = many.len().next_power_of_two() / 2;
                node(&root_by_definition(&many[..k]), &root_by_definition(&many[k..]))
            }
        }
    }

    #[test]
    fn frontier_agrees_with_the_definition() {
        let mut tree = Frontier::default();
        let mut leaves = Vec::new();
        for i in 0..130_u32 {
            leaves.push(leaf(&i.to_be_bytes()));
            tree.push(leaves[i as usize]);
            assert_eq!(tree.root(), root_by_definition(&leaves));
        }
        assert_eq!(Frontier::from_bytes(3, &[0; 32]), None);
        assert_eq!(Frontier::from_bytes(1, &[0; 31]), None);
    }
}
