use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mcp::ServerCommand;
use proof::digest::Digest;
use proof::json::{Value, object};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::UCred;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::authority::GovernanceBlobs;
use crate::driver::Kernel;
use crate::family;
use crate::gate::{Permits, SessionGate};
use crate::hello::{Caller, Hello, line, refusal};
use crate::limits::{CONNECTIONS_MAX, HELLO_BYTES_MAX, HELLO_MS_MAX};
use crate::notes::{Notes, SessionNotes};
use crate::{Authority, Error, Options, Server, approvals, bring, client, erase, servers};

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) kernel: Kernel,
    pub(crate) authority: Mutex<Authority>,
    pub(crate) blobs: Arc<GovernanceBlobs>,
    /// Told whenever something may be to be brought to the authority again.
    pub(crate) owing: tokio::sync::Notify,
    /// Digests of the changes that officers' commands bring just now.
    pub(crate) under_way: Mutex<Vec<Digest>>,
    pub(crate) log: Notes,
}

/// Binds the socket. Any OS user may connect; who it is, the kernel of the machine says.
pub(crate) fn bind(path: &Path) -> Result<UnixListener, Error> {
    let failed = |why: std::io::Error| Error::socket(path, &why);
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(Error::socket(path, &"something else than a socket is there"));
        }
        Ok(_) if client::is_running(path) => {
            return Err(Error::socket(path, &"another node serves it"));
        }
        Ok(_) => std::fs::remove_file(path).map_err(failed)?,
        Err(_) => {}
    }
    let listener = UnixListener::bind(path).map_err(failed)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).map_err(failed)?;
    Ok(listener)
}

/// Serves connections until the task is aborted.
pub(crate) async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
            shared.kernel.refused("refused.overload");
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            connection(stream, &shared).await;
            drop(place);
        });
    }
}

async fn connection(mut stream: UnixStream, shared: &Shared) {
    let Ok(peer) = stream.peer_cred() else {
        shared.kernel.refused("refused.peer");
        return;
    };
    let wait = Duration::from_millis(HELLO_MS_MAX);
    let hello = match tokio::time::timeout(wait, read_hello(&mut stream)).await {
        Ok(Ok(Some(hello))) => hello,
        Ok(Ok(None)) => return,
        Ok(Err(why)) => {
            return refuse(&mut stream, shared, "refused.input", &why.to_string()).await;
        }
        Err(_) => {
            return refuse(&mut stream, shared, "refused.input", "no first line in time").await;
        }
    };
    match hello {
        Hello::Mcp { caller, server } => session(stream, shared, &peer, (caller, &server)).await,
        Hello::Delegate { caller, hands_on, arguments } => {
            let answer = family::delegate(shared, &peer, caller, (hands_on, arguments)).await;
            let _gone = stream.write_all(&answer).await;
        }
        Hello::End { caller, child } => {
            let answer = family::end(shared, &peer, caller, child).await;
            let _gone = stream.write_all(&answer).await;
        }
        Hello::Govern { proposal, blob } => {
            let answer = match is_local(&peer) {
                true => bring::govern(shared, &proposal, blob).await,
                false => Err(Error::peer(&"only the node's own OS user may bring changes")),
            };
            let answer = answer.unwrap_or_else(|why| refusal(why.code(), &why.to_string()));
            let _gone = stream.write_all(&answer).await;
        }
        Hello::Erase { which, is_trial } => {
            let erased = match is_local(&peer) {
                true => erase::carry_out(&shared.kernel, &which, (peer.uid(), is_trial)).await,
                false => {
                    let why = "only the node's own OS user may erase";
                    return refuse(&mut stream, shared, "refused.peer", why).await;
                }
            };
            let answer = erase::remembered(&shared.options, erased).await;
            let _gone = stream.write_all(&answer).await;
        }
        Hello::Approve { approval } => {
            let answer = approvals::approve(&shared.kernel, *approval).await;
            let _gone = stream.write_all(&answer).await;
        }
        Hello::Approvals | Hello::Meters if !is_local(&peer) => {
            let why = "only the node's own OS user may see this";
            refuse(&mut stream, shared, "refused.peer", why).await;
        }
        Hello::Approvals => {
            let waiting = shared.kernel.waiting().await;
            let _gone = stream.write_all(&waiting.map(|one| line(&one)).unwrap_or_default()).await;
        }
        Hello::Meters => {
            let meters = shared.kernel.meters().await;
            let _gone = stream.write_all(&meters.map(|one| line(&one)).unwrap_or_default()).await;
        }
        Hello::Status => {
            let status = shared.kernel.status(is_local(&peer)).await;
            let _gone =
                stream.write_all(&status.map(|status| line(&status)).unwrap_or_default()).await;
        }
    }
}

async fn refuse(stream: &mut UnixStream, shared: &Shared, code: &'static str, message: &str) {
    shared.kernel.refused(code);
    let _gone = stream.write_all(&refusal(code, message)).await;
}

/// Reads the first line, and not one byte more: what follows belongs to the session.
async fn read_hello(stream: &mut UnixStream) -> Result<Option<Hello>, Error> {
    let mut bytes = Vec::new();
    loop {
        match stream.read_u8().await {
            Ok(b'\n') => return Hello::parse(&bytes).map(Some),
            Ok(_) if bytes.len() >= HELLO_BYTES_MAX => {
                return Err(Error::input(&"the first line is too long"));
            }
            Ok(byte) => bytes.push(byte),
            Err(_) if bytes.is_empty() => return Ok(None),
            Err(why) => return Err(Error::input(&why)),
        }
    }
}

async fn session(
    mut stream: UnixStream,
    shared: &Shared,
    peer: &UCred,
    (caller, name): (Caller, &str),
) {
    let Some(server) = shared.options.servers.get(name) else {
        let known: Vec<&str> = shared.options.servers.keys().map(String::as_str).collect();
        let message = format!("there is no server `{name}`; this node has: {}", known.join(", "));
        return refuse(&mut stream, shared, "refused.input", &message).await;
    };
    let assurance = servers::assurance(server, peer.uid());
    let workload = caller.workload.clone();
    let execution = match join(shared, peer, caller).await {
        Ok(execution) => execution,
        Err((code, message)) => return refuse(&mut stream, shared, code, &message).await,
    };
    let notes = SessionNotes::new(&shared.log, name, &workload);
    // First of all, so that a client whose server can't be started is told so.
    let process = match command(server).start().await {
        Ok(process) => process,
        Err(why) => {
            notes.say(&why);
            let _gone = stream.write_all(&refusal("server", &why.to_string())).await;
            return;
        }
    };
    let joined = object([
        ("assurance", Value::from(assurance.as_str())),
        ("execution", Value::from(execution.as_str())),
        ("type", Value::from("joined")),
        ("v", Value::Integer(1)),
    ]);
    if stream.write_all(&line(&joined)).await.is_err() {
        return;
    }
    let gate = SessionGate {
        kernel: shared.kernel.clone(),
        workload: workload.clone(),
        execution,
        server: name.to_owned(),
        assurance,
        permits: Permits::default(),
    };
    mcp::serve_started(Arc::new(gate), process, stream.into_split(), notes).await;
}

/// The execution for which a peer speaks, or the code of a refusal and what to tell it.
pub(crate) async fn join(
    shared: &Shared,
    peer: &UCred,
    Caller { workload, execution }: Caller,
) -> Result<String, (&'static str, String)> {
    let is_delegated = execution.is_some();
    match shared.kernel.join(workload.clone(), peer.uid(), execution).await {
        Some(Ok(execution)) => Ok(execution),
        Some(Err(code)) => {
            let (user, which) = (peer.uid(), if is_delegated { " and execution" } else { "" });
            let what =
                format!("the workload `{workload}`{which} is not your OS user's (uid {user})");
            Err((code, what))
        }
        None => Err(("refused.storage", "the node is stopping".to_owned())),
    }
}

fn command(server: &Server) -> ServerCommand {
    let mut words = server.command.iter();
    ServerCommand {
        guard: mcp::guard::SELF.into(),
        program: words.next().cloned().unwrap_or_default(),
        arguments: words.cloned().collect(),
        environment: server.environment.clone(),
        directory: server.directory.clone(),
        user: server.user,
    }
}

fn is_local(peer: &UCred) -> bool {
    peer.uid() == 0 || peer.uid() == rustix::process::geteuid().as_raw()
}
