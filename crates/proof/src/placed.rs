//! The form that receipts and promised records share: a record's bytes, its index and its path,
//! then the signed note that the path leads to.

use crate::base64std;
use crate::checkpoint::parse_decimal;
use crate::digest::Digest;
use crate::limits::{PROOF_HASHES_MAX, RECEIPT_BYTES_MAX, RECORD_BYTES_MAX};

/// A record's place, as a file states it. Nothing of it is checked yet.
pub(crate) struct Placed {
    pub(crate) record: Option<Vec<u8>>,
    pub(crate) index: u64,
    pub(crate) proof: Vec<Digest>,
    pub(crate) note: String,
}

/// The fault of a file; its reader says so in its own words.
pub(crate) enum MalformedPlaced {
    TooLong,
    Header,
    Extra,
    Index,
    Hash,
    NoNote,
}

impl Placed {
    /// Reads a file that begins with this line.
    //= C2SP tlog-proof, section Format
    pub(crate) fn parse(header: &str, text: &str) -> Result<Self, MalformedPlaced> {
        if text.len() > RECEIPT_BYTES_MAX {
            return Err(MalformedPlaced::TooLong);
        }
        let rest = text.strip_prefix(header).and_then(|rest| rest.strip_prefix('\n'));
        let (head, note) = rest
            .ok_or(MalformedPlaced::Header)?
            .split_once("\n\n")
            .ok_or(MalformedPlaced::NoNote)?;
        let mut lines = head.split('\n').peekable();
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let record = extra.map(parse_extra).transpose()?;
        let index = lines.next().and_then(|line| parse_decimal(line.strip_prefix("index ")?));
        let index = index.ok_or(MalformedPlaced::Index)?;
        let proof =
            lines.map(parse_hash).collect::<Option<Vec<_>>>().ok_or(MalformedPlaced::Hash)?;
        if proof.len() > PROOF_HASHES_MAX {
            return Err(MalformedPlaced::Hash);
        }
        Ok(Self { record, index, proof, note: note.to_owned() })
    }
}

/// The file's text, which begins with this line.
pub(crate) fn text(
    header: &str,
    record: Option<&[u8]>,
    index: u64,
    proof: &[Digest],
    note: &str,
) -> String {
    let mut text = format!("{header}\n");
    if let Some(record) = record {
        text.push_str(&format!("extra {}\n", base64std::encode(record)));
    }
    text.push_str(&format!("index {index}\n"));
    for hash in proof {
        text.push_str(&base64std::encode(hash.as_bytes()));
        text.push('\n');
    }
    text.push('\n');
    text.push_str(note);
    text
}

fn parse_extra(line: &str) -> Result<Vec<u8>, MalformedPlaced> {
    let bytes = line.strip_prefix("extra ").and_then(base64std::decode);
    bytes.filter(|bytes| bytes.len() <= RECORD_BYTES_MAX).ok_or(MalformedPlaced::Extra)
}

fn parse_hash(line: &str) -> Option<Digest> {
    base64std::decode(line)?.as_slice().try_into().ok()
}
