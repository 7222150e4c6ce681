use super::*;

fn decision(text: &str) -> Value {
    Value::parse(text.as_bytes()).unwrap()
}

#[test]
fn only_verdict_and_code_make_another_answer() {
    let recorded = decision(r#"{"bundle":"a","code":"permitted","decision":"permit"}"#);
    let same = decision(r#"{"bundle":"b","code":"permitted","decision":"permit"}"#);
    let other = decision(r#"{"bundle":"b","code":"policy.denied","decision":"deny"}"#);
    assert!(is_same_answer(&recorded, &same));
    assert!(!is_same_answer(&recorded, &other));
}

#[test]
fn a_difference_is_shown_as_before_and_after() {
    let recorded = decision(
        r#"{"bundle":"aaaaaaaaaa","code":"permitted","decision":"permit","policies":[{"id":"files.read"}]}"#,
    );
    let derived = decision(
        r#"{"bundle":"bbbbbbbbbb","code":"policy.denied","decision":"deny","policies":[]}"#,
    );
    let lines = Difference { index: 7, recorded, derived }.lines(Paint::Plain).join("\n");
    insta::assert_snapshot!(lines, @r"
      record 7
        - permit permitted by files.read (bundle aaaaaaaa)
        + deny policy.denied by no policy (bundle bbbbbbbb)
    ");
}
