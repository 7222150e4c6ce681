use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::limits::CLOCK_STEP_MS;
use kernel::snapshot::SnapshotBuilder;
use kernel::state::NodeState;
use kernel::step::{self, Effect, Input};
use ledger::{Disk, FileDisk, GroupCommit, Ledger};
use policy::Bundle;
use proof::note::Signer;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::authority::{GovernanceBlobs, records};
use crate::clock::{self, Clock};
use crate::driver::{Commands, Driver, DriverParts, Keeping, KernelHandle, halt};
use crate::fold::{Folded, GovernanceRecords, fold};
use crate::keeper::Keeper;
use crate::limits::{
    SESSIONS_ASSURED, SESSIONS_PER_USER_MAX, TICK_MS, WAITING_ASSURED, WAITING_NEWCOMERS,
    WAITING_PER_USER_MAX, WAITING_RESERVED,
};
use crate::marks::Mark;
use crate::notes::Notes;
use crate::officer::{self, Officers};
use crate::places::{PlaceBounds, Places};
use crate::session_threads::SessionThreads;
use crate::shared::{LastProbe, Reads, Shared, Streams, Way};
use crate::socket;
use crate::{
    Authority, Error, Options, Server, descriptors, keys, listeners, monitors, sealing, servers,
    whole,
};

/// A running node.
pub struct Running {
    kernel: KernelHandle,
    tasks: Vec<JoinHandle<()>>,
    session_threads: SessionThreads,
    /// Held while the sockets are to be there.
    sockets: std::sync::mpsc::Sender<()>,
    officers: Officers,
    thread: std::thread::JoinHandle<()>,
    mark: Mark,
}

/// Opens both logs, folds them, and serves the socket.
///
/// `log` gets lines for a person: what servers write to stderr, and why sessions ended.
///
/// # Errors
/// `server`, `keys`, `ledger`, `rollback`, `governance`, `replay` or `socket`: nothing has been
/// served then.
pub async fn start(options: Options, log: Notes) -> Result<Running, Error> {
    servers::check(&options)?;
    let budget = descriptors::raise()?;
    let own = listeners::OwnFolder::of(&options.folder)?;
    let authority = Authority::open(&options)?;
    tell_clock_behind("governance", authority.governance().at());
    tell_of_weak_points(&options, &authority, &log);
    let blobs = GovernanceBlobs::open(&options.governance_folder())?;
    let (agents_socket, agents) = listeners::bind(&options.socket, Way::Agents, None)?;
    let (officers_socket, officer) =
        listeners::bind(&options.officer_socket, Way::Officers, options.officers_group)?;
    let (kernel, commands) = KernelHandle::new(&options.node);
    let thread = {
        let (options, mailbox, blobs) = (options.clone(), kernel.clone(), Arc::clone(&blobs));
        start_driver(move || open(&options, mailbox, blobs), commands).await?
    };
    kernel.switch.govern(authority.governance().clone());
    let runtime = officer::runtime(&options)?;
    let officers = runtime.handle().ok_or_else(|| Error::peer(&"the node is stopping"))?;
    let mark = Mark::lineage(&options);
    keep_time(&kernel)?;
    let remembering = tokio::spawn(remember(mark.clone()));
    let session_threads = SessionThreads::new();
    let shared = Arc::new(Shared {
        options,
        kernel: kernel.clone(),
        authority: Mutex::new(authority),
        blobs,
        owing: tokio::sync::Notify::new(),
        under_way: Mutex::default(),
        sessions: Places::new(PlaceBounds {
            all: budget.sessions,
            per_user: SESSIONS_PER_USER_MAX,
            reserved: 0,
            assured: SESSIONS_ASSURED,
            newcomers: 0,
        }),
        session_threads: session_threads.clone(),
        officers,
        reads: Reads::default(),
        streams: Streams::default(),
        last_probe: LastProbe::default(),
        log,
    });
    let officers = Officers::start(runtime, officer, Arc::clone(&shared))?;
    let sockets = listeners::watch(own, vec![agents_socket, officers_socket], shared.log.clone())?;
    let agents = agents.register();
    let agents = agents.map_err(|why| Error::socket(&shared.options.socket, &why))?;
    let places = Places::new(PlaceBounds {
        all: budget.waiting,
        per_user: WAITING_PER_USER_MAX,
        reserved: WAITING_RESERVED.min(budget.waiting / 2),
        assured: WAITING_ASSURED,
        newcomers: WAITING_NEWCOMERS.min(budget.waiting / 4),
    });
    let serving = tokio::spawn(socket::serve(agents, shared, Way::Agents, places));
    let tasks = vec![remembering, serving];
    Ok(Running { kernel, tasks, session_threads, sockets, officers, thread, mark })
}

/// Tells the operator, at the start, which parts of the node's setup weaken it.
fn tell_of_weak_points(options: &Options, authority: &Authority, log: &Notes) {
    let own = rustix::process::geteuid().as_raw();
    for (name, server) in &options.servers {
        if servers::is_the_nodes_equal(server, own) {
            log.say(format_args!(
                "the server `{name}` runs as the node's own OS user (`danger_same_user`): it could read the node's keys \
                 and act in its place; its sessions are `cooperative`"
            ));
        }
    }
    if !options.servers.is_empty() && !mcp::guard::ends_at_once() {
        log.say(format_args!(
            "this machine gives the node no control groups (version 2): a stop ends what a server started one process \
             after the other, which takes long where it starts others without pause"
        ));
    }
    for workload in authority.governance().workloads() {
        let name = &workload.name;
        let who = match workload.os_user {
            0 => "root".to_owned(),
            user if user == own => "the node's own OS user".to_owned(),
            user => {
                let same = |server: &Server| server.user.is_some_and(|(uid, _)| uid == user);
                match options.servers.iter().find(|(_, server)| same(server)) {
                    Some((server, _)) => format!("the OS user of the server `{server}`"),
                    None => continue,
                }
            }
        };
        log.say(format_args!(
            "the workload `{name}` is {who}: it could go round the node; its sessions are `cooperative`"
        ));
    }
    let key = options.key_file("officer");
    if key.exists() {
        log.say(format_args!(
            "the officer's key lies beside the node (`{}`): whoever takes the node over signs as the officer; keep it \
             elsewhere, and sign with `--key`",
            key.display()
        ));
    }
}

impl Running {
    #[cfg(test)]
    pub(crate) fn kernel(&self) -> &KernelHandle {
        &self.kernel
    }

    /// Stops: no new session is served, open ones end, and what was sequenced is written and
    /// published.
    pub async fn stop(self) {
        drop(self.sockets);
        self.tasks.iter().for_each(JoinHandle::abort);
        let (kernel, thread) = (self.kernel, self.thread);
        let (officers, mark) = (self.officers, self.mark);
        let session_threads = self.session_threads;
        let ended = move || {
            // Before the kernel, which records how their open calls ended.
            session_threads.stop();
            kernel.stop();
            officers.stop();
            let _joined = thread.join();
            told(mark.remember());
        };
        let _ended = tokio::task::spawn_blocking(ended).await;
    }
}

/// Remembers the lineage log's published head, off the path of decisions.
async fn remember(mark: Mark) {
    let mut interval = tokio::time::interval(Duration::from_millis(TICK_MS));
    loop {
        interval.tick().await;
        let mark = mark.clone();
        let _ended = tokio::task::spawn_blocking(move || told(mark.remember())).await;
    }
}

/// A mark that lags behind lets an older copy pass, and does no harm else.
fn told(remembered: Result<(), Error>) {
    if let Err(why) = remembered {
        crate::say(format_args!("the lineage log's head was not remembered: {why}"));
    }
}

/// Starts the thread that ticks. It ends with the kernel.
fn keep_time(kernel: &KernelHandle) -> Result<(), Error> {
    let kernel = kernel.clone();
    let thread = std::thread::Builder::new().name("ticks".to_owned());
    let started = thread.spawn(move || kernel.keep_time());
    started.map(drop).map_err(|why| Error::replay(&why))
}

/// Starts the thread that decides: with the stack that deciding needs, whatever the main thread
/// has.
pub(crate) async fn start_driver<D: Disk>(
    open: impl FnOnce() -> Result<Driver<D>, Error> + Send + 'static,
    commands: Commands,
) -> Result<std::thread::JoinHandle<()>, Error> {
    let (ready, is_ready) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("kernel".to_owned())
        .stack_size(policy::limits::DECIDE_STACK_BYTES)
        .spawn(move || match open() {
            Ok(driver) => {
                let _gone = ready.send(Ok(()));
                driver.run(&commands);
            }
            Err(why) => {
                let _gone = ready.send(Err(why));
            }
        })
        .map_err(|why| Error::ledger("lineage", &why))?;
    is_ready.await.map_err(|why| Error::replay(&why))??;
    Ok(thread)
}

/// Says that a log has a later time than the clock: its records go on at that time until the clock
/// has come to it.
fn tell_clock_behind(log: &str, at: i64) {
    let behind_ms = at.saturating_sub(clock::wall_ms());
    if behind_ms >= CLOCK_STEP_MS {
        let seconds = behind_ms / 1_000;
        crate::say(format_args!(
            "the clock is {seconds} s behind the {log} log: one of them was wrong; see docs/book/explanation/clocks.md"
        ));
    }
}

/// Folds the lineage log, decision by decision, and goes on from it.
pub(crate) fn open(
    options: &Options,
    mailbox: KernelHandle,
    blobs: Arc<GovernanceBlobs>,
) -> Result<Driver<FileDisk>, Error> {
    let signer = keys::read(&options.folder, "lineage")?;
    let (key, origin) = (signer.verifier(), options.lineage_origin());
    let disk = FileDisk::open(&options.lineage_folder()).map_err(|why| lineage(&why))?;
    let (ledger, recovery) =
        Ledger::open(disk, Box::new(signer), &origin).map_err(|why| match why.is_locked() {
            true => Error::locked("lineage", &why),
            false => lineage(&why),
        })?;
    Mark::lineage(options).check(&key, &origin)?;
    whole::check(&options.lineage_folder(), "lineage", &key, &origin, &mailbox)?;
    if recovery.dropped_batch {
        crate::say(format_args!("an unfinished last write of the lineage log was dropped"));
    }
    let records = records(&options.governance_folder())?;
    let governance = GovernanceRecords { records: &records, blobs: &blobs };
    let folded = fold(options, &ledger, &key, governance)?;
    drive(options, ledger, folded, governance, mailbox)
}

/// Begins a new lineage log on a disk of its own.
pub(crate) fn begin<D: Disk>(
    options: &Options,
    disk: D,
    mailbox: KernelHandle,
    blobs: Arc<GovernanceBlobs>,
) -> Result<Driver<D>, Error> {
    let signer = Box::new(keys::read(&options.folder, "lineage")?);
    let ledger =
        Ledger::create(disk, signer, &options.lineage_origin()).map_err(|why| lineage(&why))?;
    let records = records(&options.governance_folder())?;
    let governance = GovernanceRecords { records: &records, blobs: &blobs };
    let state = NodeState::new(&options.node, &options.governance_origin());
    let folded =
        Folded { state, maker: SnapshotBuilder::default(), vault: sealing::vault(options)? };
    drive(options, ledger, folded, governance, mailbox)
}

/// Starts the log's threads and the kernel, which adopts what governance has beyond its state.
fn drive<D: Disk>(
    options: &Options,
    ledger: Ledger<D>,
    folded: Folded,
    governance: GovernanceRecords<'_>,
    mailbox: KernelHandle,
) -> Result<Driver<D>, Error> {
    let Folded { state, maker, vault } = folded;
    let keeping = Keeping::new(Keeper::start(ledger.snapshots())?, options.snapshot_records);
    let adopted = usize::try_from(state.governance().position().size).unwrap_or(usize::MAX);
    let interval = Duration::from_millis(options.publish_interval_ms);
    let log = GroupCommit::start(ledger, interval, |why| halt(&format!("the lineage log: {why}")))
        .map_err(|why| lineage(&why))?;
    let clock = Clock::start();
    tell_clock_behind("lineage", state.time(0));
    let (mut kernel, mut effects) = step::Kernel::start(state, clock.now());
    kernel.resume_snapshots(maker);
    let blobs = Arc::clone(governance.blobs);
    let records = governance.records.get(adopted..).unwrap_or_default().to_vec();
    effects.extend(kernel.step(clock.now(), Input::Governance { records, blobs }));
    monitors::build(kernel.state());
    say_servers_without_tools(options, kernel.state().bundle());
    let mut driver = Driver::new(DriverParts { kernel, vault, keeping, log, clock }, mailbox);
    effects.into_iter().for_each(|effect: Effect| driver.carry_out(effect));
    Ok(driver)
}

/// Says which servers have no tool that any agent is shown: the bundle knows a server by another
/// name, say.
fn say_servers_without_tools(options: &Options, bundle: &Bundle) {
    let known: BTreeSet<&str> = bundle.tools().map(|tool| tool.server).collect();
    for name in options.servers.keys().filter(|name| !known.contains(name.as_str())) {
        crate::say(format_args!(
            "the bundle `{}` has no tool of the server `{name}`: agents see none of its tools, and a call is `tool.unknown`; \
             name its tools in the bundle, or the server as the bundle does",
            bundle.name()
        ));
    }
}

fn lineage(why: &dyn std::fmt::Display) -> Error {
    Error::ledger("lineage", why)
}
