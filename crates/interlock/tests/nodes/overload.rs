//! More asked of a whole node than it can decide: what can't be served in time is refused, and nobody pays for another.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::orders::{domain, is_closed, order, slow_disk};
use crate::support::{Client, Domain, Node, refusals, until};

/// Sessions of the workload that floods.
const FLOOD: usize = 32;

/// Longest wait for a refusal: `node::limits::REQUEST_WAIT_MS_MAX`, and as much again for a machine that is busy.
const REFUSED_WITHIN: Duration = Duration::from_secs(2);

fn read() -> Value {
    json!({"path": "reports/q3.txt"})
}

fn session(domain: &Domain, workload: &str) -> Client {
    let mut client = Client::join(&domain.socket(), workload, "office").unwrap();
    client.greet().unwrap();
    client.call("warm", "read_file", &read());
    client
}

fn is_refused(answer: &Value) -> bool {
    answer["error"]["data"]["code"] == "refused.overload"
}

/// Whether the kernel obeys nobody at the moment: it answers no question either.
fn is_held(domain: &Domain) -> bool {
    let ask = || -> std::io::Result<usize> {
        let mut stream = UnixStream::connect(domain.socket())?;
        stream.set_read_timeout(Some(Duration::from_millis(500)))?;
        stream.write_all(b"{\"type\":\"status\",\"v\":1}\n")?;
        stream.read(&mut [0; 16])
    };
    ask().is_err()
}

/// Somebody who asks alone holds the kernel while the disk is slow. The others wait for their turns, and are refused; once the
/// disk answers, who asked last is served.
#[test]
fn a_flood_is_refused_in_time_while_another_is_served_and_orders_act() {
    let domain = domain(&["first", "flood", "quiet", "halted"]);
    let node = Node::start(&domain.folder());
    let mut first = session(&domain, "first");
    let mut flood: Vec<Client> = (0..FLOOD).map(|_| session(&domain, "flood")).collect();
    let (mut quiet, mut halted) = (session(&domain, "quiet"), session(&domain, "halted"));
    let Some(mut slow) = slow_disk(&node) else { return };
    first.ask("1", "read_file", &read()).unwrap();
    until("the kernel to wait for the disk", || is_held(&domain).then_some(()));
    let deadline = Instant::now() + REFUSED_WITHIN;
    flood.iter_mut().for_each(|client| client.ask("1", "read_file", &read()).unwrap());
    for client in &mut flood {
        let answer = client.read().unwrap().unwrap();
        assert!(is_refused(&answer), "{answer}");
    }
    assert!(Instant::now() < deadline, "it took {REFUSED_WITHIN:?} and longer");
    let halt = std::thread::spawn({
        let folder = domain.folder();
        move || order(&folder, &["halt", "workload:halted"]).code
    });
    assert!(is_closed(&mut halted), "an order acts meanwhile");
    quiet.ask("1", "read_file", &read()).unwrap();
    kill_process(Pid::from_child(&slow), Signal::TERM).unwrap();
    slow.wait().unwrap();
    let answer = quiet.read().unwrap().unwrap();
    assert_eq!(answer["id"], "1");
    assert!(!is_refused(&answer), "it is decided: {answer}");
    assert!([Some(0), Some(75)].contains(&halt.join().unwrap()));
    assert!(node.stop().success());
    let counted = refusals(&domain.folder()).get("refused.overload").copied();
    assert!(counted >= u64::try_from(FLOOD).ok(), "{counted:?}");
}
