use super::*;
use crate::bundle::Files;

const LINE: &str =
    r#"{"subject":{"type":"W","id":"w"},"action":{"name":"act"},"resource":{"type":"T","id":"t"}}"#;

fn report(requests: &str, expected: &str) -> CaseReport {
    run(&Arc::new(bundle(requests, expected)))
}

fn bundle(requests: &str, expected: &str) -> Bundle {
    let files = [
        ("bundle.toml", "name = \"c\"\nversion = \"1\"\nsemantics = 1"),
        (
            "schema.cedarschema",
            "entity W; entity T; action act appliesTo { principal: W, resource: T };",
        ),
        (
            "policies/p.dw",
            "@id(\"a\") permit (principal, action, resource);\n@id(\"b\") forbid (principal, action, resource == T::\"u\");",
        ),
        (REQUESTS, requests),
        (EXPECTED, expected),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}"))
}

const PERMITTED_BY_A: &str = r#"{"code":"permitted","decision":"permit","policies":["a"]}"#;

#[test]
fn expected_outcomes_pass_and_unreached_policies_are_listed() {
    let report = report(LINE, PERMITTED_BY_A);
    assert_eq!((report.passed, report.failed.len(), report.policies), (1, 0, 2));
    assert_eq!(report.policies_unreached, ["b"]);
    assert_eq!(report.codes.get("permitted"), Some(&1));
    assert_eq!(report.codes_unreached.len(), 9);
}

#[test]
fn an_unexpected_outcome_fails_with_its_line() {
    let other = LINE.replace(":\"t\"", ":\"u\"");
    let report =
        report(&format!("{LINE}\n{other}\nnothing\n"), &format!("{PERMITTED_BY_A}\n").repeat(3));
    assert_eq!(report.passed, 1);
    assert_eq!(report.failed.iter().map(|failure| failure.line).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(
        report.failed[0].found,
        r#"{"code":"policy.denied","decision":"deny","policies":["b"]}"#
    );
}

#[test]
fn files_of_different_length_fail_at_once() {
    let report = report(LINE, "");
    assert_eq!((report.passed, report.failed.len()), (0, 1));
    assert_eq!(super::run(&Arc::new(Bundle::empty())).failed, []);
}

#[test]
fn a_line_that_is_none_of_a_case_is_told_with_its_place() {
    let place = |one: &Warning| (one.file.clone(), one.line.unwrap());
    let at = |file: &str, line| (file.to_owned(), line);
    let found = |requests: &str, expected: &str| {
        misfits(&bundle(requests, expected)).iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(found(LINE, PERMITTED_BY_A), []);
    assert_eq!(found(&format!("{LINE}\n{LINE}"), PERMITTED_BY_A), [at(REQUESTS, 2)]);
    assert_eq!(found(LINE, &format!("{PERMITTED_BY_A}\n\n")), [at(EXPECTED, 2), at(EXPECTED, 2)]);
    let bad = ["{}", "nothing", &PERMITTED_BY_A.replace("permit\"", "allow\"")];
    for bad in bad.into_iter().chain([PERMITTED_BY_A.replace(',', ", ").as_str()]) {
        assert_eq!(found(bad, bad), [at(REQUESTS, 1), at(EXPECTED, 1)], "{bad}");
    }
    let many = "x\n".repeat(CASES_MAX);
    assert_eq!(misfits(&bundle(&many, &many)).len(), MISFITS_MAX);
}
