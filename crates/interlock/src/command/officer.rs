//! An officer's key, and the way to the node.

use std::path::{Path, PathBuf};

use node::Options;
use proof::note::Ed25519Signer;

use crate::cli::Officer;
use crate::config;
use crate::exit::{Exit, Failure};

/// The environment variable that names an officer's key.
const KEY: &str = "INTERLOCK_KEY";

/// The domain's options, with the socket that was named.
pub(super) fn options(domain: &Path, officer: &Officer) -> Result<Options, Failure> {
    let options = config::load(domain)?;
    Ok(match &officer.socket {
        Some(socket) => Options { socket: socket.clone(), ..options },
        None => options,
    })
}

/// The file of the officer's key, where one was named: by `--key` or by the environment.
fn key_file(officer: &Officer) -> Option<PathBuf> {
    let named = || std::env::var_os(KEY).filter(|file| !file.is_empty()).map(PathBuf::from);
    officer.key.clone().or_else(named)
}

/// The officer's key: the one that was named, else that of the domain's folder.
pub(super) fn key(domain: &Path, officer: &Officer) -> Result<Ed25519Signer, Failure> {
    let file = key_file(officer).unwrap_or_else(|| domain.join("keys").join("officer.skey"));
    node::keys::read_file(&file).map_err(|why| {
        let failure = Failure::node(&why);
        match file.exists() {
            true => failure,
            false => Failure::new(Exit::NoInput, why.to_string())
                .code(why.code())
                .help(format!("name your key with --key FILE, or in {KEY}")),
        }
    })
}
