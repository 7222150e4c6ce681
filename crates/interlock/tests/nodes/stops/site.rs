//! A domain that three officers govern two by two, with a node, its disk, and servers that note
//! what reaches them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::Setting;
use crate::bad_input::SmallDisk;
use crate::support::{Domain, Ended, Node, run, until};

const OFFICERS: [&str; 3] = ["alice", "bob", "carol"];
/// Descriptors of a node that is short of them.
const FEW_DESCRIPTORS: u64 = 256;
/// MiB of a disk that gets full: both logs' write-ahead files, and room for no third one. In a long
/// run it gets full again and again, and what is published stays.
const DISK_MIB: (u64, u64) = (44, 1_000);

pub(super) struct Site {
    pub(super) domain: Domain,
    pub(super) node: Node,
    around: tempfile::TempDir,
    disk: Option<SmallDisk>,
}

impl Site {
    /// None, and the reason printed, where something is missing that the setting needs.
    pub(super) fn start(setting: Setting, is_deep: bool) -> Option<Site> {
        let around = tempfile::tempdir().unwrap();
        let (place, disk) = match setting {
            Setting::FullDisk => {
                match SmallDisk::new(if is_deep { DISK_MIB.1 } else { DISK_MIB.0 }) {
                    Ok(disk) => (disk.place(), Some(disk)),
                    Err(why) => {
                        eprintln!("skipped: {why}");
                        return None;
                    }
                }
            }
            _ => (tempfile::tempdir().unwrap(), None),
        };
        fs::create_dir(around.path().join("journal")).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/stops/server.py");
        let noting = format!(
            "/usr/bin/env python3 {} {}/journal",
            script.display(),
            around.path().display()
        );
        let deaf = format!("{noting} deaf");
        let servers = [("noting", noting.as_str()), ("deaf", deaf.as_str())];
        let bundle = bundle(around.path(), setting);
        let domain = Domain::within(place, &bundle, &["agent", "rogue"], &servers);
        // Strangers are to reach the socket.
        let open = PermissionsExt::from_mode(0o755);
        fs::set_permissions(domain.around(), open).unwrap();
        let node = match setting {
            Setting::Descriptors => Node::start_with_descriptors(&domain.folder(), FEW_DESCRIPTORS),
            _ => Node::start(&domain.folder()),
        };
        let site = Site { domain, node, around, disk };
        site.hand_over();
        Some(site)
    }

    /// From the one officer of `init` to three.
    fn hand_over(&self) {
        let mut roles = String::new();
        for name in OFFICERS {
            fs::create_dir(self.path(name)).unwrap();
            let key = run(&["key", &self.key(name), "--name", &format!("office/{name}")]);
            fs::write(self.path(&format!("{name}.vkey")), key.stdout).unwrap();
        }
        let keys = OFFICERS.map(|name| format!("\"{name}.vkey\"")).join(", ");
        for role in ["root", "policy", "registrar", "trust"] {
            roles += &format!("[roles.{role}]\nthreshold = 2\nkeys = [{keys}]\n");
        }
        fs::write(self.path("roles.toml"), roles).unwrap();
        let first = self.domain.folder().join("keys/officer.skey").display().to_string();
        let keys = [first, self.key("alice"), self.key("carol")];
        let roles = self.path("roles.toml").display().to_string();
        let done = self.change("handover", &["roles", &roles], &keys);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
    }

    /// Proposes, has each of these keys sign, and publishes.
    fn change(&self, name: &str, what: &[&str], keys: &[String]) -> Ended {
        let (domain, file) = (self.folder(), self.path(name).display().to_string());
        // One that was not published may lie there.
        let _none = fs::remove_file(&file);
        let proposed = run(&[&["propose", &domain, "--out", &file], what].concat());
        assert_eq!(proposed.code, Some(0), "{}", proposed.stderr);
        for key in keys {
            let signed = run(&["sign", &file, "--key", key, "--domain", &domain, "--yes"]);
            assert_eq!(signed.code, Some(0), "{}", signed.stderr);
        }
        run(&["publish", &file, &domain])
    }

    /// Has two of three officers lift the halt of a subject.
    pub(super) fn lift(&self, subject: &str) {
        let keys = [self.key("alice"), self.key("bob")];
        let mut told = String::new();
        let lifted = || {
            let ended = self.change("lift", &["lift", subject], &keys);
            told = ended.stderr;
            (ended.code == Some(0)).then_some(())
        };
        until("the lift to be on record", lifted);
    }

    /// The command by which one officer halts a subject.
    pub(super) fn halt(&self, subject: &str) -> Ended {
        run(&["halt", &self.folder(), subject, "--key", &self.key("carol")])
    }

    /// Has two of three officers end an execution: what comes next has no labels.
    pub(super) fn end(&self, execution: &str) {
        let keys = [self.key("alice"), self.key("bob")];
        let ended = self.change("end", &["end", execution], &keys);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    }

    /// How many halts of each subject are in the governance log.
    pub(super) fn halts_on_record(&self) -> BTreeMap<String, usize> {
        let shown = run(&["log", "show", &self.folder(), "--log", "governance", "--json"]);
        let mut halts = BTreeMap::new();
        for line in shown.stdout.lines() {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            if entry["record"]["type"] == "halt.ordered" {
                let subject = &entry["record"]["content"]["subject"];
                let [kind, id] = ["kind", "id"].map(|name| subject[name].as_str().unwrap());
                let subject = if id.is_empty() { kind.to_owned() } else { format!("{kind}:{id}") };
                *halts.entry(subject).or_default() += 1;
            }
        }
        halts
    }

    /// When a server last got a byte, in nanoseconds since 1970: this one, or any where none is
    /// named.
    pub(super) fn last_byte_ns(&self, server: Option<&str>) -> u128 {
        let files = fs::read_dir(self.around.path().join("journal")).unwrap().flatten();
        let files = files.filter(|file| server.is_none_or(|name| file.file_name() == *name));
        let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
        let last = |text: String| text.lines().last()?.split(' ').next()?.parse().ok();
        texts.filter_map(last).max().unwrap_or_default()
    }

    /// The ids of all calls that reached a server. The journal begins anew.
    pub(super) fn take_journal(&self, ids: &mut Vec<String>) {
        for file in fs::read_dir(self.around.path().join("journal")).unwrap().flatten() {
            let text = fs::read_to_string(file.path()).unwrap();
            let named = text.lines().filter_map(|line| line.split_once(' '));
            ids.extend(named.map(|(_, id)| id.to_owned()).filter(|id| id != "-"));
            fs::remove_file(file.path()).unwrap();
        }
    }

    pub(super) fn folder(&self) -> String {
        self.domain.folder().display().to_string()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.around.path().join(name)
    }

    fn key(&self, name: &str) -> String {
        self.path(name).join("officer.skey").display().to_string()
    }

    /// Takes what is left of the disk.
    pub(super) fn fill_disk(&self) -> Option<PathBuf> {
        self.disk.as_ref().map(SmallDisk::fill)
    }
}

/// The bundle that other tests use, under the newest version of the decider. Where memory is to be
/// used up, under the first: that one keeps the texts of calls whole.
fn bundle(around: &Path, setting: Setting) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle");
    let bundle = around.join("bundle");
    fs::create_dir_all(bundle.join("policies")).unwrap();
    for file in ["bundle.toml", "entities.json", "schema.cedarschema", "policies/small.dw"] {
        let text = fs::read_to_string(from.join(file)).unwrap();
        let text = text.replace("[tools.\"probe/note\"]", "[tools.\"noting/note\"]");
        let newest = "semantics = 4\n";
        let text = match setting {
            Setting::Memory => text,
            _ => text.replace("semantics = 1\n", newest),
        };
        fs::write(bundle.join(file), text).unwrap();
    }
    bundle
}

/// Holds up each sync of the node's disk. It lets go of the node when it is dropped.
pub(super) struct Slow(Child);

impl Slow {
    /// None where no `strace` is there or may be used.
    pub(super) fn start(node: &Node, delay_us: u64) -> Option<Slow> {
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=fdatasync,fsync"]);
        strace.args(["-e", &format!("inject=fdatasync,fsync:delay_enter={delay_us}")]);
        strace.args(["-p", &node.id().to_string()]).stderr(Stdio::null());
        let Ok(strace) = strace.spawn() else {
            eprintln!("skipped: no strace");
            return None;
        };
        let mut slow = Slow(strace);
        let is_traced = until("every thread of the node to be traced", || {
            let ended = slow.0.try_wait().unwrap().is_some();
            let traced = every_thread_is_traced(node.id());
            (ended || traced).then_some(traced)
        });
        if !is_traced {
            eprintln!("skipped: strace may not attach");
        }
        is_traced.then_some(slow)
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        // One that has ended by itself cannot be signalled.
        let _ended = kill_process(Pid::from_child(&self.0), Signal::TERM);
        let _waited = self.0.wait();
    }
}

fn every_thread_is_traced(pid: u32) -> bool {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let statuses = threads.flat_map(|thread| fs::read_to_string(thread.path().join("status")));
    statuses.into_iter().all(|status| !status.contains("TracerPid:\t0\n"))
}
