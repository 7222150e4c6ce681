use super::*;

#[test]
fn times_are_those_of_the_calendar() {
    assert_eq!(utc(0), "1970-01-01 00:00:00.000");
    assert_eq!(utc(951_782_399_999), "2000-02-28 23:59:59.999");
    assert_eq!(utc(951_782_400_000), "2000-02-29 00:00:00.000");
    assert_eq!(utc(1_767_225_600_000), "2026-01-01 00:00:00.000");
    assert_eq!(utc(4_107_542_400_000), "2100-03-01 00:00:00.000");
    assert_eq!(utc(-1), "1969-12-31 23:59:59.999");
}

#[test]
fn an_unknown_record_is_shown_by_its_type() {
    let shown = line(3, br#"{"type":"approval.asked","v":1}"#, Paint::Plain);
    assert_eq!(shown, "     3  approval.asked");
    assert_eq!(line(3, b"[]", Paint::Plain), "     3  not a record of this version");
}

#[test]
fn only_long_ids_are_cut() {
    assert_eq!(short("abc"), "abc");
    assert_eq!(short("0123456789"), "01234567");
    assert_eq!(short("äöüäöüäöü"), "äöüäöüäö");
}
