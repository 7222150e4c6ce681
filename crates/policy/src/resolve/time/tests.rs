use super::datetime;

#[test]
fn known_times() {
    assert_eq!(datetime(0).as_deref(), Some("1970-01-01T00:00:00.000Z"));
    assert_eq!(datetime(951_782_400_000).as_deref(), Some("2000-02-29T00:00:00.000Z"));
    assert_eq!(datetime(1_795_424_036_123).as_deref(), Some("2026-11-23T08:53:56.123Z"));
    assert_eq!(datetime(253_402_300_799_999).as_deref(), Some("9999-12-31T23:59:59.999Z"));
    assert_eq!(datetime(253_402_300_800_000), None);
    assert_eq!(datetime(-1), None);
    assert_eq!(datetime(i64::MAX), None);
}
