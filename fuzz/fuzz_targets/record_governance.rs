//! What officers sign, as a record and as it travels: what is read is written again with the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proof::json::Value;
use record::Grant;
use record::governance::SignedProposal;
use record::lineage::SignedApproval;

fuzz_target!(|bytes: &[u8]| {
    let Ok(value) = Value::parse(bytes) else { return };
    if let Ok((at, signed)) = SignedProposal::from_record(&value) {
        assert_eq!(signed.to_record(at).to_bytes(), bytes);
    }
    if let Ok(signed) = SignedProposal::from_value(&value) {
        assert_eq!(signed.to_value().to_bytes(), bytes);
    }
    if let Ok(signed) = SignedApproval::from_value(&value) {
        assert_eq!(signed.to_value().to_bytes(), bytes);
    }
    if let Some(grant) = Grant::from_value(&value) {
        assert_eq!(grant.to_value().to_bytes(), bytes);
    }
});
