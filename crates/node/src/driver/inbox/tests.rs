use std::time::Duration;

use kernel::Prepared;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::*;
use crate::fixture::ping;
use crate::limits::{
    JOIN_WAIT_MS_MAX, JOINS_MAX, JOINS_PER_USER_MAX, LARGE_BYTES_IN_FLIGHT_MAX, LARGE_BYTES_MIN,
    REQUEST_WAIT_MS_MAX, REQUESTS_BYTES_MAX, REQUESTS_PER_JOIN, REQUESTS_PER_WORKLOAD_BYTES_MAX,
    REQUESTS_PER_WORKLOAD_MAX,
};

type Reply = oneshot::Receiver<Answered>;

fn request(of: &str, bytes: usize) -> (Command, Reply) {
    let (reply, answer) = oneshot::channel();
    let mut transition = ping();
    transition.message = vec![b' '; bytes];
    let transition = Box::new(Prepared::from(transition));
    let (workload, execution) = (of.into(), of.to_owned());
    (Command::Request { workload, execution, transition, reply }, answer)
}

fn push(inbox: &Inbox, of: &str, bytes: usize) -> Reply {
    let (command, answer) = request(of, bytes);
    inbox.push(command);
    answer
}

fn join(inbox: &Inbox, os_user: u32) -> oneshot::Receiver<Result<String, &'static str>> {
    let (reply, joined) = oneshot::channel();
    let joining = Joining { workload: "agent".into(), os_user, execution: None, reply };
    inbox.push(Command::Join(joining));
    joined
}

/// Whether it was refused; false where it waits.
fn is_refused(answer: &mut Reply) -> bool {
    match answer.try_recv() {
        Ok(Answered { answer: Answer::Refused { code }, .. }) => code == OVERLOAD,
        Ok(_) => panic!("nothing was obeyed"),
        Err(why) => {
            assert_eq!(why, TryRecvError::Empty);
            false
        }
    }
}

fn obeyed(inbox: &Inbox) -> Vec<Command> {
    std::iter::from_fn(|| inbox.next()).map(|(command, _)| command).collect()
}

#[test]
fn orders_are_obeyed_before_what_agents_ask() {
    let (inbox, _commands) = Inbox::new();
    let _answer = push(&inbox, "agent", 1);
    inbox.push(Command::Tick);
    inbox.push_order(Command::Durable { size: 1 });
    inbox.push_order(Command::Durable { size: 2 });
    assert!(matches!(
        obeyed(&inbox)[..],
        [
            Command::Durable { size: 1 },
            Command::Durable { size: 2 },
            Command::Tick,
            Command::Request { .. }
        ]
    ));
}

#[test]
fn the_kernels_own_waits_once_and_goes_before_sessions() {
    let (inbox, _commands) = Inbox::new();
    let _answer = push(&inbox, "agent", 1);
    for size in [3, 9, 4] {
        inbox.push(Command::Durable { size });
        inbox.push(Command::Tick);
        inbox.push(Command::KeepUp);
    }
    assert_eq!(inbox.len(), 4);
    assert!(matches!(
        obeyed(&inbox)[..],
        [Command::Durable { size: 9 }, Command::Tick, Command::KeepUp, Command::Request { .. }]
    ));
}

#[test]
fn joins_come_last_and_are_not_kept_out() {
    let (inbox, _commands) = Inbox::new();
    let _joined = join(&inbox, 1);
    let _answers: Vec<Reply> = (0..2 * REQUESTS_PER_JOIN).map(|_| push(&inbox, "a", 1)).collect();
    let obeyed = obeyed(&inbox);
    let at = obeyed.iter().position(|one| matches!(one, Command::Join(_)));
    assert_eq!(at, Some(REQUESTS_PER_JOIN));
}

#[test]
fn a_workload_that_asks_for_too_much_is_refused_and_no_other() {
    let (inbox, _commands) = Inbox::new();
    let mut flood: Vec<Reply> =
        (0..REQUESTS_PER_WORKLOAD_MAX).map(|_| push(&inbox, "flood", 1)).collect();
    assert!(is_refused(&mut push(&inbox, "flood", 1)));
    assert!(!inbox.takes(&"flood".into(), 1), "before anything of it is read");
    assert!(!flood.iter_mut().any(is_refused));
    assert!(!is_refused(&mut push(&inbox, "quiet", 1)));
    assert_eq!(inbox.take_refusals(), [(OVERLOAD, 1)].into());
}

#[test]
fn bytes_of_a_workload_that_wait_are_bounded() {
    let (inbox, _commands) = Inbox::new();
    let mut first = push(&inbox, "large", REQUESTS_PER_WORKLOAD_BYTES_MAX - 10);
    assert!(is_refused(&mut push(&inbox, "large", 11)));
    let mut second = push(&inbox, "large", 10);
    assert!(!is_refused(&mut first) && !is_refused(&mut second));
}

#[test]
fn where_all_are_too_many_the_one_with_most_is_refused() {
    let (inbox, _commands) = Inbox::new();
    let share = REQUESTS_PER_WORKLOAD_BYTES_MAX;
    let full = REQUESTS_BYTES_MAX / share;
    let mut large: Vec<Reply> =
        (0..full).map(|number| push(&inbox, &format!("large-{number}"), share)).collect();
    let mut quiet = push(&inbox, "quiet", 100);
    let refused = large.iter_mut().map(is_refused).filter(|is_refused| *is_refused).count();
    assert_eq!(refused, 1, "one of those who have most");
    let mut larger = push(&inbox, "larger", share + 1);
    assert!(is_refused(&mut larger) && !is_refused(&mut quiet));
}

/// By the clock of the inbox, which nobody can set: it is waited for.
#[test]
fn late_requests_are_refused_and_late_ends_are_not() {
    let (inbox, _commands) = Inbox::new();
    let began = Instant::now();
    let (reply, mut settled) = oneshot::channel();
    let end = (record::lineage::Completion::Result, Vec::new(), None);
    inbox.push(Command::Outcome { workload: "agent".into(), ticket: 1, end, reply });
    let (mut answer, mut joined) = (push(&inbox, "agent", 1), join(&inbox, 1));
    let late_at = inbox.refuse_late().unwrap();
    assert!(late_at >= began + Duration::from_millis(REQUEST_WAIT_MS_MAX));
    assert!(!is_refused(&mut answer));
    assert!(inbox.wait_until(late_at));
    let next = inbox.refuse_late().unwrap();
    assert!(is_refused(&mut answer));
    assert!(next >= began + Duration::from_millis(JOIN_WAIT_MS_MAX), "the join waits longer");
    assert_eq!(joined.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(settled.try_recv(), Err(TryRecvError::Empty));
    assert!(matches!(obeyed(&inbox)[..], [Command::Outcome { .. }, Command::Join(_)]));
}

#[test]
fn a_request_that_is_late_in_its_turn_is_not_decided() {
    let (inbox, _commands) = Inbox::new();
    let mut answer = push(&inbox, "agent", 1);
    let late_at = Instant::now() + Duration::from_millis(REQUEST_WAIT_MS_MAX);
    assert!(inbox.wait_until(late_at));
    assert!(is_refused(&mut push(&inbox, "agent", 1)), "nor does another wait behind it");
    assert!(!is_refused(&mut push(&inbox, "another", 1)));
    assert_eq!(obeyed(&inbox).len(), 1);
    assert!(is_refused(&mut answer));
}

#[test]
fn too_many_joins_of_one_user_are_refused_and_no_others() {
    let (inbox, _commands) = Inbox::new();
    let _joined: Vec<_> = (0..JOINS_PER_USER_MAX).map(|_| join(&inbox, 1)).collect();
    assert_eq!(join(&inbox, 1).try_recv(), Ok(Err(OVERLOAD)));
    assert_eq!(join(&inbox, 2).try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn sessions_that_begin_are_bounded_over_all_users() {
    let (inbox, _commands) = Inbox::new();
    let users = u32::try_from(JOINS_MAX / JOINS_PER_USER_MAX).unwrap();
    let each = (0..users).flat_map(|user| std::iter::repeat_n(user, JOINS_PER_USER_MAX));
    let _joined: Vec<_> = each.map(|user| join(&inbox, user)).collect();
    assert_eq!(join(&inbox, users).try_recv(), Ok(Err(OVERLOAD)));
}

#[test]
fn closing_the_inbox_wakes_the_timer() {
    let (inbox, _commands) = Inbox::new();
    let far = Instant::now() + Duration::from_secs(1_000);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| inbox.wait_until(far));
        inbox.close();
        assert!(!waiting.join().unwrap());
    });
}

#[test]
fn only_large_messages_wait_for_large_ones_at_the_disk() {
    let (inbox, commands) = Inbox::new();
    let (large, _answer) = request("writer", LARGE_BYTES_MIN);
    assert!(inbox.is_next(&large));
    inbox.set_large_in_flight(LARGE_BYTES_IN_FLIGHT_MAX);
    assert!(!inbox.is_next(&large));
    inbox.push(large);
    let _small = push(&inbox, "reader", LARGE_BYTES_MIN - 1);
    let workloads = |obeyed: Vec<Command>| -> Vec<String> {
        obeyed.iter().map(|command| command.of().to_string()).collect()
    };
    assert_eq!(workloads(obeyed(&inbox)), ["reader"]);
    assert_eq!(inbox.len(), 0, "nobody is woken for it");
    inbox.set_large_in_flight(LARGE_BYTES_IN_FLIGHT_MAX - LARGE_BYTES_MIN);
    assert_eq!(workloads(obeyed(&inbox)), ["writer"], "there is room for it");
    inbox.set_large_in_flight(1);
    let _larger = push(&inbox, "writer", LARGE_BYTES_IN_FLIGHT_MAX);
    assert_eq!(workloads(obeyed(&inbox)), [""; 0]);
    inbox.set_large_in_flight(0);
    assert_eq!(workloads(obeyed(&inbox)), ["writer"], "one alone may have any size");

    inbox.set_large_in_flight(LARGE_BYTES_IN_FLIGHT_MAX);
    let _last = push(&inbox, "writer", LARGE_BYTES_MIN);
    inbox.close();
    assert!(commands.wait(), "what waits is obeyed before the end");
    assert_eq!(workloads(obeyed(&inbox)), ["writer"]);
    assert!(!commands.wait());
}
