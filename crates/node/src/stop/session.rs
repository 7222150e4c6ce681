//! A session as the stop switch knows it.

use std::future::Future;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use tokio::sync::watch;

use super::ending::ServerGuard;
use super::{ExecutionLine, StopSwitch};

/// Whether a session was cut, and why. Asked by the session before any byte is handed on, which
/// takes one atomic load.
#[derive(Debug)]
pub(crate) struct Cut {
    code: OnceLock<&'static str>,
    told: watch::Sender<bool>,
}

impl Default for Cut {
    fn default() -> Self {
        Self { code: OnceLock::new(), told: watch::Sender::new(false) }
    }
}

impl Cut {
    /// Cuts the session, for good: a halt that is lifted gives no session back.
    pub(super) fn cut(&self, code: &'static str) {
        if self.code.set(code).is_ok() {
            self.told.send_replace(true);
        }
    }

    /// Why it was cut, if it was.
    pub(crate) fn code(&self) -> Option<&'static str> {
        self.code.get().copied()
    }

    /// Resolves once it is cut.
    pub(crate) fn stopped(self: &Arc<Self>) -> impl Future<Output = &'static str> + Send + use<> {
        let (cut, mut told) = (Arc::clone(self), self.told.subscribe());
        async move {
            // The sender is there as long as the session is.
            let _told = told.wait_for(|is_cut| *is_cut).await;
            cut.code().unwrap_or("execution.halted")
        }
    }
}

/// A session in the registry.
pub(super) struct Live {
    pub(super) line: ExecutionLine,
    pub(super) cut: Arc<Cut>,
    server: Option<RunningServer>,
    /// Closed once the session is over.
    over: watch::Receiver<()>,
}

struct RunningServer {
    /// Its own process, by a descriptor that names no other once it is gone; none where the machine
    /// gave none.
    process: Option<OwnedFd>,
    guard: ServerGuard,
}

impl Live {
    pub(super) fn new(line: ExecutionLine, cut: Arc<Cut>, over: watch::Receiver<()>) -> Self {
        Self { line, cut, server: None, over }
    }

    /// What guards its server, or will.
    pub(super) fn guard(&self) -> ServerGuard {
        let begins = || ServerGuard::Begins(self.over.clone());
        self.server.as_ref().map_or_else(begins, |server| server.guard.clone())
    }

    /// Its server runs, as this process, and is guarded by that one.
    pub(super) fn started(&mut self, pid: u32, guard: Option<u32>) {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let process = pid.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        self.server = Some(RunningServer { process, guard: ServerGuard::of(guard) });
        if self.cut.code().is_some() {
            self.kill();
        }
    }

    /// Cuts the session. The server's own process is killed here and now: its guard ends what it
    /// started, and the session's task, when its thread gets to it, the rest.
    pub(super) fn cut(&self, code: &'static str) {
        self.cut.cut(code);
        self.kill();
    }

    fn kill(&self) {
        if let Some(RunningServer { process: Some(process), .. }) = &self.server {
            // One that is gone needs no signal.
            let _gone = pidfd_send_signal(process, Signal::KILL);
        }
    }
}

/// A session that was let in. It leaves the registry when this is dropped.
pub(crate) struct Admitted {
    switch: Arc<StopSwitch>,
    number: u64,
    pub(crate) cut: Arc<Cut>,
    /// Who waits for the session's end hears of it when this is dropped.
    _over: watch::Sender<()>,
}

impl Admitted {
    pub(super) fn new(
        switch: Arc<StopSwitch>,
        number: u64,
        cut: Arc<Cut>,
        over: watch::Sender<()>,
    ) -> Self {
        Self { switch, number, cut, _over: over }
    }

    /// Its server runs, as this process, and is guarded by that one.
    pub(crate) fn has_server(&self, pid: u32, guard: Option<u32>) {
        self.switch.has_server(self.number, pid, guard);
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.switch.leave(self.number);
    }
}
