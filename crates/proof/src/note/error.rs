use super::SignError;
use crate::limits::{NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX};

/// Why a text is no note, a key no key, or a signature none of that key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Over [`NOTE_BYTES_MAX`].
    #[error("a note longer than {NOTE_BYTES_MAX} bytes")]
    TooLong,
    /// Over [`NOTE_SIGNATURES_MAX`].
    #[error("a note with more than {NOTE_SIGNATURES_MAX} signatures")]
    TooManySignatures,
    /// A control character.
    #[error("a note with a control character in it")]
    Control,
    /// No newline at the end.
    #[error("a note that does not end in a newline")]
    Unterminated,
    /// No signatures.
    #[error("a note without signatures: text, a blank line and signature lines are needed")]
    Unsigned,
    /// A malformed signature line.
    #[error("a malformed signature line: `— NAME BASE64` is needed")]
    SignatureLine,
    /// A malformed name of a key.
    #[error("`{}` is no name of a key: a name has no spaces and no `+`", .name.escape_debug())]
    Name {
        /// What stood there.
        name: String,
    },
    /// A malformed verifier key.
    #[error("not a verifier key: `NAME+HASH+BASE64` on one line is needed")]
    VerifierKey,
    /// A malformed signing key. What it was is never repeated.
    #[error("not a signing key: `PRIVATE+KEY+NAME+HASH+BASE64` on one line is needed")]
    SigningKey,
    /// A key whose hash is not that of its name and bytes.
    #[error(
        "the hash in the key of `{name}` is not that of its name and bytes: the key was altered"
    )]
    KeyHash {
        /// The key's name.
        name: String,
    },
    /// An algorithm that this release does not have.
    #[error("the key of `{name}` is of type {kind:#04x}: this release knows 0x01 (Ed25519)")]
    Algorithm {
        /// The key's name.
        name: String,
        /// The type's byte in C2SP `signed-note`.
        kind: u8,
    },
    /// A public key that is no point of the curve, or a weak one.
    #[error("the key of `{name}` is no sound Ed25519 public key")]
    PublicKey {
        /// The key's name.
        name: String,
    },
    /// No line by a key of that name.
    #[error("no signature by `{name}`")]
    NotSigned {
        /// The key's name.
        name: String,
    },
    /// A line by another key of the same name.
    #[error("signed by another key of `{name}`: it has the hash {found}, and {wanted} is trusted")]
    OtherKey {
        /// The key's name.
        name: String,
        /// The hash of the key that was given.
        wanted: String,
        /// The hash in the note.
        found: String,
    },
    /// A signature that does not fit the text.
    #[error("the signature by `{name}` does not fit the text: one of the two was altered")]
    Signature {
        /// The key's name.
        name: String,
    },
    /// The signer failed.
    #[error(transparent)]
    Sign(#[from] SignError),
}
