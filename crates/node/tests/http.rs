//! `/v1` on a running node's Unix sockets, as a client of any kind meets it.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use api::execution::ExecutionPage;
use api::governance::{Governance, Halts, PROGRESS_TYPE, ProposalReply};
use api::node::{Health, Status};
use api::problem::{CONTENT_TYPE, Code, Problem, Retry};
use api::record::{RecordDetail, RecordPage};
use api::route::{Method, ROUTES};
use node::Options;
use node::limits::{
    BODY_MS_MAX, CONNECTION_MS_MAX, HEAD_BYTES_MAX, HEAD_MS_MAX, ORDER_BYTES_MAX,
    STREAMS_PER_USER_MAX,
};
use record::governance::{Change, Proposal, Subject};
use serde::de::DeserializeOwned;

#[cfg(test)]
use site::served;

#[cfg(test)]
#[path = "support/served.rs"]
mod site;

/// A reply, with its head in lower case.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

#[cfg(test)]
impl Answer {
    fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: bytes[end + 4..].to_vec() }
    }

    #[track_caller]
    fn json<T: DeserializeOwned>(&self) -> T {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {text}"))
    }

    #[track_caller]
    fn problem(&self) -> Problem {
        assert!(self.head.contains(CONTENT_TYPE), "{}", self.head);
        let problem: Problem = self.json();
        assert_eq!(problem.status, self.status);
        problem
    }
}

#[cfg(test)]
fn connect(socket: &Path) -> UnixStream {
    let stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
    stream
}

#[cfg(test)]
fn get(socket: &Path, path: &str) -> Answer {
    let mut stream = connect(socket);
    write!(stream, "GET {path} HTTP/1.1\r\nhost: node\r\n\r\n").unwrap();
    Answer::read(&mut stream)
}

#[cfg(test)]
fn post(socket: &Path, path: &str, body: &str) -> Answer {
    let mut stream = connect(socket);
    let length = body.len();
    write!(stream, "POST {path} HTTP/1.1\r\nhost: node\r\ncontent-length: {length}\r\n\r\n{body}")
        .unwrap();
    Answer::read(&mut stream)
}

/// Runs what waits for a socket, aside from the runtime that serves it.
#[cfg(test)]
async fn aside<T: Send + 'static>(act: impl FnOnce(Options) -> T + Send + 'static) -> T {
    let served = served(|_| ()).await;
    let options = served.options.clone();
    let done = tokio::task::spawn_blocking(move || act(options)).await.unwrap();
    served.running.stop().await;
    done
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn status_is_the_same_on_both_sockets() {
    aside(|options| {
        let over = [&options.socket, &options.officer_socket].map(|socket| {
            let answer = get(socket, "/v1/status");
            assert_eq!(answer.status, 200);
            answer.json::<Status>()
        });
        assert_eq!(over[0], over[1]);
        assert_eq!((over[0].node.as_str(), over[0].is_verified), ("node-1", true));
        assert_eq!(over[0].reductions, Some(vec![]), "the node's own user is told");
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_that_reads_is_served() {
    aside(|options| {
        for route in ROUTES.iter().filter(|route| route.method == Method::Get) {
            if route.operation == "events" {
                continue;
            }
            let path = route.path.replace("{index}", "0").replace("{execution}", "e0");
            let answer = get(&options.officer_socket, &path);
            if answer.status != 200 {
                let code = answer.problem().code;
                assert!(route.codes.contains(&code), "{path}: {code}");
                assert!(code == Code::NotFound || code == Code::NotPublished, "{path}: {code}");
            }
        }
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_puts_a_probe_on_record_at_most_once_in_a_while() {
    aside(|options| {
        let records = || get(&options.officer_socket, "/v1/status").json::<Status>().records;
        let before = records();
        let health: Health = get(&options.socket, "/health").json();
        assert!(health.is_healthy && health.committed_ago_ms < 5_000);
        let once = records();
        assert!(once > before);
        assert_eq!(get(&options.socket, "/health").status, 200);
        assert_eq!(records(), once);
        let last = get(&options.socket, &format!("/v1/records/{}", once - 1));
        let record: RecordDetail = last.json();
        let kind = record.record.0.get("type").and_then(proof::json::Value::as_str);
        assert_eq!(kind, Some("input.refused"));
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_come_by_page_and_by_filter() {
    aside(|options| {
        let page = |query: &str| {
            get(&options.socket, &format!("/v1/records?{query}")).json::<RecordPage>()
        };
        assert_eq!(get(&options.socket, "/health").status, 200);
        let all = page("");
        assert_eq!((all.next, all.records.len() as u64), (None, all.size));
        let first = page("limit=1");
        assert_eq!((first.records.as_slice(), first.next), (&all.records[..1], Some(1)));
        assert_eq!(page("from=1").records, all.records[1..]);
        assert!(page("execution=e0").records.is_empty());
        assert!(page("since_ms=9000000000000").records.is_empty());
        assert_eq!(page("until_ms=9000000000000").records, all.records);
    })
    .await;
}

/// The body of an officer's question, with this member, that nobody signed.
#[cfg(test)]
fn unsigned(member: &str) -> String {
    format!(r#"{{"question":{{"expires_ms":1,"key":"a","signature":"AA"}},{member}}}"#)
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_is_a_problem_that_says_what_to_change() {
    aside(|options| {
        let socket = &options.socket;
        for (answer, code) in [
            (get(socket, "/v1/records?limit=0"), Code::Input),
            (get(socket, "/v1/records?frm=1"), Code::Input),
            (get(socket, "/v1/executions?after=%zz"), Code::Input),
            (get(socket, "/v1/executions?after=a%2"), Code::Input),
            (get(socket, "/v1/records/x"), Code::Input),
            (get(socket, "/v1/records/99999"), Code::NotFound),
            (get(socket, "/v1/governance?size=99999"), Code::NotFound),
            (get(socket, "/v2"), Code::NotFound),
            (post(socket, "/v1/status", ""), Code::Method),
            (post(socket, "/v1/approvals", "{}"), Code::Input),
            (post(socket, "/v1/approvals", r#"{"approval":{}}"#), Code::Input),
            (post(socket, "/v1/approvals/search", &unsigned("\"beginning\":\"\"")), Code::Peer),
            (post(socket, "/v1/executions/search", &unsigned("\"beginning\":\"\"")), Code::Peer),
            (post(socket, "/v1/approvals/message", &unsigned("\"pending\":\"\"")), Code::Peer),
            (post(socket, "/v1/governance", r#"{"proposal":{"a":1,"a":1}}"#), Code::Input),
        ] {
            let problem = answer.problem();
            assert_eq!(problem.code, code, "{problem:?}");
            assert!(matches!(problem.retry, Retry::Changed | Retry::Never));
        }
    })
    .await;
}

/// A question that an officer's key signed for another node, path or beginning is nobody's.
#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_good_for_this_node_and_what_it_asks_alone() {
    use api::approval::{Question, SEARCH_PATH};
    aside(|options| {
        let officer = node::keys::read(&options.folder, "officer").unwrap();
        let origin = options.governance_origin();
        let user = rustix::process::geteuid().as_raw();
        let asked = Question { origin: &origin, node_user: user, path: SEARCH_PATH, about: "abc" };
        let ask = |path: &str, question: &Question<'_>| {
            let signed = question.sign(&officer, node::clock::wall_ms() + 30_000).unwrap();
            let question = serde_json::to_string(&signed).unwrap();
            let body = format!("{{\"question\":{question},\"beginning\":\"abc\"}}");
            post(&options.socket, path, &body)
        };
        assert_eq!(ask(SEARCH_PATH, &asked).status, 200);
        let executions = api::execution::SEARCH_PATH;
        assert_eq!(ask(executions, &Question { path: executions, ..asked }).status, 200);
        for (path, other) in [
            (executions, asked),
            (SEARCH_PATH, Question { about: "", ..asked }),
            (SEARCH_PATH, Question { node_user: user + 1, ..asked }),
            (SEARCH_PATH, Question { origin: "other/governance", ..asked }),
        ] {
            assert_eq!(ask(path, &other).problem().code, Code::Peer, "{path} {other:?}");
        }
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bundle_without_its_bytes_is_bad_input() {
    aside(|options| {
        let officer = node::keys::read(&options.folder, "officer").unwrap();
        let governs = node::domain::governance(&options).unwrap();
        let (based_on, bundle) = (governs.position(), governs.bundle().unwrap());
        let expires_ms = node::clock::wall_ms() + 60_000;
        let change = Change::BundlePublished { bundle };
        let signed = Proposal { based_on, expires_ms, change }.sign(&officer).unwrap();
        let proposal = String::from_utf8(signed.to_value().to_bytes()).unwrap();
        let body = format!("{{\"proposal\":{proposal}}}");
        let problem = post(&options.officer_socket, "/v1/governance", &body).problem();
        let told = (problem.status, problem.code, problem.retry);
        assert_eq!(told, (400, Code::Input, Retry::Changed), "{}", problem.detail);
        assert!(problem.detail.contains("bytes did not come"), "{}", problem.detail);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_halt_acts_and_is_on_record() {
    aside(|options| {
        let socket = &options.officer_socket;
        let before: Governance = get(socket, "/v1/governance").json();
        let officer = node::keys::read(&options.folder, "officer").unwrap();
        let based_on = node::domain::governance(&options).unwrap().position();
        let expires_ms = node::clock::wall_ms() + 60_000;
        let change = Change::HaltOrdered { subject: Subject::Workload("agent".into()) };
        let signed = Proposal { based_on, expires_ms, change }.sign(&officer).unwrap();
        let proposal = String::from_utf8(signed.to_value().to_bytes()).unwrap();
        let answer = post(socket, "/v1/governance", &format!("{{ \"proposal\": {proposal} }}"));
        assert_eq!(answer.status, 200);
        let reply: ProposalReply = answer.json();
        assert!(reply.acting.is_some_and(|acting| acting.is_known));
        let reached = reply.position.map(|position| position.size);
        assert_eq!(reached, Some(before.position.size + 1));
        let halts: Halts = get(socket, "/v1/halts").json();
        let halted: Vec<_> = halts.halts.iter().map(|halt| halt.subject.as_str()).collect();
        assert_eq!(halted, ["workload:agent"]);
        let then = format!("/v1/governance?size={}", before.position.size);
        assert_eq!(get(socket, &then).json::<Governance>(), before);
    })
    .await;
}

/// What an order stopped is told before the log has it, to who accepts lines.
#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_is_told_in_two_lines_to_who_accepts_them() {
    aside(|options| {
        let officer = node::keys::read(&options.folder, "officer").unwrap();
        let propose = |change: Change| {
            let based_on = node::domain::governance(&options).unwrap().position();
            let expires_ms = node::clock::wall_ms() + 60_000;
            let signed = Proposal { based_on, expires_ms, change }.sign(&officer).unwrap();
            let proposal = String::from_utf8(signed.to_value().to_bytes()).unwrap();
            let body = format!("{{\"proposal\":{proposal}}}");
            let mut stream = connect(&options.socket);
            let length = body.len();
            let head =
                format!("accept: a/b, {PROGRESS_TYPE};q=1\r\ncontent-length: {length}\r\n\r\n");
            write!(stream, "POST /v1/governance HTTP/1.1\r\nhost: node\r\n{head}{body}").unwrap();
            Answer::read(&mut stream)
        };
        let subject = Subject::Workload("agent".into());
        let answer = propose(Change::HaltOrdered { subject: subject.clone() });
        assert!(answer.head.contains("content-type: application/jsonl"), "{}", answer.head);
        let text = String::from_utf8(answer.body.clone()).unwrap();
        let lines = text.lines().filter(|line| line.starts_with('{'));
        let lines: Vec<ProposalReply> =
            lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        let [first, second] = &lines[..] else { panic!("{text}") };
        assert_eq!((&first.position, &first.acting), (&None, &second.acting));
        assert!(first.acting.as_ref().is_some_and(|acting| acting.is_known));
        assert!(second.position.is_some());
        // What gives something is answered at once.
        let lifted = propose(Change::HaltLifted { subject });
        assert!(lifted.json::<ProposalReply>().position.is_some(), "{}", lifted.head);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forged_proposal_is_a_problem_and_changes_nothing() {
    aside(|options| {
        let stranger = proof::note::Ed25519Signer::from_seed("x/officer", &[9; 32]).unwrap();
        let based_on = node::domain::governance(&options).unwrap().position();
        let expires_ms = node::clock::wall_ms() + 60_000;
        let change = Change::HaltOrdered { subject: Subject::Domain };
        let forged = Proposal { based_on, expires_ms, change }.sign(&stranger).unwrap();
        let proposal = String::from_utf8(forged.to_value().to_bytes()).unwrap();
        let body = format!("{{\"proposal\":{proposal}}}");
        let problem = post(&options.socket, "/v1/governance", &body).problem();
        assert_eq!((problem.code, problem.acting), (Code::Governance, None));
        assert!(get(&options.socket, "/v1/halts").json::<Halts>().halts.is_empty());
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_go_on_after_the_last_that_was_seen() {
    aside(|options| {
        let socket = &options.socket;
        // A record that is not durable yet is none that was seen.
        assert_eq!(get(socket, "/health").status, 200);
        let mut stream = connect(socket);
        write!(stream, "GET /v1/events HTTP/1.1\r\nhost: node\r\nlast-event-id: 0\r\n\r\n")
            .unwrap();
        let lines = BufReader::new(stream).lines().map(Result::unwrap);
        let mut ids = lines.filter_map(|line| Some(line.strip_prefix("id: ")?.to_owned()));
        let size = get(socket, "/v1/status").json::<Status>().records;
        for index in 1..size {
            assert_eq!(ids.next(), Some(index.to_string()));
        }
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_after_a_record_that_the_log_has_not_are_a_problem() {
    aside(|options| {
        let socket = &options.socket;
        let size = get(socket, "/v1/status").json::<Status>().records;
        for after in [size, 99_999, u64::MAX] {
            let problem = get(socket, &format!("/v1/events?after={after}")).problem();
            assert_eq!((problem.code, problem.retry), (Code::EventsBeyond, Retry::Changed));
            assert!(problem.detail.contains("from record 0"), "{}", problem.detail);
        }
        let mut stream = connect(socket);
        write!(stream, "GET /v1/events HTTP/1.1\r\nhost: node\r\nlast-event-id: {size}\r\n\r\n")
            .unwrap();
        assert_eq!(Answer::read(&mut stream).problem().code, Code::EventsBeyond);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_beyond_those_of_one_user_is_refused() {
    aside(|options| {
        let begin = || {
            let mut stream = BufReader::new(connect(&options.socket));
            let head = "GET /v1/events HTTP/1.1\r\nhost: node\r\n\r\n";
            stream.get_mut().write_all(head.as_bytes()).unwrap();
            let mut status = String::new();
            stream.read_line(&mut status).unwrap();
            (stream, status)
        };
        let streams: Vec<_> = (0..STREAMS_PER_USER_MAX).map(|_| begin()).collect();
        assert!(streams.iter().all(|(_, status)| status.starts_with("HTTP/1.1 200")));
        assert!(begin().1.starts_with("HTTP/1.1 429"));
        assert_eq!(get(&options.socket, "/v1/status").status, 200, "others are served");
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stranger_to_an_execution_delegates_and_ends_nothing() {
    aside(|options| {
        let child = |workload: &str, grant: &str| {
            let caller = format!("\"workload\":\"{workload}\",\"to\":\"agent\"");
            let body = format!("{{{caller},\"grant\":{grant},\"arguments\":\"{{}}\"}}");
            post(&options.socket, "/v1/executions", &body).problem().code
        };
        assert_eq!(child("stranger", "{}"), Code::Peer);
        for grant in
            ["{\"until_ms\":-1}", "{\"calls_max\":9007199254740992}", "{\"calls\":1}", "[]"]
        {
            assert_eq!(child("agent", grant), Code::Input, "{grant}");
        }
        let end = |workload: &str, child: &str| {
            let body = format!("{{\"workload\":\"{workload}\"}}");
            post(&options.socket, &format!("/v1/executions/{child}/end"), &body).problem().code
        };
        assert_eq!([end("stranger", "e0"), end("agent", "e0")], [Code::Peer; 2]);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_asked_for_by_its_protocol() {
    aside(|options| {
        let ask = |version: &str, headers: &str| {
            let mut stream = connect(&options.socket);
            let path = "/v1/sessions?server=none&workload=agent";
            write!(stream, "POST {path} HTTP/{version}\r\nhost: node\r\n{headers}\r\n").unwrap();
            Answer::read(&mut stream)
        };
        let protocol = "connection: Upgrade\r\nupgrade: h2c, interlock-mcp\r\n";
        for (version, headers) in [
            ("1.1", ""),
            ("1.1", "upgrade: interlock-mcp\r\n"),
            ("1.1", "connection: upgrade\r\nupgrade: websocket\r\n"),
            ("1.0", protocol),
        ] {
            let answer = ask(version, headers);
            assert!(answer.head.contains("upgrade: interlock-mcp"), "{}", answer.head);
            assert_eq!(answer.problem().code, Code::Upgrade, "{version} {headers}");
        }
        let problem = ask("1.1", protocol).problem();
        assert!(problem.detail.contains("there is no server `none`"), "{}", problem.detail);
        let body = ask("1.1", &format!("{protocol}content-length: 1\r\n")).problem();
        assert!(body.detail.contains("no body"), "{}", body.detail);
        let query = post(&options.socket, "/v1/sessions?server=none", "").problem();
        assert_eq!(query.code, Code::Input);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_is_too_long_is_refused_before_it_is_read() {
    aside(|options| {
        let mut stream = connect(&options.socket);
        let length = ORDER_BYTES_MAX + 1;
        let head = format!("host: node\r\ncontent-length: {length}\r\n\r\n");
        write!(stream, "POST /v1/governance HTTP/1.1\r\n{head}").unwrap();
        assert_eq!(Answer::read(&mut stream).problem().code, Code::Input);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_body_is_refused_in_time() {
    aside(|options| {
        let mut stream = connect(&options.socket);
        let begun = Instant::now();
        let head = "host: node\r\ncontent-length: 10\r\n\r\n{";
        write!(stream, "POST /v1/approvals HTTP/1.1\r\n{head}").unwrap();
        let problem = Answer::read(&mut stream).problem();
        assert_eq!(problem.code, Code::Input);
        assert!(begun.elapsed() >= Duration::from_millis(BODY_MS_MAX));
    })
    .await;
}

/// What the node says of a head that it does not read. It may close before it has read all that was
/// sent.
#[cfg(test)]
fn refused_head(stream: &mut UnixStream) -> Problem {
    let mut bytes = Vec::new();
    let _reset = stream.read_to_end(&mut bytes);
    Answer::read(&mut bytes.as_slice()).problem()
}

/// How many refusals of this code the node has counted.
#[cfg(test)]
fn refused_inputs(options: &Options) -> u64 {
    let metrics = String::from_utf8(get(&options.officer_socket, "/metrics").body).unwrap();
    let start = "interlock_refusals_total{code=\"refused.input\"} ";
    let count = metrics.lines().find_map(|line| line.strip_prefix(start));
    count.map_or(0, |count| count.parse().unwrap())
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_no_http_is_a_problem_and_counted() {
    aside(|options| {
        for (already, sent) in ["GET / HTTP/7.7\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n", "PUT"]
            .into_iter()
            .enumerate()
        {
            let mut stream = connect(&options.socket);
            stream.write_all(sent.as_bytes()).unwrap();
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            let problem = refused_head(&mut stream);
            assert_eq!((problem.status, problem.code), (400, Code::Input), "{sent}");
            assert_eq!(refused_inputs(&options), already as u64 + 1, "{sent}");
        }
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_is_too_long_is_refused() {
    aside(|options| {
        let mut stream = connect(&options.socket);
        let long = "x".repeat(2 * HEAD_BYTES_MAX);
        // The node may close before it has read all.
        let _closed = write!(stream, "GET /v1/status HTTP/1.1\r\nx: {long}\r\n\r\n");
        let problem = refused_head(&mut stream);
        assert_eq!((problem.status, problem.code), (431, Code::Input));
        assert_eq!(refused_inputs(&options), 1);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_does_not_end_is_cut_in_time() {
    aside(|options| {
        let mut stream = connect(&options.socket);
        let begun = Instant::now();
        write!(stream, "GET /v1/status HTTP/1.1\r\nhost: ").unwrap();
        let problem = refused_head(&mut stream);
        assert_eq!((problem.status, problem.code), (408, Code::Input));
        assert_eq!(refused_inputs(&options), 1);
        let waited = begun.elapsed();
        assert!(waited >= Duration::from_millis(HEAD_MS_MAX));
        assert!(waited < Duration::from_millis(CONNECTION_MS_MAX));
    })
    .await;
}

/// An OS user that has no workload here.
const STRANGER: u32 = 4_242;

/// What the node answers a stranger who sends this and waits.
#[cfg(test)]
fn answer_to_a_stranger(socket: &Path, sent: &str) -> String {
    let script = "import socket, sys\n\
        peer = socket.socket(socket.AF_UNIX); peer.connect(sys.argv[1])\n\
        peer.sendall(sys.argv[2].encode())\n\
        print(b''.join(iter(lambda: peer.recv(4096), b'')).decode())";
    let mut python = std::process::Command::new("python3");
    python.args(["-c", script]).arg(socket).arg(sent).uid(STRANGER);
    String::from_utf8(python.output().unwrap().stdout).unwrap()
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_sees_no_records_and_no_executions() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: only root can speak as another OS user");
    }
    aside(|options| {
        let around = options.socket.parent().unwrap();
        std::fs::set_permissions(around, std::fs::Permissions::from_mode(0o755)).unwrap();
        let ask = |path: &str| {
            let sent = format!("GET {path} HTTP/1.1\r\nhost: node\r\n\r\n");
            let answer = answer_to_a_stranger(&options.socket, &sent);
            Answer::read(&mut answer.trim_end().as_bytes())
        };
        for route in ROUTES.iter().filter(|route| route.method == Method::Get) {
            let path = route.path.replace("{index}", "0").replace("{execution}", "e0");
            let answer = ask(&path);
            let is_refused = answer.status == 403;
            let is_for_officers = route.audience != api::route::Audience::Everyone;
            assert_eq!(is_refused, is_for_officers, "{path}: {}", answer.status);
        }
        assert!(ask("/v1/executions").json::<ExecutionPage>().executions.is_empty());
        assert_eq!(ask("/v1/status").json::<Status>().reductions, None);
        assert_eq!(ask("/v1/governance").json::<Governance>().state, None);
        assert_eq!(ask("/v1/governance?size=1").problem().code, Code::Peer);
    })
    .await;
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_sends_no_body_beyond_64_kib() {
    if !rustix::process::geteuid().is_root() {
        return eprintln!("skipped: only root can speak as another OS user");
    }
    aside(|options| {
        let around = options.socket.parent().unwrap();
        std::fs::set_permissions(around, std::fs::Permissions::from_mode(0o755)).unwrap();
        let head = "host: node\r\ncontent-length: 65536\r\n\r\n";
        let sent = format!("POST /v1/governance HTTP/1.1\r\n{head}");
        let answer = answer_to_a_stranger(&options.socket, &sent);
        let problem = Answer::read(&mut answer.trim_end().as_bytes()).problem();
        assert_eq!(problem.code, Code::Input);
    })
    .await;
}
