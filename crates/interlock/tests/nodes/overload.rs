//! More asked of a whole node than it can decide: what can't be served in time is refused, and
//! nobody pays for another.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use node::limits::REQUEST_WAIT_MS_MAX;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::orders::{domain, is_closed, order, slow_calls};
use crate::support::{Client, Domain, Node, is_overload, refusals};

/// Sessions of the workload that floods.
const FLOOD: usize = 32;

/// Longest wait for a turn before the kernel.
const TURN_WITHIN: Duration = Duration::from_millis(REQUEST_WAIT_MS_MAX);

/// What each sync takes: the kernel is held for so long.
const HELD_SECONDS: u64 = 40;

/// A kernel that answers nothing for so long is taken for one that is held. Where it answers later
/// after all, the test knows.
const SILENT_FOR: Duration = Duration::from_secs(1);

/// How often the test tries to have the kernel held, and not the log's own thread.
const TRIES: usize = 20;

fn read() -> Value {
    json!({"path": "reports/q3.txt"})
}

fn session(domain: &Domain, workload: &str) -> Client {
    let mut client = Client::join(&domain.socket(), workload, "office").unwrap();
    client.greet().unwrap();
    client.call("warm", "read_file", &read());
    client
}

/// Asks all at once, and gives the answers with the time that all of them took.
fn ask_all(clients: &mut [Client], id: &str) -> (Vec<Value>, Duration) {
    let begun = Instant::now();
    clients.iter_mut().for_each(|client| client.ask(id, "read_file", &read()).unwrap());
    let answers = clients.iter_mut().map(|client| client.read().unwrap().unwrap()).collect();
    (answers, begun.elapsed())
}

/// A slow disk, and a kernel that waits for it.
struct Held {
    slow: Child,
    /// Says when the kernel answers the question that was put to it at the beginning.
    answered: Receiver<()>,
}

impl Held {
    /// Has `first` ask something over a slow disk. None where the kernel goes on meanwhile, as it
    /// does where the log's own thread is at the disk already: the disk is quick again then, and
    /// `first` has its answer.
    fn by(first: &mut Client, domain: &Domain, mut slow: Child) -> Option<Held> {
        first.ask("held", "read_file", &read()).unwrap();
        let mut stream = UnixStream::connect(domain.socket()).unwrap();
        stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: node\r\n\r\n").unwrap();
        let (tell, answered) = mpsc::channel();
        let pid = Pid::from_child(&slow);
        std::thread::spawn(move || {
            assert!(stream.read(&mut [0; 16]).unwrap() > 0);
            // Nobody who waits for the disk has to wait on: the test sees that the kernel is not
            // held.
            let _ended = kill_process(pid, Signal::TERM);
            let _gone = tell.send(());
        });
        match answered.recv_timeout(SILENT_FOR) {
            Err(RecvTimeoutError::Timeout) => Some(Held { slow, answered }),
            answered => {
                answered.unwrap();
                slow.wait().unwrap();
                first.read().unwrap().unwrap();
                None
            }
        }
    }

    /// Whether the kernel has answered nothing since.
    fn is_so_still(&self) -> bool {
        self.answered.try_recv().is_err()
    }

    /// The disk is as quick as before.
    fn end(mut self) {
        let _ended = kill_process(Pid::from_child(&self.slow), Signal::TERM);
        self.slow.wait().unwrap();
    }
}

/// How long the flood takes where all are served, of a node that is traced as it is while its disk
/// is slow.
fn usual_time(node: &Node, flood: &mut [Client]) -> Option<Duration> {
    let mut traced = slow_calls(node, "fdatasync,fsync", 0)?;
    let (_, took) = ask_all(flood, "usual");
    kill_process(Pid::from_child(&traced), Signal::TERM).unwrap();
    traced.wait().unwrap();
    Some(took)
}

/// Has the kernel held. None where no disk can be made slow here.
fn hold(node: &Node, domain: &Domain, first: &mut Client) -> Option<Held> {
    for _ in 0..TRIES {
        let slow = slow_calls(node, "fdatasync,fsync", HELD_SECONDS)?;
        if let Some(held) = Held::by(first, domain, slow) {
            return Some(held);
        }
    }
    panic!("the kernel is never held: {}", node.stderr());
}

/// Somebody who asks alone holds the kernel while the disk is slow. The others wait for their
/// turns, and are refused; once the disk answers, who asked last is served.
#[test]
fn flood_is_refused_while_others_are_served() {
    let domain = domain(&["first", "flood", "quiet", "halted"]);
    let node = Node::start(&domain.folder());
    let mut first = session(&domain, "first");
    let mut flood: Vec<Client> = (0..FLOOD).map(|_| session(&domain, "flood")).collect();
    let (mut quiet, mut halted) = (session(&domain, "quiet"), session(&domain, "halted"));
    let Some(usual) = usual_time(&node, &mut flood) else { return };
    let Some(held) = hold(&node, &domain, &mut first) else { return };
    let (answers, took) = ask_all(&mut flood, "flood");
    assert!(held.is_so_still(), "the kernel obeyed somebody: {usual:?} usually, {took:?} now");
    let served: Vec<&Value> = answers.iter().filter(|answer| !is_overload(answer)).collect();
    assert!(served.is_empty(), "in {took:?} while the kernel is held: {served:?}");
    // As much again for a machine that is busy, and as long as it shows to be for the flood itself.
    let longest = TURN_WITHIN * 2 + usual * 4;
    assert!(took < longest, "it took {took:?}, and {longest:?} is the most: {usual:?} usually");
    let halt = std::thread::spawn({
        let folder = domain.folder();
        move || order(&folder, &["halt", "workload:halted"]).code
    });
    assert!(is_closed(&mut halted), "an order acts meanwhile");
    assert!(held.is_so_still(), "the order waited for the kernel");
    let asked = Instant::now();
    quiet.ask("1", "read_file", &read()).unwrap();
    held.end();
    let answer = quiet.read().unwrap().unwrap();
    assert_eq!(answer["id"], "1");
    assert!(!is_overload(&answer) || asked.elapsed() >= TURN_WITHIN, "it is decided: {answer}");
    assert!([Some(0), Some(75)].contains(&halt.join().unwrap()));
    assert!(node.stop().success());
    let counted = refusals(&domain.folder()).get("refused.overload").copied();
    assert!(counted >= u64::try_from(FLOOD).ok(), "{counted:?}");
}
