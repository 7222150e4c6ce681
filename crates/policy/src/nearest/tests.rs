use super::nearest;

#[test]
fn a_slip_of_the_finger_is_recognised() {
    let known = ["description", "id", "reason"];
    assert_eq!(nearest("descripton", known).as_deref(), Some("description"));
    assert_eq!(nearest("raeson", known).as_deref(), Some("reason"));
    assert_eq!(nearest("ID", known).as_deref(), Some("id"));
}

#[test]
fn something_else_altogether_is_not() {
    assert_eq!(nearest("severity", ["description", "id", "reason"]), None);
    assert_eq!(nearest("", ["id"]), None);
}
