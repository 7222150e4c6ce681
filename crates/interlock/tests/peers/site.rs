use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::found::{prepared, succeeds};
use crate::support::{BINARY, run, until};

/// A domain with one server, and files for it, in a temporary folder that every OS user can reach.
pub(crate) struct Site {
    temporary: tempfile::TempDir,
    /// The program, where the client's user can start it.
    pub(crate) program: PathBuf,
}

/// The domain's one server.
pub(crate) struct Served<'a> {
    pub(crate) name: &'a str,
    pub(crate) script: &'a Path,
    /// Its argument; `FILES` stands for the folder of files.
    pub(crate) argument: &'a str,
    pub(crate) user: Option<u32>,
}

impl Site {
    /// Makes a domain whose workload `agent` is spoken for by `client`, or by this test's own user.
    pub(crate) fn new(client: Option<u32>, bundle: Option<&Path>, served: &Served<'_>) -> Site {
        let temporary = tempfile::tempdir().unwrap();
        open_to_all(temporary.path(), 0o755);
        let program = program(client, temporary.path());
        let site = Site { temporary, program };
        for folder in ["reports", "payroll"] {
            fs::create_dir_all(site.files().join(folder)).unwrap();
            open_to_all(&site.files().join(folder), 0o777);
        }
        let user = client.unwrap_or_else(|| rustix::process::geteuid().as_raw());
        let argument = served.argument.replace("FILES", &site.files().display().to_string());
        let server = format!("{}=node {} {argument}", served.name, served.script.display());
        let mut words = vec!["init".to_owned(), site.domain().display().to_string()];
        words.extend([
            "--workload".to_owned(),
            format!("agent={user}"),
            "--server".to_owned(),
            server,
        ]);
        words.extend(bundle.map(|bundle| format!("--bundle={}", bundle.display())));
        match served.user {
            Some(user) => words.extend(["--server-user".to_owned(), user.to_string()]),
            None => words.push("--danger-same-user".to_owned()),
        }
        let made = run(&words);
        assert_eq!(made.code, Some(0), "{}", made.stderr);
        site
    }

    /// The domain's folder.
    pub(crate) fn domain(&self) -> PathBuf {
        self.temporary.path().join("domain")
    }

    /// The folder that the server serves: `reports/` may be read, `payroll/` not written.
    pub(crate) fn files(&self) -> PathBuf {
        self.temporary.path().join("files")
    }

    /// A path for something that the test keeps.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.temporary.path().join(name)
    }

    /// Writes a report that may be read; its path.
    pub(crate) fn report(&self, name: &str, text: &str) -> String {
        let path = self.files().join("reports").join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    /// The process that serves the domain's socket, as the system knows it.
    pub(crate) fn node_pid(&self) -> i32 {
        let stream = UnixStream::connect(self.domain().join("node.sock")).unwrap();
        let peer = rustix::net::sockopt::socket_peercred(&stream).unwrap();
        peer.pid.as_raw_nonzero().get()
    }

    /// The server's process: the one child of its guard, which is the node's one child.
    pub(crate) fn server_pid(&self) -> i32 {
        let node = self.node_pid();
        let only = |parent: i32| match children(parent).as_slice() {
            [child] => Some(*child),
            _ => None,
        };
        until("the server's process", || only(only(node)?))
    }

    /// The bytes and the value of each record of the lineage log, by index.
    pub(crate) fn records(&self) -> Vec<(Vec<u8>, Value)> {
        let reader = ledger::Reader::open(&self.domain().join("lineage")).unwrap();
        let entries = reader.entries(0).unwrap();
        let records = entries.map(|entry| entry.unwrap().record);
        records.map(|record| (record.clone(), serde_json::from_slice(&record).unwrap())).collect()
    }
}

fn open_to_all(folder: &Path, mode: u32) {
    fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
}

/// The built program, or a copy of it where this user cannot reach the build's folder.
fn program(user: Option<u32>, folder: &Path) -> PathBuf {
    let built = PathBuf::from(BINARY);
    if succeeds(prepared(&built, user).arg("version")) {
        return built;
    }
    let copy = folder.join("interlock");
    fs::copy(&built, &copy).unwrap();
    open_to_all(&copy, 0o755);
    copy
}

/// The processes whose parent this is.
fn children(parent: i32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: i32) -> Option<i32> {
    // proc_pid_stat(5): `pid (name) state ppid ...`; the name may hold spaces and parentheses.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}
