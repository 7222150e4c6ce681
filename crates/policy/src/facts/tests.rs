use super::*;

#[test]
fn facts_come_back_as_they_were_written() {
    let facts = Facts { at: 1_790_000_000_123, assurance: Assurance::Confined, definition: None };
    let value = facts.to_value().unwrap();
    assert_eq!(value.to_bytes(), br#"{"assurance":"confined","at":1790000000123}"#);
    assert_eq!(Facts::from_value(&value).unwrap(), facts);
    let listed = Facts { definition: Some(Digest::of(b"definition")), ..facts };
    let value = listed.to_value().unwrap();
    assert_eq!(Facts::from_value(&value).unwrap(), listed);
}

#[test]
fn facts_outside_their_range_are_refused() {
    assert_eq!(Facts { at: -1, ..Facts::DEFAULT }.to_value().unwrap_err(), FactsError::Time);
    let extra = Value::parse(br#"{"assurance":"separated","at":1,"zone":"a"}"#).unwrap();
    assert_eq!(Facts::from_value(&extra).unwrap_err(), FactsError::Members);
    let digest = br#"{"assurance":"separated","at":1,"definition":"AAAA"}"#;
    let digest = Value::parse(digest).unwrap();
    assert_eq!(Facts::from_value(&digest).unwrap_err(), FactsError::Definition);
    let word = Value::parse(br#"{"assurance":"strong","at":1}"#).unwrap();
    assert_eq!(Facts::from_value(&word).unwrap_err(), FactsError::Assurance);
}

#[test]
fn worse_trust_is_greater_and_words_come_back() {
    assert!(
        Trust::Trusted < Trust::Degraded
            && Trust::Degraded < Trust::Suspended
            && Trust::Suspended < Trust::Revoked
    );
    for trust in [Trust::Trusted, Trust::Degraded, Trust::Suspended, Trust::Revoked] {
        assert_eq!(Trust::parse(trust.as_str()), Some(trust));
    }
    for assurance in
        [Assurance::Cooperative, Assurance::Separated, Assurance::Confined, Assurance::Attested]
    {
        assert_eq!(Assurance::parse(assurance.as_str()), Some(assurance));
    }
    assert_eq!(Trust::parse("Trusted"), None);
}
