use std::os::unix::net::UnixListener as StdListener;
use std::sync::Arc;
use std::time::Duration;

use api::problem::Code;
use kernel::governance::SignedProposal;
use proof::json::{Object, Value, number};
use tokio::io::AsyncReadExt;
use tokio::net::unix::UCred;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc::{self, UnboundedReceiver};

use crate::accept::{self, Arrival, Spare};
use crate::bring;
use crate::bring::{BroughtChange, Progress};
use crate::hello::{self, Hello, refusal};
use crate::http::{self, Requester};
use crate::limits::{HEAD_BYTES_MAX, HELD_LINES, HELLO_MS_MAX, HELLO_READ_BYTES};
use crate::places::{NoPlace, Place, Places};
use crate::shared::{Shared, Way, refuse, write_reply};

/// Serves connections until the task is aborted.
pub(crate) async fn serve(
    (mut listener, mut anew): (UnixListener, UnboundedReceiver<StdListener>),
    shared: Arc<Shared>,
    way: Way,
    places: Arc<Places>,
) {
    let mut spare = Spare::default();
    loop {
        let arrival = tokio::select! {
            arrival = accept::next(&listener, &mut spare, &places.freed) => arrival,
            Some(bound) = anew.recv() => {
                match UnixListener::from_std(bound) {
                    Ok(bound) => listener = bound,
                    Err(why) => shared.log.say(format_args!("a socket that was bound anew: {why}")),
                }
                continue;
            }
        };
        let (stream, has_descriptor) = match arrival {
            Arrival::Usual(stream) => (stream, true),
            // The descriptor that was kept for an officer is used for one.
            Arrival::OnSpare(stream) => (stream, way == Way::Officers),
        };
        let Ok(peer) = stream.peer_cred() else {
            shared.kernel.refused("refused.peer");
            continue;
        };
        let place = match has_descriptor {
            true => places.take(peer.uid(), &shared.kernel.switch.os_users()),
            false => Err(NoPlace::OfAll),
        };
        match place {
            Ok(place) => {
                let connection = Connection { shared: Arc::clone(&shared), peer, way };
                tokio::spawn(connection.serve(stream, place));
            }
            Err(why) => turn_away(&stream, &shared, why),
        }
    }
}

/// Tells why there is no place, if that can be told without waiting.
fn turn_away(stream: &UnixStream, shared: &Shared, why: NoPlace) {
    shared.kernel.refused("refused.overload");
    let message = match why {
        NoPlace::OfUser => "your OS user has as many connections as one may have; close some",
        NoPlace::OfAll => "the node has as many connections as it can serve; try again",
    };
    let _untold = stream.try_write(&refusal("refused.overload", message));
}

/// A connection: whose it is, and which way it came.
struct Connection {
    shared: Arc<Shared>,
    peer: UCred,
    way: Way,
}

/// What a connection begins with.
enum First {
    /// A first line.
    Line(Hello),
    /// The first bytes of an HTTP request.
    Http(Vec<u8>),
}

impl Connection {
    async fn serve(self, mut stream: UnixStream, mut place: Place) {
        let wait = Duration::from_millis(HELLO_MS_MAX);
        let first = tokio::time::timeout(wait, self.read_first(&mut stream, &mut place));
        let hello = match first.await {
            Ok(Ok(Some(First::Line(hello)))) => hello,
            Ok(Ok(Some(First::Http(first)))) => return self.serve_http(stream, place, first).await,
            Ok(Ok(None)) => return,
            Ok(Err((code, why))) => return self.refuse(&mut stream, code, &why).await,
            Err(_) => {
                return self.refuse(&mut stream, "refused.input", "no first line in time").await;
            }
        };
        let answer = self.answer(&mut stream, hello).await;
        let _gone = write_reply(&mut stream, &answer).await;
    }

    /// Serves one request of `/v1`. Room for its head is taken before more of it is read.
    async fn serve_http(self, mut stream: UnixStream, place: Place, first: Vec<u8>) {
        let asks = (self.peer.uid(), self.way);
        let requester = Requester::new(Arc::clone(&self.shared), asks, place);
        if !requester.hold(HEAD_BYTES_MAX.saturating_sub(first.len())) {
            self.shared.kernel.refused("refused.overload");
            let _gone = write_reply(&mut stream, &http::no_room()).await;
            return;
        }
        http::serve(requester, stream, first).await;
    }

    /// The answer to a first line. Empty where it was written already, or the node stops.
    async fn answer(&self, stream: &mut UnixStream, hello: Hello) -> Vec<u8> {
        let Hello::Govern { proposal, blob } = hello;
        self.govern(stream, *proposal, blob).await
    }

    /// Hands a signed change to the officers' thread, and on what it says. Whoever has the key may
    /// take something away.
    async fn govern(
        &self,
        stream: &mut UnixStream,
        proposal: SignedProposal,
        blob: Option<Vec<u8>>,
    ) -> Vec<u8> {
        if !self.way.is_trusted(self.peer.uid())
            && let Some((code, why)) =
                bring::refusal_of_a_stranger(&self.shared.kernel.switch, &proposal)
        {
            if code == Code::Peer {
                self.shared.kernel.refused(code.as_str());
            }
            return refusal(code.as_str(), &why);
        }
        let (progress, mut told) = mpsc::channel(2);
        let govern = bring::govern(Arc::clone(&self.shared), proposal, blob, progress);
        self.shared.officers.spawn(govern);
        while let Some(progress) = told.recv().await {
            // Whoever brought it may have gone, or read nothing; the order goes on.
            if write_reply(stream, &progress_line(&progress)).await.is_err() {
                break;
            }
        }
        Vec::new()
    }

    async fn refuse(&self, stream: &mut UnixStream, code: &'static str, message: &str) {
        refuse(stream, &self.shared, code, message).await;
    }

    /// Reads the first line in small pieces, each of which needs room among those that are held for
    /// the peer's OS user.
    async fn read_first(
        &self,
        stream: &mut UnixStream,
        place: &mut Place,
    ) -> Result<Option<First>, (&'static str, String)> {
        let most_bytes = self.shared.request_bytes_max(self.way, self.peer.uid());
        let held_bytes = most_bytes.saturating_mul(HELD_LINES);
        let (mut bytes, mut piece) = (Vec::new(), [0; HELLO_READ_BYTES]);
        loop {
            let read = match stream.read(&mut piece).await {
                Ok(0) if bytes.is_empty() => return Ok(None),
                Ok(0) => return Err(("refused.input", "the first line does not end".to_owned())),
                Ok(read) => piece.get(..read).unwrap_or_default(),
                Err(_) if bytes.is_empty() => return Ok(None),
                Err(why) => return Err(("refused.input", why.to_string())),
            };
            if !place.hold(read.len(), held_bytes) {
                let why = "first lines of your OS user take all the room that one may have";
                return Err(("refused.overload", why.to_owned()));
            }
            if bytes.is_empty() && read.first().is_some_and(|first| http::is_http(*first)) {
                return Ok(Some(First::Http(read.to_vec())));
            }
            let mut parts = read.splitn(2, |byte| *byte == b'\n');
            bytes.extend_from_slice(parts.next().unwrap_or_default());
            if bytes.len() > most_bytes {
                return Err(("refused.input", "the first line is too long".to_owned()));
            }
            if parts.next().is_some() {
                let hello =
                    Hello::parse(&bytes).map_err(|why| ("refused.input", why.to_string()))?;
                return Ok(Some(First::Line(hello)));
            }
        }
    }
}

/// What becomes of a signed change, as one line.
fn progress_line(progress: &Progress) -> Vec<u8> {
    match progress {
        Progress::Acting(acting) => hello::acting(acting),
        Progress::Ended(BroughtChange { brought, ending }) => {
            let mut members = match brought {
                Ok(position) => Object::from([
                    ("position", position.to_value()),
                    ("type", Value::from("accepted")),
                    ("v", Value::Integer(1)),
                ]),
                Err(why) => hello::refused(why.code(), &why.to_string()),
            };
            members.extend(ending.map(|ending| ("ending", number(ending))));
            hello::line(&Value::Object(members))
        }
    }
}
