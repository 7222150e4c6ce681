use super::super::Source;
use super::{check_errors, check_tuples};

fn tuples(text: &str) -> usize {
    check_tuples(&[Source { package: "a", path: "crates/a/src/b.rs", text }]).len()
}

fn strings(text: &str) -> usize {
    check_errors(&[Source { package: "a", path: "crates/a/src/b.rs", text }]).len()
}

#[test]
fn a_tuple_for_an_argument_is_found() {
    assert_eq!(tuples("fn f((a, b): (u8, u8)) {}"), 1);
    assert_eq!(tuples("fn f<T: Fn(u8) -> u8>(&self, x: &(T, u8)) -> u8;"), 1);
    assert_eq!(tuples("fn f(a: &mut (A, B)) {} fn g(a: A) {}"), 1);
}

#[test]
fn a_tuple_in_a_closure_or_a_list_is_none() {
    assert_eq!(tuples("fn f(a: impl Fn((u8, u8)), b: &[(A, B)], c: ()) {}"), 0);
    assert_eq!(tuples("fn f(a: std::io::Error) { g((1, 2)); let a: (u8, u8) = b; }"), 0);
}

#[test]
fn a_string_for_an_error_is_found() {
    assert_eq!(strings("fn f() -> Result<(), String> {}"), 1);
    assert_eq!(strings("fn f() -> Option<Result<Vec<(A, B)>, &'static str>> {}"), 1);
    assert_eq!(strings("pub fn f(a: A) -> Result<A, String>\nwhere A: B {}"), 1);
}

#[test]
fn a_string_for_a_result_is_no_error() {
    assert_eq!(strings("fn f() -> Result<String, Error> {}"), 0);
    assert_eq!(strings("fn f() -> Result<BTreeMap<u8, String>, Error> {}"), 0);
    assert_eq!(strings("fn f() -> io::Result<String> {}"), 0);
    assert_eq!(strings("fn f() -> Result<()> { let a: Result<(), String> = b; }"), 0);
}

#[test]
fn a_string_that_a_foreign_trait_has_is_no_error() {
    let text = "fn evaluate(&mut self) -> Result<A, String> {}";
    let of = |path| check_errors(&[Source { package: "policy", path, text }]).len();
    assert_eq!(of("crates/policy/src/temporal.rs"), 0);
    assert_eq!(of("crates/policy/src/other.rs"), 1);
}
