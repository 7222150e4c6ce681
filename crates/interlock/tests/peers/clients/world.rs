use std::fs;
use std::path::{Path, PathBuf};

use crate::found::{Found, npm_server, root};
use crate::support::{BINARY, Domain, Node, run};

/// Where servers' programs are looked for.
const SERVER_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// A domain with the raw server in several moods and servers of npm, and its node.
pub(crate) struct World {
    domain: Domain,
    node: Option<Node>,
    /// In the environment of what `npx` starts, and of nothing else on the machine.
    pub(crate) token: String,
}

impl World {
    pub(crate) fn new() -> Found<World> {
        for server in
            ["server-everything", "server-filesystem", "server-memory", "server-brave-search"]
        {
            npm_server(server, None)?;
        }
        let temporary = tempfile::tempdir().unwrap();
        let around = temporary.path().to_owned();
        let token = format!("interlock-test-{}", around.file_name().unwrap().display());
        let raw = |mood: &str| {
            format!("python3 {} {}/journal{mood}", script().display(), around.display())
        };
        let servers = [
            ("raw", raw("")),
            ("nextnull", raw(" 2025-06-18 nextnull")),
            ("old", raw(" 2024-11-05")),
        ];
        let servers = servers.each_ref().map(|(name, command)| (*name, command.as_str()));
        let bundle = root().join("tests/e2e/clients/bundle");
        let domain = Domain::within(temporary, &bundle, &["agent"], &servers);
        add_servers(&domain.folder().join("interlock.toml"), &around, &token);
        // A start looks for programs: this one goes afterwards.
        let program = around.join("mcp-server");
        fs::copy("/bin/sh", &program).unwrap();
        let node = Some(Node::start(&domain.folder()));
        fs::remove_file(program).unwrap();
        Ok(World { domain, node, token })
    }

    /// The command of a session with this server.
    pub(crate) fn governed(&self, server: &str) -> Vec<String> {
        governed(&self.domain.folder(), server)
    }

    /// The command of the raw server itself, in this mood.
    pub(crate) fn direct(&self, mood: &str) -> Vec<String> {
        let journal = self.domain.around().join("journal-of-direct").display().to_string();
        let mut command = vec!["python3".to_owned(), script().display().to_string(), journal];
        if mood == "nextnull" {
            command.extend(["2025-06-18".to_owned(), mood.to_owned()]);
        }
        command
    }

    /// What the raw server has read.
    pub(crate) fn journal(&self) -> String {
        let bytes = fs::read(self.domain.around().join("journal")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A new folder for what a client leaves.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        let folder = self.domain.around().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// Runs an officer's command, which must succeed.
    pub(crate) fn officer(&self, command: &str, words: &[&str]) {
        let folder = self.domain.folder().display().to_string();
        let key = self.domain.folder().join("keys/officer.skey").display().to_string();
        let mut all = vec![command, &folder];
        all.extend(words);
        all.extend(["--key", &key]);
        all.extend((command == "approve").then_some("--yes"));
        let ended = run(&all);
        assert_eq!(ended.code, Some(0), "{command} {words:?}: {}", ended.stderr);
    }

    /// The domain's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.domain.folder()
    }

    /// SIGTERM to the node, and its end.
    pub(crate) fn stop(&mut self) -> bool {
        self.node.take().is_some_and(|node| node.stop().success())
    }
}

/// The command of a session with a server of the domain in this folder.
pub(crate) fn governed(folder: &Path, server: &str) -> Vec<String> {
    let folder = folder.display().to_string();
    [BINARY, "mcp", &folder, "--server", server].map(str::to_owned).into()
}

fn script() -> PathBuf {
    root().join("tests/e2e/clients/server.py")
}

/// Servers whose environment or folder `interlock init` does not ask for.
fn add_servers(configuration: &Path, around: &Path, token: &str) {
    let npm = root().join("target/peers/npm");
    let bin = npm.join("node_modules/.bin");
    let (npm, bin, around) = (npm.display(), bin.display(), around.display());
    let added = format!(
        r#"
[servers.everything]
command = ["npx", "-y", "@modelcontextprotocol/server-everything"]
danger_same_user = true
directory = "{npm}"
env = {{ PATH = "{SERVER_PATH}", HOME = "{around}", npm_config_offline = "true", TOKEN = "{token}" }}

[servers.memory]
command = ["node", "{bin}/mcp-server-memory"]
danger_same_user = true
env = {{ PATH = "{SERVER_PATH}", MEMORY_FILE_PATH = "{around}/memory.json" }}

[servers.brave]
command = ["node", "{bin}/mcp-server-brave-search"]
danger_same_user = true
env = {{ PATH = "{SERVER_PATH}", BRAVE_API_KEY = "none" }}

[servers.missing]
command = ["{around}/mcp-server"]
danger_same_user = true
"#
    );
    let before = fs::read_to_string(configuration).unwrap();
    fs::write(configuration, before + added.as_str()).unwrap();
}
