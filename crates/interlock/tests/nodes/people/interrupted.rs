//! What a command makes in steps is whole or gone after a signal.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::site::Site;
use crate::support::{BINARY, run, until};

/// Moments of a command's time at which it is interrupted.
const MOMENTS: u32 = 8;

fn spawn(words: &[&str]) -> Child {
    let mut command = Command::new(BINARY);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn interrupt(child: &Child, signal: Signal) {
    // One that has ended by itself cannot be interrupted.
    let _ended = kill_process(Pid::from_child(child), signal);
}

/// How it ended, and what it said on standard error.
fn ended(mut child: Child) -> (ExitStatus, String) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap(), said)
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The bytes of a backup of the site's domain.
fn backup(site: &Site) -> Vec<u8> {
    let file = site.path("whole.tar");
    site.interlock(&["backup", &site.domain(), &file]);
    fs::read(file).unwrap()
}

/// A restore that has unpacked the keys, and waits for the rest of the backup.
fn half_restored(bytes: &[u8], to: &Path) -> (Child, PathBuf) {
    let mut restoring = spawn(&["restore", "-", to.to_str().unwrap()]);
    let stdin = restoring.stdin.as_mut().unwrap();
    // The manifest is missing, so that it reads on.
    stdin.write_all(&bytes[..bytes.len() - 4_096]).unwrap();
    stdin.flush().unwrap();
    let above = to.parent().unwrap();
    let unpacked = until("keys that are unpacked", || {
        let names = entries(above).into_iter().find(|name| name.starts_with(".restoring-"));
        names.map(|name| above.join(name)).filter(|folder| folder.join("keys").exists())
    });
    (restoring, unpacked)
}

#[test]
fn an_interrupted_restore_leaves_no_keys() {
    let site = Site::new();
    let bytes = backup(&site);
    for (signal, number) in
        [(Signal::HUP, 1), (Signal::INT, 2), (Signal::QUIT, 3), (Signal::TERM, 15)]
    {
        let folder = tempfile::tempdir().unwrap();
        let (restoring, unpacked) = half_restored(&bytes, &folder.path().join("new"));
        interrupt(&restoring, signal);
        let (status, said) = ended(restoring);
        assert_eq!(status.code(), Some(128 + number), "{said}");
        assert!(said.contains(&format!("nothing is left of `{}`", unpacked.display())), "{said}");
        assert_eq!(entries(folder.path()), [""; 0]);
    }
}

#[test]
fn a_restore_that_was_killed_is_told_by_the_next() {
    let site = Site::new();
    let bytes = backup(&site);
    let folder = tempfile::tempdir().unwrap();
    let restore = |name: &str| {
        let to = folder.path().join(name);
        let ended = run(&["restore", &site.path("whole.tar"), to.to_str().unwrap()]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stderr
    };
    let (mut killed, left) = half_restored(&bytes, &folder.path().join("new"));
    // One that goes on is nobody's leaving.
    let beside = restore("a");
    assert!(!beside.contains("is left of a restore"), "{beside}");
    killed.kill().unwrap();
    assert_eq!(killed.wait().unwrap().signal(), Some(9));
    let (left, next) = (left.display(), restore("b"));
    let told = format!("`{left}` is left of a restore that was killed: it holds a domain's keys");
    assert!(next.contains(&told), "{next}");
}

#[test]
fn backup_and_restore_name_the_files_left_out() {
    let site = Site::new();
    let (folder, kept) = (site.domain.folder(), site.path("kept"));
    fs::write(&kept, "KEY=x\n").unwrap();
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
    let configuration = folder.join("interlock.toml");
    let text = fs::read_to_string(&configuration).unwrap();
    fs::write(&configuration, format!("{text}secrets = \"{kept}\"\n")).unwrap();
    let file = site.path("b.tar");
    let made = site.interlock(&["backup", &site.domain(), &file]);
    assert!(made.contains(&format!("servers.office.secrets: {kept}")), "{made}");
    assert!(made.contains(&format!("servers.office.command: {BINARY}")), "{made}");
    fs::remove_file(&kept).unwrap();
    let old = site.path("old");
    fs::rename(&folder, &old).unwrap();
    let restored = site.interlock(&["restore", &file, &site.domain()]);
    assert!(restored.contains("missing on this machine"), "{restored}");
    assert!(restored.contains(&format!("servers.office.secrets: {kept}")), "{restored}");
    assert!(!restored.contains("servers.office.command"), "{restored}");
    fs::write(&kept, "KEY=x\n").unwrap();
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o600)).unwrap();
    let restored = site.interlock(&["restore", &file, &site.domain(), "--yes"]);
    let aside = format!("what was in {0} is in {0}.before-restore", site.domain());
    assert!(restored.contains(&aside) && !restored.contains("missing"), "{restored}");
}

/// Interrupts a command at moments of the time that it takes, in a new folder each time.
fn at_any_moment(words: &dyn Fn(&Path) -> Vec<String>, check: &dyn Fn(&Path, &str)) {
    let run = |after: Option<Duration>| {
        let folder = tempfile::tempdir().unwrap();
        let words = words(folder.path());
        let began = Instant::now();
        let child = spawn(&words.iter().map(String::as_str).collect::<Vec<_>>());
        if let Some(after) = after {
            // A moment of the command's time, not a wait for something.
            std::thread::sleep(after);
            interrupt(&child, Signal::INT);
        }
        let (status, said) = ended(child);
        let took = began.elapsed();
        assert!(after.is_some() || status.success(), "{said}");
        check(folder.path(), &said);
        took
    };
    let whole = run(None);
    for moment in 0..MOMENTS {
        run(Some(whole * moment / MOMENTS));
    }
}

#[test]
fn an_interrupted_init_leaves_a_whole_domain_or_none() {
    for is_there in [false, true] {
        let words = |folder: &Path| {
            let domain = folder.join("office");
            if is_there {
                fs::create_dir(&domain).unwrap();
                fs::write(domain.join("mine"), "x").unwrap();
            }
            ["init", domain.to_str().unwrap()].map(str::to_owned).to_vec()
        };
        at_any_moment(&words, &|folder, said| {
            let domain = folder.join("office");
            let expected: &[&str] = if is_there { &["mine"] } else { &[] };
            let found = if domain.exists() { entries(&domain) } else { Vec::new() };
            if found != expected {
                let verified = run(&["log", "verify", domain.to_str().unwrap()]);
                assert_eq!(verified.code, Some(0), "{found:?}: {said}{}", verified.stderr);
            }
        });
    }
}

#[test]
fn an_interrupted_measurement_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let measuring = spawn(&["bench", "start", "--folder", folder.path().to_str().unwrap()]);
    until("a domain to be measured", || (entries(folder.path()) != [""; 0]).then_some(()));
    interrupt(&measuring, Signal::INT);
    let (status, said) = ended(measuring);
    assert_eq!(status.code(), Some(130), "{said}");
    assert_eq!(entries(folder.path()), [""; 0], "{said}");
}

#[test]
fn an_interrupted_backup_is_whole_or_gone() {
    let site = Site::new();
    let words = |folder: &Path| {
        let file = folder.join("backup.tar");
        ["backup", &site.domain(), file.to_str().unwrap()].map(str::to_owned).to_vec()
    };
    at_any_moment(&words, &|folder, said| {
        if entries(folder) != [""; 0] {
            let (file, to) = (folder.join("backup.tar"), folder.join("new"));
            let restored = run(&["restore", file.to_str().unwrap(), to.to_str().unwrap()]);
            assert_eq!(restored.code, Some(0), "{said}{}", restored.stderr);
        }
    });
}

#[test]
fn interrupted_proposal_is_never_half_written() {
    let site = Site::new();
    let words = |folder: &Path| {
        let (bundle, out) = (site.path("bundle"), folder.join("p.json").display().to_string());
        ["propose", &site.domain(), "--out", &out, "bundle", &bundle].map(str::to_owned).to_vec()
    };
    at_any_moment(&words, &|folder, said| {
        let found = entries(folder);
        assert!([0, 2].contains(&found.len()), "{found:?}: {said}");
    });
}

#[test]
fn an_interrupted_receipt_is_whole_or_not_there() {
    let site = Site::new();
    let words = |folder: &Path| {
        let (domain, out) = (site.domain(), folder.join("r").display().to_string());
        ["receipt", &domain, "0", "--log", "governance", "--out", &out].map(str::to_owned).to_vec()
    };
    at_any_moment(&words, &|folder, said| {
        let found = entries(folder);
        if found != [""; 0] {
            assert_eq!(found, ["r"], "{said}");
            let text = fs::read_to_string(folder.join("r")).unwrap();
            assert!(text.ends_with('\n') && text.contains("governance"), "{text}");
        }
    });
}

#[test]
fn an_interrupted_demo_leaves_nothing() {
    for (signal, number, is_there) in [(Signal::INT, 2, false), (Signal::HUP, 1, true)] {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("demo");
        if is_there {
            fs::create_dir(&folder).unwrap();
        }
        let child = spawn(&["demo", "--exit", "--dir", folder.to_str().unwrap()]);
        until("the node of the demo", || folder.join("node.sock").exists().then_some(()));
        interrupt(&child, signal);
        let (status, said) = ended(child);
        assert_eq!(status.code(), Some(128 + number), "{said}");
        assert!(said.contains("interrupted: nothing is left of"), "{said}");
        assert_eq!(folder.exists(), is_there, "{said}");
        assert!(!is_there || entries(&folder) == [""; 0], "{said}");
    }
}
