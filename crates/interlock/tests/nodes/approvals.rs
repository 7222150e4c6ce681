//! Approvals and meters at a whole node: an agent asks, an officer approves by the command line,
//! the agent asks again.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{BINARY, Client, Domain, Node, run};

/// The small bundle, where finance approves reports and one draft and one report are written in an
/// hour.
fn bundle(folder: &Path) {
    let policies = r#"@id("reports") @approval("1 of finance within 10m") @advice("finance approves reports")
permit (principal, action == Action::"write_file", resource) when { context.input.path like "reports/*" };
"#;
    crate::small::second_semantics(folder, "", policies);
    let meters = "[meters.files]\nunit = \"files\"\nlimit = 2\nwindow = \"1h\"\nper = \"workload\"\n\
                  [[charges]]\nmeter = \"files\"\naction = \"write_file\"\namount = 1\n";
    fs::write(folder.join("meters.toml"), meters).unwrap();
}

struct Site {
    domain: Domain,
    around: tempfile::TempDir,
}

impl Site {
    fn begin() -> Site {
        let around = tempfile::tempdir().unwrap();
        bundle(&around.path().join("bundle"));
        let office = format!("{BINARY} office-server --root OFFICE");
        let servers = [("office", office.as_str())];
        let domain = Domain::new(&around.path().join("bundle"), &["agent"], &servers);
        Site { domain, around }
    }

    fn domain(&self) -> String {
        self.domain.folder().display().to_string()
    }

    fn path(&self, name: &str) -> String {
        self.around.path().join(name).display().to_string()
    }

    /// What the command line prints, of which it must say that it is done.
    fn interlock(&self, words: &[&str]) -> String {
        let ended = run(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.stderr);
        ended.stdout
    }

    fn fails(&self, words: &[&str]) -> String {
        let ended = run(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_ne!(ended.code, Some(0), "{words:?}: {}", ended.stdout);
        ended.stderr
    }

    /// Gives `finance` to a new key, and makes another that has no role.
    fn appoint(&self) {
        let make = |name: &str| {
            let name_of_key = format!("office/{name}");
            self.interlock(&["key", &self.path(name), "--name", &name_of_key]).trim().to_owned()
        };
        let (ann, _eve) = (make("ann"), make("eve"));
        let roles = self.interlock(&["roles", &self.domain(), "--json"]);
        let roles: Value = serde_json::from_str(&roles).unwrap();
        let officer = roles["root"]["keys"][0].as_str().unwrap();
        let mut file: String = ["root", "policy", "registrar", "trust"]
            .map(|role| format!("[roles.{role}]\nthreshold = 1\nkeys = [\"{officer}\"]\n"))
            .concat();
        file += &format!("[roles.finance]\nthreshold = 1\nkeys = [\"{ann}\"]\n");
        fs::write(self.path("roles.toml"), file).unwrap();
        let (domain, proposal) = (self.domain(), self.path("proposal"));
        self.interlock(&[
            "propose",
            &domain,
            "--out",
            &proposal,
            "roles",
            &self.path("roles.toml"),
        ]);
        let key = self.domain.folder().join("keys/officer.skey").display().to_string();
        self.interlock(&["sign", &proposal, "--key", &key, "--yes"]);
        self.interlock(&["publish", &proposal, &domain]);
    }
}

/// Calls `write_file` on a report, standing on a pending decision or not.
fn write(client: &mut Client, id: &str, text: &str, pending: Option<&str>) -> Value {
    let mut params = json!({
        "name": "write_file",
        "arguments": {"path": "reports/q4.md", "text": text},
    });
    if let Some(pending) = pending {
        params["_meta"] = json!({"interlock/pending": pending});
    }
    let call = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params});
    client.send_json(&call).unwrap();
    client.read().unwrap().unwrap()
}

#[test]
fn a_report_is_written_once_by_what_an_officer_approved() {
    let site = Site::begin();
    let node = Node::start(&site.domain.folder());
    site.appoint();
    let domain = site.domain();
    let mut client = Client::join(&site.domain.socket(), "agent", "office").unwrap();
    client.greet().unwrap();

    let waits = write(&mut client, "1", "sales are up", None);
    let (code, data) = (&waits["error"]["code"], &waits["error"]["data"]);
    assert_eq!((code, &data["code"]), (&json!(-32_004), &json!("approval.required")), "{waits}");
    assert_eq!(data["advice"], json!(["finance approves reports"]));
    assert_eq!(data["awaits"], json!([{"count": 1, "role": "finance", "within_ms": 600_000}]));
    assert!(!waits.to_string().contains("permit ("), "never policy text: {waits}");
    let pending = data["pending"].as_str().unwrap().to_owned();
    let early = write(&mut client, "2", "sales are up", Some(&pending));
    assert_eq!(early["error"]["data"]["advice"][0], "0 of 1 of `finance` have approved");

    let listed: Value =
        serde_json::from_str(&site.interlock(&["approvals", "list", &domain, "--json"])).unwrap();
    assert_eq!((&listed["pending"], &listed["state"]), (&json!(pending), &json!("waits")));
    assert_eq!(listed["asked_for"], "office/write_file");
    let start = pending.get(..6).unwrap();
    let shown = site.interlock(&["approvals", "show", &domain, start]);
    assert!(shown.contains("sales are up") && shown.contains("1 of finance"), "{shown}");

    let stranger = site.fails(&["approve", &domain, &pending, "--key", &site.path("eve"), "--yes"]);
    assert!(stranger.contains("has no such role"), "{stranger}");
    let refusal = ["approve", &domain, &pending, "--key", &site.path("eve"), "--refuse"];
    let refused = site.fails(&refusal);
    assert!(refused.contains("approval.role"), "the node says it too: {refused}");
    let approved =
        site.interlock(&["approve", &domain, start, "--key", &site.path("ann"), "--yes"]);
    assert!(approved.contains("approved "), "{approved}");
    let twice = site.fails(&["approve", &domain, &pending, "--key", &site.path("ann"), "--yes"]);
    assert!(twice.contains("approval.twice"), "{twice}");

    let changed = write(&mut client, "3", "sales are down", Some(&pending));
    let what = "it asks for something else than what waited for approval";
    assert_eq!(changed["error"]["data"]["advice"][0], what);
    drop(client);
    // Who reconnects joins the same execution.
    let mut client = Client::join(&site.domain.socket(), "agent", "office").unwrap();
    client.greet().unwrap();
    let done = write(&mut client, "4", "sales are up", Some(&pending));
    assert!(done.get("result").is_some(), "{done}");
    let file = site.domain.office().join("files/reports/q4.md");
    let written = fs::read_to_string(file).unwrap();
    assert_eq!(written, "sales are up", "what was forwarded is what was approved");
    let again = write(&mut client, "5", "sales are up", Some(&pending));
    assert_eq!(again["error"]["data"]["advice"][0], "what was approved was done already");
    let nonsense = write(&mut client, "6", "sales are up", Some("soon"));
    assert_eq!(nonsense["error"]["data"]["kind"], "session.pending_id", "{nonsense}");

    let used: Value =
        serde_json::from_str(&site.interlock(&["meters", &domain, "--json"])).unwrap();
    assert_eq!(
        (&used["used"], &used["limit"], &used["subject"]),
        (&json!(1), &json!(2), &json!("agent"))
    );
    let draft = json!({"path": "drafts/a.md", "text": "x"});
    assert!(client.call("7", "write_file", &draft).get("result").is_some());
    let third = client.call("8", "write_file", &draft);
    assert_eq!(third["error"]["data"]["code"], "meter.exhausted", "{third}");

    drop(node);
    let replayed = site.interlock(&["replay", &domain, "--json"]);
    let replayed: Value = serde_json::from_str(&replayed).unwrap();
    assert_eq!((&replayed["different"], &replayed["not_replayable"]), (&json!(0), &json!(0)));
    let record = done_record(&site);
    let explained = site.interlock(&["explain", &domain, &record.to_string()]);
    assert!(explained.contains("approved by office/ann"), "{explained}");
    assert!(explained.contains(&pending), "{explained}");
}

/// The index of the permit that stood on an approval.
fn done_record(site: &Site) -> u64 {
    let shown = site.interlock(&["log", "show", &site.domain(), "--json"]);
    let lines = shown.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let is_done = |line: &Value| {
        line["record"]["retry"].is_object() && line["record"]["decision"]["decision"] == "permit"
    };
    lines.filter(is_done).find_map(|line| line["index"].as_u64()).unwrap()
}
