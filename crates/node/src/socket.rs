use std::sync::Arc;

use api::problem::{Code, Problem};
use tokio::net::{UnixListener, UnixStream};

use crate::accept::{self, Arrival, SpareDescriptor};
use crate::http::{self, Requester};
use crate::listeners::RuntimeListeners;
use crate::places::{NoPlace, Places};
use crate::shared::{Shared, Way};

/// Serves connections until the task is aborted.
pub(crate) async fn serve(
    RuntimeListeners { mut current, mut anew }: RuntimeListeners,
    shared: Arc<Shared>,
    way: Way,
    places: Arc<Places>,
) {
    let mut spare = SpareDescriptor::default();
    loop {
        let arrival = tokio::select! {
            arrival = accept::next(&current, &mut spare, &places.freed) => arrival,
            Some(bound) = anew.recv() => {
                match UnixListener::from_std(bound) {
                    Ok(bound) => current = bound,
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
                let requester = Requester::new(Arc::clone(&shared), peer.uid(), way, place);
                tokio::spawn(http::serve(requester, stream));
            }
            Err(why) => turn_away(&stream, &shared, why),
        }
    }
}

/// Tells why there is no place, if that can be told without waiting.
fn turn_away(stream: &UnixStream, shared: &Shared, why: NoPlace) {
    shared.kernel.refused("refused.overload");
    let why = match why {
        NoPlace::OfUser => "your OS user has as many connections as one may have; close some",
        NoPlace::OfAll => "the node has as many connections as it can serve; try again",
    };
    let _untold = stream.try_write(&http::reply(&Problem::new(Code::Overload, why)));
}
