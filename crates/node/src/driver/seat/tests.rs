use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use kernel::step::{Answer, Ticket};
use policy::limits::DECIDE_STACK_BYTES;
use record::governance::{Change, Proposal, SignedProposal, Subject};
use record::lineage::Completion;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::held::{Gate, HeldDisk};
use crate::direct::{Direct, DirectThread};
use crate::fixture::{USER, agent, options, ping, small_bundle};
use crate::limits::{QUICK_COMMIT_US, REQUEST_WAIT_MS_MAX};
use crate::session_threads::SessionThreads;
use crate::{Options, clock, domain, keys};

const WAIT_FOR_ANSWER: Duration = Duration::from_secs(10);

struct Site {
    _folder: TempDir,
    options: Options,
    gate: Gate,
    node: Direct,
    thread: DirectThread,
    execution: String,
}

/// A node whose disk can be held up, with one execution.
fn site() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    domain::init(&options, &small_bundle(), vec![agent()]).unwrap();
    let gate = Gate::default();
    let disk = HeldDisk::new(&gate);
    let (node, thread) = block_on(Direct::over(&options, disk)).unwrap();
    let execution = block_on(node.join("agent", USER)).unwrap().unwrap();
    Site { _folder: folder, options, gate, node, thread, execution }
}

impl Site {
    fn stop(self) {
        block_on(self.node.stop(self.thread));
    }
}

/// On this thread, and on no other.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn on_a_thread_with<T: Send>(stack_bytes: usize, run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(stack_bytes);
        builder.spawn_scoped(scope, run).unwrap().join().unwrap()
    })
}

fn permitted(answer: Option<(Ticket, Answer)>) -> Ticket {
    match answer {
        Some((ticket, Answer::Permit { .. })) => ticket,
        other => panic!("it should be permitted: {other:?}"),
    }
}

/// Has somebody ask and complete, so often, and tells by whose thread the decisions were committed.
fn committed_by(site: &Site, times: usize) -> Vec<Option<ThreadId>> {
    let one = || {
        let ticket = permitted(block_on(site.node.request(&site.execution, ping())));
        let by = site.gate.last();
        let end = site.node.complete(ticket, Completion::Result, b"{}".to_vec(), None);
        assert!(block_on(end));
        by
    };
    (0..times).map(|_| one()).collect()
}

#[test]
fn a_caller_that_is_alone_commits_on_its_own_thread() {
    let site = site();
    let (own, by) =
        on_a_thread_with(DECIDE_STACK_BYTES, || (thread::current().id(), committed_by(&site, 200)));
    // A machine that stalls for a moment has the kernel's thread do it once, and a loaded one
    // stalls often.
    let here = by.iter().filter(|by| **by == Some(own)).count();
    assert!(here >= 20, "only {here} of 200");
    site.stop();
}

#[test]
fn a_caller_with_a_small_stack_leaves_it_to_the_kernels_thread() {
    let site = site();
    // Also where a request could be read, and would find too little once it is decided.
    for stack_bytes in [DECIDE_STACK_BYTES / 8, DECIDE_STACK_BYTES / 3] {
        let run = || (thread::current().id(), committed_by(&site, 50));
        let (own, by) = on_a_thread_with(stack_bytes, run);
        assert!(by.iter().all(|by| by.is_some() && *by != Some(own)));
    }
    site.stop();
}

/// Has this thread ask while its syncs are held up for a while. Whether it waited for the disk
/// itself.
fn commits_slowly(site: &Site) -> bool {
    let own = thread::current().id();
    site.gate.hold_of(own);
    thread::scope(|scope| {
        let holding = scope.spawn(|| {
            let waits = site.gate.await_waiting_of(own);
            // A disk that takes its time: nothing else tells that it does.
            thread::sleep(Duration::from_micros(3 * QUICK_COMMIT_US));
            site.gate.let_go();
            waits
        });
        committed_by(site, 1);
        site.gate.let_go();
        holding.join().unwrap()
    })
}

#[test]
fn after_a_slow_commit_the_kernels_thread_waits_for_the_disk() {
    let site = site();
    let (own, by) = on_a_thread_with(DECIDE_STACK_BYTES, || {
        // Now and then the writer thread has the ledger just then, and commits it.
        while !commits_slowly(&site) {}
        (thread::current().id(), committed_by(&site, 50))
    });
    let next = by[0];
    assert!(next.is_some());
    assert_ne!(next, Some(own), "the one after the slow one");
    assert!(by.iter().skip(1).any(|by| *by == Some(own)), "and one after a quick one");
    site.stop();
}

fn halt(options: &Options) -> SignedProposal {
    let based_on = domain::governance(options).unwrap().position();
    let subject = Subject::Workload("agent".into());
    let change = Change::HaltOrdered { subject };
    let expires_ms = clock::wall_ms() + 60_000;
    let officer = keys::read(&options.folder, "officer").unwrap();
    Proposal { based_on, expires_ms, change }.sign(&officer).unwrap()
}

/// The caller holds the kernel while it waits for the disk. The order is obeyed as soon as the disk
/// answers, and before the caller has its permit.
#[test]
fn an_order_during_a_callers_sync_comes_before_its_answer() {
    let site = site();
    let order = halt(&site.options);
    site.gate.hold();
    let answer = thread::scope(|scope| {
        let asking = thread::Builder::new()
            .stack_size(DECIDE_STACK_BYTES)
            .spawn_scoped(scope, || block_on(site.node.request(&site.execution, ping())))
            .unwrap();
        site.gate.await_waiting();
        let ordering = scope.spawn(|| block_on(site.node.kernel().reduce(order.clone())));
        // It is in the inbox, or obeyed already where the kernel's thread waits for the disk.
        while !site.node.kernel().inbox.has_order() && !ordering.is_finished() {
            thread::yield_now();
        }
        site.gate.let_go();
        assert_eq!(ordering.join().unwrap(), Some(Ok(true)));
        asking.join().unwrap()
    });
    match answer {
        Some((_, Answer::Deny { code, .. })) => assert_eq!(code, "execution.halted"),
        other => panic!("a halted execution gets no permit: {other:?}"),
    }
    site.stop();
}

#[test]
fn a_stopped_kernel_leaves_no_caller_waiting() {
    let site = site();
    let (node, execution) = (site.node.clone(), site.execution.clone());
    let ended = node.kernel().ended();
    site.stop();
    block_on(async {
        tokio::time::timeout(WAIT_FOR_ANSWER, ended).await.unwrap();
        assert!(node.request(&execution, ping()).await.is_none());
        assert!(node.kernel().status(true).await.is_none());
    });
}

/// Callers that ask together share the disk, whoever holds the kernel: each gets one answer of its
/// own.
#[test]
fn many_callers_at_once_are_all_answered() {
    let site = site();
    let (callers, rounds) = (8, 50);
    let indices = thread::scope(|scope| {
        let ask = || {
            let one = |_| match block_on(site.node.request(&site.execution, ping())) {
                Some((ticket, Answer::Permit { index })) => {
                    let end = site.node.complete(ticket, Completion::Result, b"{}".to_vec(), None);
                    assert!(block_on(end));
                    index
                }
                other => panic!("it should be permitted: {other:?}"),
            };
            (0..rounds).map(one).collect::<Vec<_>>()
        };
        let asking: Vec<_> = (0..callers)
            .map(|number| {
                let stack_bytes = DECIDE_STACK_BYTES / (1 + 7 * (number % 2));
                thread::Builder::new().stack_size(stack_bytes).spawn_scoped(scope, ask).unwrap()
            })
            .collect();
        asking.into_iter().flat_map(|caller| caller.join().unwrap()).collect::<Vec<_>>()
    });
    let different: std::collections::BTreeSet<_> = indices.iter().collect();
    assert_eq!(different.len(), callers * rounds);
    site.stop();
}

/// Lets go of the disk, also where a test fails.
struct LetsGo<'a>(&'a Gate);

impl Drop for LetsGo<'_> {
    fn drop(&mut self) {
        self.0.let_go();
    }
}

/// Whether somebody who asks holds the kernel, as the disk is held up, while this runs.
fn while_the_kernel_waits(site: &Site, run: impl FnOnce()) -> bool {
    let (tell, told) = mpsc::channel();
    let (go, gone) = mpsc::channel();
    thread::scope(|scope| {
        let ask = move || {
            tell.send(thread::current().id()).unwrap();
            gone.recv().unwrap();
            let _lets_go = LetsGo(&site.gate);
            // Perhaps withheld, as its record waited for long.
            assert!(block_on(site.node.request(&site.execution, ping())).is_some());
        };
        let thread = thread::Builder::new().stack_size(DECIDE_STACK_BYTES);
        thread.spawn_scoped(scope, ask).unwrap();
        let asking = told.recv().unwrap();
        site.gate.hold_of(asking);
        let _lets_go = LetsGo(&site.gate);
        go.send(()).unwrap();
        // Now and then the writer thread has the ledger just then, and commits it.
        let waits = site.gate.await_waiting_of(asking);
        if waits {
            run();
        }
        waits
    })
}

/// The kernel waits for the disk and obeys nobody. Who asks meanwhile is not left waiting with it.
#[test]
fn a_caller_is_refused_while_the_kernel_waits_for_the_disk() {
    let site = site();
    let ticks = site.node.kernel().clone();
    let timing = thread::spawn(move || ticks.keep_time());
    let in_time = Duration::from_millis(REQUEST_WAIT_MS_MAX);
    let is_refused = || {
        let begun = Instant::now();
        let answer = block_on(site.node.request(&site.execution, ping()));
        let took = begun.elapsed();
        assert!(matches!(answer, Some((_, Answer::Refused { code: "refused.overload" }))));
        assert!((in_time..10 * in_time).contains(&took), "it took {took:?}");
    };
    while !while_the_kernel_waits(&site, is_refused) {}
    permitted(block_on(site.node.request(&site.execution, ping())));
    site.stop();
    timing.join().unwrap();
}

/// A socket that a workload's thread serves: it answers each byte once `then` has been awaited.
fn served<F: Future<Output = ()> + Send>(
    threads: &SessionThreads,
    workload: &str,
    then: impl Fn() -> F + Send + 'static,
) -> UnixStream {
    let (own, other) = UnixStream::pair().unwrap();
    own.set_read_timeout(Some(WAIT_FOR_ANSWER)).unwrap();
    other.set_nonblocking(true).unwrap();
    let served = threads.run(&workload.into(), other, |other| async move {
        let mut other = tokio::net::UnixStream::from_std(other).unwrap();
        while let Ok(byte) = other.read_u8().await {
            then().await;
            other.write_u8(byte).await.unwrap();
        }
    });
    served.expect("this test needs threads");
    own
}

fn is_answered(socket: &mut UnixStream) -> bool {
    socket.write_all(b"x").unwrap();
    socket.read_exact(&mut [0]).is_ok()
}

#[test]
fn others_are_served_while_a_caller_waits_for_the_disk() {
    let site = site();
    let threads = SessionThreads::new();
    let (tell, told) = mpsc::channel();
    let (node, gate, execution) = (site.node.clone(), site.gate.clone(), site.execution.clone());
    let mut asks = served(&threads, "agent", move || {
        let (node, gate, execution) = (node.clone(), gate.clone(), execution.clone());
        gate.hold_of(thread::current().id());
        tell.send(thread::current().id()).unwrap();
        async move {
            assert!(node.request(&execution, ping()).await.is_some());
            gate.let_go();
        }
    });
    let mut other = served(&threads, "other", || std::future::ready(()));
    assert!(is_answered(&mut other));
    let mut held = 0;
    // Now and then the writer thread has the ledger just then, and after a slow commit the kernel's
    // thread waits.
    while held < 10 {
        let _lets_go = LetsGo(&site.gate);
        asks.write_all(b"x").unwrap();
        if site.gate.await_waiting_of(told.recv().unwrap()) {
            assert!(is_answered(&mut other), "nobody looks after the sockets");
            held += 1;
        }
        site.gate.let_go();
        asks.read_exact(&mut [0]).unwrap();
    }
    threads.stop();
    site.stop();
}
