use std::collections::BTreeMap;

use proof::commitment::{Opening, Salt, commit};
use proof::digest::Digest;
use proof::json::{ObjectWriter, Span, Text};

use crate::members::{MalformedRecord, wrong};

/// Bytes of a member's canonical text besides its name and what it opens to.
const MEMBER_BYTES: usize = 96;

/// The private members of one record: salt and bytes of each commitment, and the resulting
/// commitment.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    members: BTreeMap<Text, (Opening, Digest)>,
    /// The canonical text of members that were written ahead.
    written: BTreeMap<Text, String>,
}

impl PartialEq for Sealed {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl Sealed {
    /// Commits to one more member. Its salt is drawn from the record's fresh 32 bytes of entropy
    /// and the member's name, so that no two commitments share one.
    pub fn seal(&mut self, name: &str, bytes: Vec<u8>, entropy: &[u8; 32]) -> Digest {
        self.seal_once(name, || bytes, entropy)
    }

    /// As [`Sealed::seal`], unless the member is there: it was sealed ahead.
    pub fn seal_once(
        &mut self,
        name: &str,
        bytes: impl FnOnce() -> Vec<u8>,
        entropy: &[u8; 32],
    ) -> Digest {
        if let Some((_, commitment)) = self.members.get(name) {
            return *commitment;
        }
        let bytes = bytes();
        let mut seed = entropy.to_vec();
        seed.extend_from_slice(name.as_bytes());
        let salt = Salt::from_bytes(*Digest::of(&seed).as_bytes());
        let digest = commit(&salt, &bytes);
        self.members.insert(name.into(), (Opening { salt, bytes }, digest));
        digest
    }

    /// Writes the members that are there, so that [`Sealed::to_bytes`] has less to do.
    pub fn write_ahead(&mut self) {
        for (name, (opening, _)) in &self.members {
            let mut text = String::new();
            opening.write(&mut text);
            self.written.insert(name.clone(), text);
        }
    }

    /// The bytes behind a commitment, if this part opens it.
    #[must_use]
    pub fn open(&self, name: &str, commitment: &Digest) -> Option<&[u8]> {
        self.opening(name, commitment).map(|opening| opening.bytes.as_slice())
    }

    /// What opens a commitment, if this part does.
    #[must_use]
    pub fn opening(&self, name: &str, commitment: &Digest) -> Option<&Opening> {
        let (opening, made) = self.members.get(name)?;
        (made == commitment).then_some(opening)
    }

    /// Canonical bytes, as they lie beside the log. Nothing sealed is no bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        if self.members.is_empty() {
            return Vec::new();
        }
        // The size in base64url, with a salt, names and punctuation: a text that has to grow is
        // copied.
        let of = |opening: &Opening| (opening.bytes.len() / 3 * 4).saturating_add(MEMBER_BYTES);
        let bytes = self.members.iter().map(|(name, (opening, _))| of(opening) + name.len());
        let mut text = String::with_capacity(bytes.sum());
        let mut sealed = ObjectWriter::begin(&mut text);
        for (name, (opening, _)) in &self.members {
            let text = sealed.member(name);
            match self.written.get(name) {
                Some(written) => text.push_str(written),
                None => opening.write(text),
            }
        }
        sealed.end();
        text.into_bytes()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are not a sealed part.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedRecord> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let members = Span::parse(bytes)?.members();
        let members = members.ok_or_else(|| MalformedRecord::new("not an object"))?;
        let opening = |(name, span): (&str, Span<'_>)| {
            let opening = Opening::of(span);
            let opening = opening.ok_or_else(|| wrong(name, "a salt and bytes in base64url"))?;
            let commitment = opening.commitment();
            Ok((name.into(), (opening, commitment)))
        };
        let members = members.map(opening).collect::<Result<_, MalformedRecord>>()?;
        Ok(Self { members, written: BTreeMap::new() })
    }
}
