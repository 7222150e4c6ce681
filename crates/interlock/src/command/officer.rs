//! An officer's key and the connection to the node, for any OS user with the key, also for one who
//! may not read the domain's folder.

use std::path::{Path, PathBuf};

use client::{Client, Officer};
use node::Options;
use node::clock::wall_ms;
use proof::note::Ed25519Signer;

use crate::cli::OfficerArgs;
use crate::config;
use crate::exit::{Exit, Failure};
use crate::output::stderr;

/// The environment variable that names an officer's key.
pub(super) const KEY: &str = "INTERLOCK_KEY";

/// The domain's options. Where its configuration may not be read, or is not valid, the domain's
/// name comes from the governance log, and the sockets are the default ones, so that a broken
/// configuration prevents no order.
pub(super) fn options(domain: &Path, socket: Option<&Path>) -> Result<Options, Failure> {
    let loaded = config::load(domain);
    let sockets = [
        socket.map_or_else(|| domain.join("officer.sock"), Path::to_owned),
        socket.map_or_else(|| domain.join("node.sock"), Path::to_owned),
    ];
    match loaded {
        Ok(options) => Ok(match socket {
            Some(_) => with_sockets(options, sockets),
            None => options,
        }),
        Err(why) => {
            let alone = config::sockets_alone(config::owned_folder(domain, socket));
            match node::domain::name_in_log(domain) {
                Ok(name) => Ok(with_sockets(Options { domain: name, ..alone }, sockets)),
                // Where the log may not be read, the order goes to the node, if one runs.
                Err(_) if sockets.iter().any(|socket| socket.exists()) => {
                    Ok(with_sockets(alone, sockets))
                }
                Err(_) => Err(why),
            }
        }
    }
}

fn with_sockets(options: Options, [officer_socket, socket]: [PathBuf; 2]) -> Options {
    Options { officer_socket, socket, ..options }
}

/// The file of the officer's key, where one was named: by `--key` or by the environment.
pub(super) fn key_file(officer: &OfficerArgs) -> Option<PathBuf> {
    let named = || std::env::var_os(KEY).filter(|file| !file.is_empty()).map(PathBuf::from);
    officer.key.clone().or_else(named)
}

/// The officer's key: the one that was named, else that of the domain's folder.
pub(super) fn key(domain: &Path, officer: &OfficerArgs) -> Result<Ed25519Signer, Failure> {
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

/// An officer's key that asks a node: who has it may ask whatever their OS user.
pub(super) struct Asker {
    pub(super) key: Ed25519Signer,
    /// The origin of the domain's governance log.
    origin: String,
}

impl Asker {
    /// The asker of the domain in whose folder this node listens.
    pub(super) fn of(
        options: &Options,
        node: &Client,
        key: Ed25519Signer,
    ) -> Result<Self, Failure> {
        let governs = node.governance().map_err(|why| Failure::client(&why))?;
        let origin = governs.position.origin;
        if !options.domain.is_empty() && origin != options.governance_origin() {
            return Err(other_domain(options, &origin));
        }
        Ok(Self { key, origin })
    }

    /// Who asks now.
    pub(super) fn officer(&self) -> Officer<'_> {
        Officer { key: &self.key, origin: &self.origin, now_ms: wall_ms() }
    }

    /// The name of the domain that is asked, which the key signs.
    pub(super) fn domain(&self) -> &str {
        self.origin.strip_suffix("/governance").unwrap_or(&self.origin)
    }

    /// Whether a log belongs to that domain. An approval for another one's is not signed.
    pub(super) fn check_log(&self, options: &Options, origin: &str) -> Result<(), Failure> {
        let log = origin.strip_prefix(self.domain());
        match log.is_some_and(|log| log.starts_with("/lineage/")) {
            true => Ok(()),
            false => Err(other_domain(options, origin)),
        }
    }
}

fn other_domain(options: &Options, origin: &str) -> Failure {
    let what = match options.domain.as_str() {
        "" => format!("the node speaks for `{origin}`, and another domain besides"),
        domain => format!(
            "the folder is that of the domain `{domain}`, and the node there speaks for `{origin}`"
        ),
    };
    Failure::new(Exit::Denied, what).code("domain.other").help("nothing was signed")
}

/// Says for which domain something is signed, where the folder does not say whose it is.
pub(super) fn say_domain(options: &Options, origin: &str) {
    if options.domain.is_empty() {
        let domain = origin.strip_suffix("/governance").unwrap_or(origin);
        stderr(format!(
            "signed for the domain `{domain}`, as the node says: your OS user cannot read whose \
             folder this is"
        ));
    }
}
