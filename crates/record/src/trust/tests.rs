use super::*;

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
    assert_eq!(Trust::parse("Trusted"), None);
}
