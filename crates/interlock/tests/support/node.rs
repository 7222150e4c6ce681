use std::fs::File;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use super::BINARY;
use super::queued::Took;

/// How long a node has to end in order, and what it says where it does not.
const END_WITHIN: Duration = Duration::from_millis(4_500);
const LATE: &str = "it did not end in order in time, and ends now";

/// A running `interlock serve`. It is killed when dropped.
pub(crate) struct Node {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: File,
}

impl Node {
    /// Starts the node of a domain's folder, and waits until it serves.
    pub(crate) fn start(folder: &Path) -> Node {
        let mut node = Node::spawn(folder);
        assert!(node.serves(), "the node did not start: {}", node.stderr());
        node
    }

    /// Starts a node by this command, and waits until it serves.
    pub(crate) fn start_by(command: &mut Command) -> Node {
        let mut node = Node::spawn_by(command);
        assert!(node.serves(), "the node did not start: {}", node.stderr());
        node
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Starts the node of a domain's folder.
    pub(crate) fn spawn(folder: &Path) -> Node {
        Node::spawn_by(Command::new(BINARY).arg("serve").arg(folder))
    }

    /// Starts the node so that no file of its grows beyond so many bytes: its disk is full from
    /// there on, until [`Node::give_room`].
    pub(crate) fn start_cramped(folder: &Path, file_bytes: u64) -> Node {
        let script = r#"trap "" XFSZ; ulimit -S -f "$1"; exec "$2" serve "$3""#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh", &(file_bytes / 512).to_string(), BINARY]).arg(folder);
        let mut node = Node::spawn_by(&mut shell);
        assert!(node.serves(), "the node did not start: {}", node.stderr());
        node
    }

    /// Starts the node with so many file descriptors, and no way to have more.
    pub(crate) fn start_with_descriptors(folder: &Path, descriptors: u64) -> Node {
        let script = r#"ulimit -n "$1"; exec "$2" serve "$3""#;
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh", &descriptors.to_string(), BINARY]).arg(folder);
        let mut node = Node::spawn_by(&mut shell);
        assert!(node.serves(), "the node did not start: {}", node.stderr());
        node
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lets its files grow again.
    pub(crate) fn give_room(&self) {
        let pid = Some(Pid::from_child(&self.child));
        let limit = rustix::process::Rlimit { current: None, maximum: None };
        rustix::process::prlimit(pid, rustix::process::Resource::Fsize, limit).unwrap();
    }

    fn spawn_by(command: &mut Command) -> Node {
        let stderr = tempfile::tempfile().unwrap();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().unwrap())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Node { child, stdout, stderr }
    }

    /// Waits until it serves. False where it ended before.
    pub(crate) fn serves(&mut self) -> bool {
        let mut line = String::new();
        self.stdout.read_line(&mut line).is_ok() && line.starts_with("serving ")
    }

    /// Starts the node of a domain's folder, which must refuse to serve: its exit code, and what it
    /// says.
    pub(crate) fn refuses(folder: &Path) -> (Option<i32>, String) {
        let mut node = Node::spawn(folder);
        assert!(!node.serves(), "it serves");
        let status = node.child.wait().unwrap();
        (status.code(), node.stderr())
    }

    /// What it has written to standard error.
    pub(crate) fn stderr(&self) -> String {
        read_all(&self.stderr)
    }

    /// What it has written to standard error, also once it has ended.
    pub(crate) fn stderr_file(&self) -> impl Fn() -> String + use<> {
        let file = self.stderr.try_clone().unwrap();
        move || read_all(&file)
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// `kill -9`. Returns once it is gone; true where it was the kill that ended it.
    pub(crate) fn kill(&mut self) -> bool {
        // One that has ended by itself cannot be killed.
        let _ended = self.child.kill();
        self.child.wait().unwrap().signal() == Some(Signal::KILL.as_raw())
    }

    /// Asks it to stop in order, and waits for its end.
    ///
    /// A node that got no core for half the time that it has is told and taken for one that stopped
    /// in order. One that ends late for any other reason is not: a thread that waits for a disk, a
    /// lock or an event waits for no core.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let took = Took::to_end(&mut self.child, Signal::TERM);
        if took.status.success() {
            return took.status;
        }
        println!("the node stopped: {took:?}: {}", self.stderr());
        let is_late =
            took.status.code() == Some(1) && self.stderr().lines().any(|line| line.ends_with(LATE));
        match is_late && took.queued >= END_WITHIN / 2 {
            true => ExitStatus::default(),
            false => took.status,
        }
    }
}

fn read_all(file: &File) -> String {
    let bytes = file.metadata().unwrap().len();
    let mut bytes = vec![0; usize::try_from(bytes).unwrap()];
    file.read_exact_at(&mut bytes, 0).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}
