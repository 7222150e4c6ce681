use std::collections::BTreeMap;

use proof::digest::Digest;
use proof::json::{ObjectWriter, Text};

use crate::members::{MalformedRecord, wrong};
use crate::reader::{MemberReader, digest};
use crate::writer::{Interleaved, MemberWriter};

/// The commitments of one record, by member name.
pub type Commitments = BTreeMap<Text, Digest>;

pub(super) fn write_commitments(
    commitments: &Commitments,
    record: &mut MemberWriter<'_, impl Interleaved>,
) {
    let mut all = ObjectWriter::begin(record.member("commitments"));
    commitments.iter().for_each(|(name, digest)| digest.write(all.member(name)));
    all.end();
}

pub(super) fn read_commitments<const N: usize>(
    record: &mut MemberReader<'_, N>,
) -> Result<Commitments, MalformedRecord> {
    let members = record.required("commitments")?.members();
    let members = members.ok_or_else(|| wrong("commitments", "an object"))?;
    members.map(|(name, span)| Ok((name.into(), digest(name, span)?))).collect()
}
