use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use super::*;

const LEAST: &str = "[domain]\nname = \"acme.example\"\n\n[node]\nname = \"node-1\"\n";

fn domain(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE), text).unwrap();
    set(&folder.path().join(FILE), 0o644);
    folder
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// The error's text, without the folder's name.
fn error_text(folder: &tempfile::TempDir) -> String {
    let failure = load(folder.path()).unwrap_err();
    assert_eq!(failure.exit(), Exit::Config);
    failure
        .to_text(crate::output::Paint::Plain)
        .replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn the_least_configuration_has_defaults_for_the_rest() {
    let folder = domain(LEAST);
    let options = load(folder.path()).unwrap();
    assert_eq!((options.domain.as_str(), options.node.as_str()), ("acme.example", "node-1"));
    assert_eq!(options.socket, folder.path().join("node.sock"));
    assert_eq!((options.publish_interval_ms, options.servers.len()), (250, 0));
    assert_eq!(options.snapshot_records, 10_000);
}

#[test]
fn a_full_configuration_is_read_whole() {
    let text = format!(
        "{LEAST}socket = \"/run/x.sock\"\npublish_interval_ms = 1_000\nsnapshot_records = 100\n\n[servers.files]\n\
         command = [\"server\", \"/srv\"]\nuser = \"0\"\ndirectory = \"work\"\nenv = {{ PATH = \"/bin\" }}\n\
         secrets = \"files.secrets\"\ndeadline_ms = 1_500\n"
    );
    let folder = domain(&text);
    let secrets = folder.path().join("files.secrets");
    fs::write(&secrets, "# a comment\n\nTOKEN=a=b c\n").unwrap();
    set(&secrets, 0o600);
    let options = load(folder.path()).unwrap();
    let server = options.servers.get("files").unwrap();
    assert_eq!(
        (options.publish_interval_ms, options.snapshot_records, options.socket),
        (1_000, 100, PathBuf::from("/run/x.sock"))
    );
    assert_eq!(server.command, ["server", "/srv"]);
    assert_eq!(server.deadline_ms, 1_500);
    assert_eq!(
        (server.user, server.directory.clone()),
        (Some((0, 0)), Some(folder.path().join("work")))
    );
    let environment: Vec<(&str, &str)> =
        server.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(environment, [("PATH", "/bin"), ("TOKEN", "a=b c")]);
}

#[test]
fn unknown_key_is_named_with_line_and_nearest_key() {
    insta::assert_snapshot!(error_text(&domain(&format!("{LEAST}sockt = \"x\"\n"))), @r"
    error: `interlock.toml:6` cannot be used
      why:  the key `node.sockt` is not known
      help: did you mean `socket`?
    ");
    insta::assert_snapshot!(error_text(&domain(&format!("{LEAST}\n[server.files]\ncommand = [\"x\"]\n"))), @r"
    error: `interlock.toml:7` cannot be used
      why:  the key `server` is not known
      help: did you mean `servers`?
    ");
    insta::assert_snapshot!(error_text(&domain(&format!("{LEAST}\n[servers.files]\ncommand = [\"x\"]\nzzz = 1\n"))), @r"
    error: `interlock.toml:9` cannot be used
      why:  the key `servers.files.zzz` is not known
      help: known here: command, danger_same_user, deadline_ms, directory, env, secrets, user
    ");
}

#[test]
fn missing_keys_and_wrong_types_are_named() {
    insta::assert_snapshot!(error_text(&domain("[domain]\nname = \"a\"\n")), @r"
    error: `interlock.toml` cannot be used
      why:  `node` is missing
    ");
    insta::assert_snapshot!(error_text(&domain("[domain]\nname = 7\n[node]\nname = \"n\"\n")), @r"
    error: `interlock.toml:2` cannot be used
      why:  `domain.name`: it is a integer, and a string is needed
    ");
    insta::assert_snapshot!(error_text(&domain("[domain]\nname = \"a b\"\n[node]\nname = \"n\"\n")), @r"
    error: `interlock.toml:2` cannot be used
      why:  `domain.name` is no name: a name is 1 to 64 letters, digits, `.`, `-` or `_`
    ");
    insta::assert_snapshot!(error_text(&domain(&format!("{LEAST}publish_interval_ms = 5\n"))), @r"
    error: `interlock.toml:4` cannot be used
      why:  `node.publish_interval_ms`: it is 5, and must be from 100 to 1000: 100 is nearest
    ");
    insta::assert_snapshot!(error_text(&domain(&format!("{LEAST}snapshot_records = 1000001\n"))), @r"
    error: `interlock.toml:4` cannot be used
      why:  `node.snapshot_records`: it is 1000001, and must be from 100 to 1000000: 1000000 is nearest
    ");
    insta::assert_snapshot!(error_text(&domain(&format!("{LEAST}[servers.files]\nuser = \"no-such-user\"\ncommand = [\"x\"]\n"))), @r"
    error: `interlock.toml:6` cannot be used
      why:  `servers.files.user`: there is no OS user `no-such-user`
      help: give the name of an entry in /etc/passwd, or a uid
    ");
    insta::assert_snapshot!(error_text(&domain(&format!("{LEAST}[servers.files]\ncommand = []\n"))), @r"
    error: `interlock.toml:6` cannot be used
      why:  `servers.files.command`: it names no program
    ");
    insta::assert_snapshot!(error_text(&domain("[domain\n")), @r"
    error: `interlock.toml:1` cannot be used
      why:  unclosed table, expected `]`
    ");
}

#[test]
fn a_deadline_has_a_default_and_bounds() {
    let text = |more: &str| format!("{LEAST}\n[servers.files]\ncommand = [\"x\"]\n{more}");
    let read = |more: &str| load(domain(&text(more)).path()).unwrap().servers["files"].deadline_ms;
    assert_eq!(read(""), 600_000);
    assert_eq!((read("deadline_ms = 100\n"), read("deadline_ms = 86400000\n")), (100, 86_400_000));
    insta::assert_snapshot!(error_text(&domain(&text("deadline_ms = 0\n"))), @r"
    error: `interlock.toml:7` cannot be used
      why:  `servers.files.deadline_ms`: it is 0, and must be from 100 to 86400000: 100 is nearest
    ");
    insta::assert_snapshot!(error_text(&domain(&text("deadline_ms = 86400001\n"))), @r"
    error: `interlock.toml:7` cannot be used
      why:  `servers.files.deadline_ms`: it is 86400001, and must be from 100 to 86400000: 86400000 is nearest
    ");
}

#[test]
fn loose_permissions_are_refused() {
    let folder = domain(LEAST);
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    set(&keys, 0o750);
    insta::assert_snapshot!(error_text(&folder).replace(&folder.path().display().to_string(), ""), @r"
    error: `keys` has loose permissions
      why:  others can read or write it (mode 750)
      help: `chmod go= keys`
    ");
    set(&keys, 0o700);
    fs::write(keys.join("officer.skey"), "x").unwrap();
    set(&keys.join("officer.skey"), 0o644);
    assert!(error_text(&folder).starts_with("error: `keys/officer.skey` has loose permissions\n"));
    set(&keys.join("officer.skey"), 0o600);
    assert!(load(folder.path()).is_ok());
    set(&folder.path().join(FILE), 0o666);
    assert!(error_text(&folder).starts_with("error: `interlock.toml` has loose permissions\n"));
}

#[test]
fn refused_secrets_are_never_printed() {
    let folder = domain(&format!("{LEAST}[servers.files]\ncommand = [\"x\"]\nsecrets = \"s\"\n"));
    let path = folder.path().join("s");
    fs::write(&path, "TOKEN=hunter2\n").unwrap();
    set(&path, 0o640);
    insta::assert_snapshot!(error_text(&folder), @r"
    error: `interlock.toml:6` cannot be used
      why:  `servers.files.secrets`: `s` has loose permissions: others can read or write it (mode 640)
      help: `chmod go= s`
    ");
    set(&path, 0o600);
    for text in ["hunter2\n", "1A=hunter2\n", "A=hunter2\nA=x\n", "A B=hunter2\n"] {
        fs::write(&path, text).unwrap();
        let text = error_text(&folder);
        assert!(text.contains("is no secret") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_folder_without_configuration_is_no_domain() {
    let folder = tempfile::tempdir().unwrap();
    let failure = load(folder.path()).unwrap_err();
    assert_eq!(failure.exit(), Exit::NoInput);
}

#[test]
fn too_deep_nesting_is_refused_in_every_spelling() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(60_000), close.repeat(60_000));
    let keys = vec!["a"; 60_000].join(".");
    for text in [
        format!("a = {}", deep("[", "]")),
        format!("a = {}", deep("{a = ", "}")),
        format!("a = {}", deep("[ # ]\n", "]")),
        format!("{keys} = 1"),
        format!("[{keys}]\nb = 1"),
    ] {
        let folder = domain(&format!("{LEAST}{text}"));
        assert_eq!(load(folder.path()).unwrap_err().exit(), Exit::Config);
    }
}

#[test]
fn the_ends_of_each_number_type_are_read_or_refused() {
    for number in include_str!("../../../../fuzz/seeds/numbers.txt").lines() {
        for key in ["publish_interval_ms", "snapshot_records"] {
            let folder = domain(&format!("{LEAST}{key} = {number}\n"));
            let _ = load(folder.path()).is_ok();
        }
    }
}
