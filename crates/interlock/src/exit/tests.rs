use super::*;

fn full() -> Failure {
    Failure::new(Exit::Config, "`interlock.toml` cannot be used")
        .why("the key `servrs` is not known")
        .help("did you mean `servers`?")
}

#[test]
fn a_failure_says_what_why_and_what_to_do() {
    insta::assert_snapshot!(full().to_text(Paint::Plain), @r"
    error: `interlock.toml` cannot be used
      why:  the key `servrs` is not known
      help: did you mean `servers`?
    ");
    assert_eq!(Failure::new(Exit::Failed, "no").to_text(Paint::Plain), "error: no\n");
}

#[test]
fn a_failure_as_json_is_one_line() {
    insta::assert_snapshot!(full().to_json(), @r#"{"error":{"code":"configuration","help":"did you mean `servers`?","message":"`interlock.toml` cannot be used: the key `servrs` is not known"}}"#);
    assert!(full().code("config.key").to_json().contains(r#""code":"config.key""#));
}

#[test]
fn a_missing_file_and_a_failed_read_end_differently() {
    let missing = Failure::io("x", &io::Error::from(io::ErrorKind::NotFound));
    let denied = Failure::io("x", &io::Error::from(io::ErrorKind::PermissionDenied));
    assert_eq!((missing.exit(), denied.exit()), (Exit::NoInput, Exit::Io));
}

#[test]
fn a_reader_that_went_away_is_not_told() {
    let gone = Failure::io("x", &io::Error::from(io::ErrorKind::BrokenPipe));
    assert!(gone.is_silent);
    assert_eq!(gone.exit(), Exit::Io);
}
