//! The guard process between the node and one server: it starts the server, and ends every process
//! that the server starts.
//!
//! The node starts its own executable with the argument [`ARGUMENT`]. That process, the guard, is a
//! subreaper: processes that the server starts stay below the guard, also if they fork twice or
//! begin a session of their own. When the node orders it, when the node has ended, or when the
//! server has exited, the guard kills everything below it: at once if the machine has control
//! groups ([`ends_at_once`]). If a guard is killed itself, the processes that it leaves come to the
//! node, which ends them ([`adopt`]).
//!
//! The guard's standard input is a socket to the node, and its only connection to it. Orders and
//! the server's three pipes arrive on it, reports leave on it, and its end means that the node has
//! ended. Since the pipes are handed to the server, the guard carries no byte of a session.

mod cgroup;
mod message;
mod orphans;
mod tree;

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as Control;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use crate::ServerCommand;
use crate::limits::{GUARD_REPORT_MS_MAX, SERVER_PROCESSES_MAX, TERMINATE_MS_MAX};
use cgroup::Group;
pub(crate) use message::{GuardOrder, GuardReport, send};
pub use orphans::adopt;
pub(crate) use orphans::start_guard;

/// Whether all processes of a server are killed at once on this machine, and not one after the
/// other.
#[must_use]
pub fn ends_at_once() -> bool {
    cgroup::is_supported()
}

/// The argument with which a program must call [`run`] before anything else.
pub const ARGUMENT: &str = "guard";

/// The running program's own executable, even if another one is at its path by now.
pub const SELF: &str = "/proc/self/exe";

/// Guards one server until every process that it started has ended. Returns the exit code for this
/// process.
///
/// Call it in a process of its own, before any thread is started.
#[must_use]
pub fn run() -> u8 {
    match guard() {
        Ok(()) => 0,
        Err(why) => {
            eprintln!("interlock: a node starts this for a server; by hand it does nothing: {why}");
            64
        }
    }
}

/// Makes every descriptor except the standard streams close in the processes that this one starts.
/// Its parent may have left descriptors open that a server must not have: a shell's `9<file`, a
/// supervisor's sockets.
///
/// Call it before any thread is started.
pub fn close_descriptors_on_exec() {
    close_fds::set_fds_cloexec(FIRST_INHERITED, &[]);
}

/// The first descriptor after stdin, stdout and stderr.
const FIRST_INHERITED: i32 = 3;

fn guard() -> io::Result<()> {
    // A node of another build may not have closed them.
    close_descriptors_on_exec();
    let control = Control::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (server, pipes) = message::receive(&control)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        control.set_nonblocking(true)?;
        let mut control = UnixStream::from_std(control)?;
        let started = match confine().and_then(|()| Watch::new()) {
            Ok(watch) => start(&server, pipes).map(|started| (watch, started)),
            Err(why) => Err(why),
        };
        match started {
            Ok((mut watch, server)) => {
                // After the server has been started, since the server must not inherit these.
                tree::raise_limits();
                control.write_all(&GuardReport::Started(server.pid).encode()).await?;
                watch.until_end(server.pid, &mut control).await;
                end(&server, watch.exit, &control);
                Ok(())
            }
            Err(why) => {
                let code = why.raw_os_error().unwrap_or(rustix::io::Errno::INVAL.raw_os_error());
                control.write_all(&GuardReport::Failed(code).encode()).await
            }
        }
    })
}

/// A running server.
struct GuardedServer {
    pid: u32,
    group: Option<Group>,
}

/// Starts the server in a control group of its own, if there can be one. The guard leaves that
/// group, so that it is not killed with it.
fn start(server: &ServerCommand, pipes: message::Pipes) -> io::Result<GuardedServer> {
    let group = Group::enter();
    let started = server.spawn(pipes);
    let left = group.as_ref().map_or(Ok(()), Group::leave);
    if let (Err(_), Some(group)) = (&started, &group) {
        group.remove();
    }
    Ok(GuardedServer { pid: started?, group: group.filter(|_| left.is_ok()) })
}

/// Confines this process, and so the server and every process that it starts.
///
/// It has a session without a terminal. No descendant gets more rights by executing a program, so
/// that the guard can always kill it. No core files are written: they would hold what the server
/// was given, such as secrets.
fn confine() -> io::Result<()> {
    // The name is only for people.
    let _named = rustix::thread::set_name(c"interlock-guard");
    tree::check_proc()?;
    rustix::process::setsid()?;
    be_no_node()?;
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    rustix::thread::set_no_new_privs(true)?;
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none)?;
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Takes the priority of any other process, for good: the node's own may be higher, and so may what
/// it is allowed.
fn be_no_node() -> io::Result<()> {
    // This fails only where a system has no such set.
    let _none = rustix::thread::clear_ambient_capability_set();
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Nice, none)?;
    let this = rustix::thread::gettid();
    if rustix::process::getpriority_process(Some(this))? < 0 {
        rustix::process::setpriority_process(Some(this), 0)?;
    }
    Ok(())
}

/// The events that the guard waits for.
struct Watch {
    children: tokio::signal::unix::Signal,
    /// Signals that would end only the guard. They end the guarded processes too.
    signals: JoinSet<Option<()>>,
    /// The server's wait status.
    exit: Option<i32>,
}

impl Watch {
    fn new() -> io::Result<Self> {
        let mut signals = JoinSet::new();
        for kind in [
            SignalKind::terminate(),
            SignalKind::interrupt(),
            SignalKind::hangup(),
            SignalKind::quit(),
            SignalKind::alarm(),
            SignalKind::user_defined1(),
            SignalKind::user_defined2(),
        ] {
            let mut signal = signal(kind)?;
            signals.spawn(async move { signal.recv().await });
        }
        Ok(Self { children: signal(SignalKind::child())?, signals, exit: None })
    }

    /// Waits for the server's exit, the node's end, a signal, or the order to end.
    async fn until_end(&mut self, server: u32, control: &mut UnixStream) {
        let mut deadline = None;
        loop {
            let wait = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.children.recv() => {
                    tree::reap(server, &mut self.exit);
                    if self.exit.is_some() {
                        return;
                    }
                }
                order = control.read_u8() => {
                    if order.ok().and_then(GuardOrder::parse) != Some(GuardOrder::Terminate) {
                        return;
                    }
                    signal_group(server, Signal::TERM);
                    let wait = Duration::from_millis(TERMINATE_MS_MAX);
                    deadline = Some(tokio::time::Instant::now() + wait);
                }
                _ = self.signals.join_next() => return,
                () = wait => return,
            }
        }
    }
}

/// Sends a signal to the server's process group. The group exists at least until the server is
/// waited for.
fn signal_group(server: u32, signal: Signal) {
    if let Some(group) = i32::try_from(server).ok().and_then(Pid::from_raw) {
        // It may have gone already.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Stops and then kills everything below this process. Reports the server's exit status once all of
/// it has ended, or after [`GUARD_REPORT_MS_MAX`] if the operating system takes longer.
fn end(server: &GuardedServer, mut exit: Option<i32>, control: &UnixStream) {
    let is_killed = server.group.as_ref().is_some_and(Group::kill);
    if is_killed {
        tree::restore_priority();
    }
    if exit.is_none() {
        signal_group(server.pid, Signal::STOP);
    }
    let (began, none, mut sweep) = (Instant::now(), BTreeSet::new(), tree::Sweep::default());
    // Killed processes in the group end by themselves. A scan of all processes finds those that
    // were moved elsewhere, but it takes CPU time from the ones that are ending.
    let (mut scan_at, mut scan_again) = match is_killed {
        true => (began + SCAN_AGAIN, 2 * SCAN_AGAIN),
        false => (began, SCAN_AGAIN),
    };
    let late = Duration::from_millis(GUARD_REPORT_MS_MAX);
    let mut reported = false;
    let mut pause = Duration::from_micros(50);
    while tree::reap(server.pid, &mut exit) {
        if scan_at <= Instant::now() {
            sweep.stop_and_kill(&none);
            scan_at = Instant::now() + scan_again;
            if is_killed {
                scan_again = (2 * scan_again).min(SCAN_AGAIN_MAX);
            }
        }
        // Deeper descendants become children as their parents end.
        tree::kill_children();
        if !reported && began.elapsed() >= late {
            reported = report(control, exit);
        }
        if !tree::reap(server.pid, &mut exit) {
            break;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(5));
    }
    if let Some(group) = &server.group {
        group.remove();
    }
    if !reported {
        report(control, exit);
    }
}

/// The time between two scans of all processes while some are left.
const SCAN_AGAIN: Duration = Duration::from_millis(10);

/// The longest time between two scans if the kernel has killed a whole group.
const SCAN_AGAIN_MAX: Duration = Duration::from_secs(1);

/// Reports the server's exit status, if it has exited. Returns whether it has. A node that has
/// ended gets no report.
fn report(control: &UnixStream, exit: Option<i32>) -> bool {
    if let Some(status) = exit {
        let _ = control.try_write(&GuardReport::Exited(status).encode());
    }
    exit.is_some()
}

impl ServerCommand {
    /// Starts the server itself, as the guard's child. Returns its process id, which is also that
    /// of its process group.
    fn spawn(&self, [stdin, stdout, stderr]: message::Pipes) -> io::Result<u32> {
        use std::os::unix::process::CommandExt as _;
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.arguments).env_clear().envs(&self.environment);
        command.stdin(stdin).stdout(stdout).stderr(stderr).process_group(0);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
            bound_processes()?;
        }
        // The guard reaps all its children itself.
        command.spawn().map(|child| child.id())
    }
}

/// Bounds the processes and threads of a server's OS user. The node's own user is not bounded,
/// since it has other processes.
fn bound_processes() -> io::Result<()> {
    let most = Some(SERVER_PROCESSES_MAX);
    let now = rustix::process::getrlimit(Resource::Nproc);
    let lower = |limit: Option<u64>| limit.min(most).or(most);
    let bound = Rlimit { current: lower(now.current), maximum: lower(now.maximum) };
    Ok(rustix::process::setrlimit(Resource::Nproc, bound)?)
}
