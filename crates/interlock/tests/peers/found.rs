use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a test needs, or why it is not here.
pub(crate) type Found<T> = Result<T, String>;

/// The OS users that the tests' clients and servers run as. They need no entry in the list of
/// users.
pub(crate) const CLIENT: u32 = 61_001;
pub(crate) const SERVER: u32 = 61_002;

/// Where servers' programs are looked for: what `interlock init` writes.
const SERVER_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What was found; none where the test is to be skipped, and then says why.
pub(crate) fn or_skip<T>(found: Found<T>) -> Option<T> {
    found.map_err(|why| eprintln!("skipped: {why}")).ok()
}

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Sets the OS user of a command, where one is wanted, and gives it no environment but a `PATH`.
pub(crate) fn prepared(program: &Path, user: Option<u32>) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", SERVER_PATH).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    command
}

/// Whether the superuser runs the test: who else can start processes of other OS users?
pub(crate) fn superuser() -> Found<()> {
    match rustix::process::geteuid().is_root() {
        true => Ok(()),
        false => Err("only the superuser can start processes of other OS users".to_owned()),
    }
}

/// Whether processes can be traced here.
pub(crate) fn strace() -> Found<()> {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let tried = tried.map_err(|why| format!("`strace` does not start: {why} (Debian's strace)"))?;
    match tried.status.success() {
        true => Ok(()),
        false => Err(format!(
            "`strace` cannot trace here: {}",
            String::from_utf8_lossy(&tried.stderr).trim()
        )),
    }
}

/// The script of one of npm's MCP servers, readable by this user, who also has a `node`.
pub(crate) fn npm_server(name: &str, user: Option<u32>) -> Found<PathBuf> {
    let modules = root().join("target/peers/npm/node_modules/@modelcontextprotocol");
    let script = modules.join(name).join("dist/index.js");
    let mut asked = prepared(Path::new("/bin/sh"), user);
    asked.args(["-c", r#"command -v node >/dev/null && test -r "$0""#]).arg(&script);
    match succeeds(&mut asked) {
        true => Ok(script),
        false => Err(format!(
            "no `node`, or `{}` is not there for {} (`cargo xtask peers` makes it)",
            script.display(),
            shown(user)
        )),
    }
}

/// A Python that imports PyPI's `mcp`.
pub(crate) struct Python {
    program: PathBuf,
    packages: Option<PathBuf>,
}

impl Python {
    /// A Python that this user can run: that of the peers' environment, or the system's with the
    /// packages in it.
    pub(crate) fn with_mcp(user: Option<u32>) -> Found<Python> {
        Python::with_mcp_of("mcp", user)
    }

    /// As [`Python::with_mcp`], with the packages of the environment of this name.
    pub(crate) fn with_mcp_of(peer: &str, user: Option<u32>) -> Found<Python> {
        let environment = root().join("target/peers").join(peer);
        let own = Python { program: environment.join("bin/python"), packages: None };
        let libraries = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
        let packages = libraries.map(|library| library.path().join("site-packages"));
        let system = packages.map(|packages| Python {
            program: PathBuf::from("/usr/bin/python3"),
            packages: Some(packages),
        });
        let mut candidates = std::iter::once(own).chain(system);
        candidates
            .find(|python| succeeds(python.command(user).args(["-c", "import mcp"])))
            .ok_or_else(|| {
                format!(
                    "no Python imports `mcp` for {} (`cargo xtask peers` makes one)",
                    shown(user)
                )
            })
    }

    /// The command that starts it.
    pub(crate) fn command(&self, user: Option<u32>) -> Command {
        let mut command = prepared(&self.program, user);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages);
        }
        command
    }
}

/// Whether a command ends with 0.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn shown(user: Option<u32>) -> String {
    user.map_or("this OS user".to_owned(), |user| format!("uid {user}"))
}
