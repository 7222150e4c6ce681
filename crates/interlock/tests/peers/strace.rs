use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::until;
use crate::trace::{self, Call};

/// Every way in which bytes can come in through a descriptor.
const READS: &str = "trace=read,readv,pread64,preadv,preadv2,recvfrom,recvmsg,recvmmsg,splice,tee,copy_file_range,io_uring_enter";

/// `strace`, attached to a process and all its threads.
pub(crate) struct Strace {
    child: Child,
    written: PathBuf,
}

impl Strace {
    /// Attaches, and waits until every thread is traced.
    pub(crate) fn attach_reads(pid: i32, written: &Path) -> Strace {
        let stderr = File::create(written.with_extension("stderr")).unwrap();
        let mut command = Command::new("strace");
        command.args(["-f", "-y", "-xx", "-s", "1000000", "-e", READS, "-o"]).arg(written);
        command.args(["-p", &pid.to_string()]).stdin(Stdio::null()).stderr(stderr);
        let child = command.spawn().unwrap();
        until("every thread to be traced", || is_traced(pid).then_some(()));
        Strace { child, written: written.to_owned() }
    }

    /// Detaches; the calls that were seen.
    pub(crate) fn finish(mut self) -> Vec<Call> {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        self.child.wait().unwrap();
        trace::parse(&std::fs::read_to_string(&self.written).unwrap()).unwrap()
    }
}

impl Drop for Strace {
    fn drop(&mut self) {
        // One that has ended by itself cannot be killed.
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

fn is_traced(pid: i32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let statuses =
        threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("status")));
    let untraced = |status: &str| status.lines().any(|line| line == "TracerPid:\t0");
    statuses.flatten().all(|status| !untraced(&status))
}

/// Whether a process has a ring through which it could read without a system call for each.
pub(crate) fn has_a_ring(pid: i32) -> bool {
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
    let files = descriptors.filter_map(|descriptor| std::fs::read_link(descriptor.path()).ok());
    files.into_iter().any(|file| file.to_string_lossy().contains("io_uring"))
}
