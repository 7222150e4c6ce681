use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, run};

/// A domain whose reports wait for finance, with the sample office as its server.
pub(crate) struct Site {
    pub(crate) domain: Domain,
    pub(crate) around: tempfile::TempDir,
}

impl Site {
    /// The server's command is split at spaces; `OFFICE` in it stands for the office's folder.
    pub(crate) fn begin(prefix: &str, server: &str, workloads: &[&str]) -> Site {
        let around = tempfile::Builder::new().prefix(prefix).tempdir().unwrap();
        bundle(&around.path().join("bundle"));
        let within = tempfile::Builder::new().prefix(prefix).tempdir().unwrap();
        let servers = [("office", server)];
        let domain = Domain::within(within, &around.path().join("bundle"), workloads, &servers);
        Site { domain, around }
    }

    pub(crate) fn new() -> Site {
        Site::begin("site", &format!("{BINARY} office-server --root OFFICE"), &["agent"])
    }

    pub(crate) fn domain(&self) -> String {
        self.domain.folder().display().to_string()
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.around.path().join(name).display().to_string()
    }

    pub(crate) fn officer(&self) -> String {
        self.domain.folder().join("keys/officer.skey").display().to_string()
    }

    /// What the command line prints, of which it must say that it is done.
    pub(crate) fn interlock(&self, words: &[&str]) -> String {
        let ended = run(words);
        assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.stderr);
        ended.stdout
    }

    /// The answer to the call of a tool of that client.
    pub(crate) fn client(&self) -> Client {
        let mut client = Client::join(&self.domain.socket(), "agent", "office").unwrap();
        client.greet().unwrap();
        client
    }

    /// Has a report wait for approval, and gives its pending id.
    pub(crate) fn waits(&self, client: &mut Client, path: &str) -> String {
        let report = json!({"path": path, "text": "sales are up"});
        let answer = client.call("w", "write_file", &report);
        answer["error"]["data"]["pending"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// The execution of the workload `agent`: the newest that began.
    pub(crate) fn execution(&self) -> String {
        let began = self.records("lineage").into_iter().rev();
        let mut began = began.filter(|line| line["record"]["type"] == "execution.started");
        began.next().unwrap()["record"]["execution"].as_str().unwrap().to_owned()
    }

    /// Gives `finance` to a new key, and the path of its file.
    pub(crate) fn finance(&self) -> String {
        let ann = self.path("ann.skey");
        let vkey = self.interlock(&["key", &ann, "--name", "office/ann"]).trim().to_owned();
        let roles = self.interlock(&["roles", &self.domain(), "--json"]);
        let roles: Value = serde_json::from_str(&roles).unwrap();
        let officer = roles["root"]["keys"][0].as_str().unwrap();
        let role =
            |name: &str, key: &str| format!("[roles.{name}]\nthreshold = 1\nkeys = [\"{key}\"]\n");
        let mut file =
            ["root", "policy", "registrar", "trust"].map(|name| role(name, officer)).concat();
        file += &role("finance", &vkey);
        fs::write(self.path("roles.toml"), file).unwrap();
        let (domain, proposal, roles) =
            (self.domain(), self.path("roles.json"), self.path("roles.toml"));
        self.interlock(&["propose", &domain, "--out", &proposal, "roles", &roles]);
        self.interlock(&["sign", &proposal, "--key", &self.officer(), "--yes"]);
        self.interlock(&["publish", &proposal, &domain]);
        ann
    }

    /// Every record of a log.
    pub(crate) fn records(&self, log: &str) -> Vec<Value> {
        let shown = self.interlock(&["log", "show", &self.domain(), "--log", log, "--json"]);
        shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// The small bundle, where finance approves reports.
fn bundle(folder: &Path) {
    let policies = r#"@id("reports") @approval("1 of finance within 10m") @advice("finance approves reports")
permit (principal, action == Action::"write_file", resource) when { context.input.path like "reports/*" };
"#;
    crate::small::second_semantics(folder, "", policies);
    fs::write(folder.join("meters.toml"), METERS).unwrap();
}

const METERS: &str = "[meters.files]\nunit = \"files\"\nlimit = 100\nwindow = \"1h\"\nper = \"workload\"\n\
                      [[charges]]\nmeter = \"files\"\naction = \"write_file\"\namount = 1\n";
