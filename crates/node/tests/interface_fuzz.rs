//! PyPI's `schemathesis` asks a running node what `openapi.json` says may be asked, and much that
//! may not: no answer is one of a broken server, and each is one that the page lists.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

#[cfg(test)]
use site::served;

#[cfg(test)]
#[path = "support/served.rs"]
mod site;

/// What every answer must be.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";

#[cfg(test)]
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Hands each connection from a port of this machine to the node's socket, for a program that knows
/// no Unix sockets.
#[cfg(test)]
fn bridge(listener: &TcpListener, socket: &Path) {
    for outside in listener.incoming().map_while(Result::ok) {
        let inside = UnixStream::connect(socket).unwrap();
        let (outside_2, inside_2) = (outside.try_clone().unwrap(), inside.try_clone().unwrap());
        std::thread::spawn(move || pass(&outside_2, &inside_2));
        std::thread::spawn(move || answer(&inside, &outside));
    }
}

/// Either side may have gone.
fn pass(mut from: &TcpStream, mut to: &UnixStream) {
    let _gone = copy(&mut from, &mut to);
    let _gone = to.shutdown(Shutdown::Write);
}

fn answer(mut from: &UnixStream, mut to: &TcpStream) {
    let _gone = copy(&mut from, &mut to);
    let _gone = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_gets_an_answer_that_is_not_documented() {
    let program = root().join("target/peers/schemathesis/bin/schemathesis");
    if !program.exists() {
        return eprintln!("skipped: schemathesis (PyPI) is not here: run `cargo xtask peers`");
    }
    let (served, folder) = (served(|_| ()).await, tempfile::tempdir().unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let socket = served.options.officer_socket.clone();
    std::thread::spawn(move || bridge(&listener, &socket));
    let scratch = folder.path().to_owned();
    let asked = tokio::task::spawn_blocking(move || {
        let mut schemathesis = Command::new(program);
        schemathesis.current_dir(scratch).arg("run").arg(root().join("crates/api/openapi.json"));
        schemathesis.args(["--url", &url, "--checks", CHECKS, "--seed", "1"]);
        // A stream of events has no end: other tests read it.
        schemathesis.args(["--exclude-operation-id", "events", "--max-examples", "25"]);
        schemathesis.args(["--phases", "examples,coverage,fuzzing", "--no-color"]);
        schemathesis.args(["--generation-database", "none", "--continue-on-failure"]);
        schemathesis.output().unwrap()
    });
    let asked = asked.await.unwrap();
    let said = String::from_utf8_lossy(&asked.stdout);
    println!("{said}");
    assert!(asked.status.success(), "{said}{}", String::from_utf8_lossy(&asked.stderr));
    served.running.stop().await;
}
