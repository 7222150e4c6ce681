//! Version, completions, usage errors: what needs no domain.

use crate::run::interlock;

#[test]
fn usage_errors_end_with_64() {
    let ended = interlock(&["no-such-command"]);
    assert_eq!(ended.code, 64);
    assert!(ended.stderr.contains("unrecognized subcommand 'no-such-command'"));
    let ended = interlock(&["--json", "completion"]);
    assert_eq!(ended.code, 64);
    insta::assert_snapshot!(ended.stderr, @r#"{"error":{"code":"usage","help":"did you mean `completions`? `interlock --help` lists the commands","message":"unrecognized subcommand 'completion'"}}"#);
}

#[test]
fn unreadable_input_ends_with_74() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("interlock.toml")).unwrap();
    let ended = interlock(&["serve", folder.path().to_str().unwrap()]);
    assert_eq!(ended.code, 74, "{}", ended.stderr);
    assert!(ended.stderr.contains("interlock.toml` cannot be read"), "{}", ended.stderr);
}

#[test]
fn a_usage_error_as_json_names_what_is_missing() {
    let ended = interlock(&["--json", "decide"]);
    assert_eq!(ended.code, 64);
    insta::assert_snapshot!(ended.stderr, @r#"{"error":{"code":"usage","help":"`interlock --help` lists the commands","message":"the following required arguments were not provided: --bundle <DIR>"}}"#);
}

#[test]
fn help_and_version_end_with_0_on_standard_output() {
    for arguments in [["--help"], ["--version"], ["version"]] {
        let ended = interlock(&arguments);
        assert_eq!((ended.code, ended.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(ended.stdout.to_lowercase().contains("interlock"));
    }
    let version = format!("{{\"version\":\"{}\"}}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(interlock(&["version", "--json"]).stdout, version);
}

#[test]
fn every_shell_gets_a_completion_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = interlock(&["completions", shell]);
        assert!(ended.code == 0 && ended.stdout.contains("interlock"), "{shell}");
    }
}

#[test]
fn colours_are_never_written_to_a_pipe_unless_asked_for() {
    assert!(!interlock(&["doctor"]).stdout.contains('\u{1b}'));
    assert!(interlock(&["doctor", "--color", "always"]).stdout.contains('\u{1b}'));
    assert!(!interlock(&["--help"]).stdout.contains('\u{1b}'));
    assert!(interlock(&["--help", "--color", "always"]).stdout.contains('\u{1b}'));
}
