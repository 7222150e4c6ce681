//! Several officers, each with a key in a folder of their own: two of three govern, one alone takes
//! away.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use crate::support::{BINARY, Client, Domain, Node, run};

/// A domain that three officers govern two by two, a running node, and a place for proposals.
struct Site {
    domain: Domain,
    around: tempfile::TempDir,
    _node: Node,
}

fn small_bundle() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/nodes/bundle")
}

impl Site {
    fn start() -> Site {
        let office = format!("{BINARY} office-server --root OFFICE");
        let domain = Domain::new(&small_bundle(), &["agent"], &[("office", office.as_str())]);
        let around = tempfile::tempdir().unwrap();
        let node = Node::start(&domain.folder());
        let site = Site { domain, around, _node: node };
        let mut roles = String::new();
        for name in ["alice", "bob", "carol"] {
            fs::create_dir(site.path(name)).unwrap();
            let made =
                site.interlock(&["key", &site.key(name), "--name", &format!("office/{name}")]);
            fs::write(site.path(&format!("{name}.vkey")), made.1).unwrap();
        }
        for role in ["root", "policy", "registrar", "trust"] {
            roles += &format!(
                "[roles.{role}]\nthreshold = 2\nkeys = [\"alice.vkey\", \"bob.vkey\", \"carol.vkey\"]\n"
            );
        }
        fs::write(site.path("roles.toml"), roles).unwrap();
        // From the one officer of `init` to three: signed by the old root and by the new one.
        site.propose("handover", &["roles", &site.path("roles.toml").display().to_string()]);
        let first = site.domain.folder().join("keys/officer.skey");
        assert_eq!(site.sign("handover", &first.display().to_string()).0, Some(0));
        assert_eq!(site.publish("handover", &[]).0, Some(2), "the new root has not signed");
        assert_eq!(site.sign("handover", &site.key("alice")).0, Some(0));
        assert_eq!(site.sign("handover", &site.key("carol")).0, Some(0));
        assert_eq!(site.publish("handover", &[]).0, Some(0));
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.around.path().join(name)
    }

    fn key(&self, name: &str) -> String {
        self.path(name).join("officer.skey").display().to_string()
    }

    fn domain(&self) -> String {
        self.domain.folder().display().to_string()
    }

    fn interlock(&self, words: &[&str]) -> (Option<i32>, String, String) {
        let ended = run(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        (ended.code, ended.stdout, ended.stderr)
    }

    fn propose(&self, name: &str, what: &[&str]) {
        let (domain, out) = (self.domain(), self.path(name).display().to_string());
        let words = [&["propose", &domain, "--out", &out], what].concat();
        let proposed = self.interlock(&words);
        assert_eq!(proposed.0, Some(0), "{}", proposed.2);
    }

    fn sign(&self, name: &str, key: &str) -> (Option<i32>, String, String) {
        let file = self.path(name).display().to_string();
        self.interlock(&["sign", &file, "--key", key, "--domain", &self.domain(), "--yes"])
    }

    fn publish(&self, name: &str, more: &[&str]) -> (Option<i32>, String, String) {
        let (file, domain) = (self.path(name).display().to_string(), self.domain());
        self.interlock(&[&["publish", &file, &domain], more].concat())
    }

    fn client(&self) -> Client {
        let mut client = Client::join(&self.domain.socket(), "agent", "office").unwrap();
        client.greet().unwrap();
        client
    }
}

#[test]
fn two_of_three_publish_signing_apart_and_one_alone_cannot() {
    let site = Site::start();
    let bundle = site.path("bundle");
    fs::create_dir_all(bundle.join("policies")).unwrap();
    for file in ["bundle.toml", "entities.json", "schema.cedarschema", "policies/small.dw"] {
        fs::copy(small_bundle().join(file), bundle.join(file)).unwrap();
    }
    let policies = bundle.join("policies/small.dw");
    let text = fs::read_to_string(&policies).unwrap();
    fs::write(&policies, text + "@id(\"no-drafts\") forbid (principal, action == Action::\"write_file\", resource);\n").unwrap();
    let bundle = bundle.display().to_string();

    let mut client = site.client();
    let draft = json!({"path": "drafts/a.md", "text": "x"});
    assert!(client.call("1", "write_file", &draft).get("result").is_some());
    site.propose("new", &["bundle", &bundle]);
    let alone = site.sign("new", &site.key("alice"));
    assert!(alone.1.contains("2 of the 3 officers of `policy`, and has 1"), "{}", alone.1);
    let refused = site.publish("new", &["--bundle", &bundle]);
    assert_eq!(refused.0, Some(2), "{}", refused.2);
    assert!(refused.2.contains("and has 1"), "{}", refused.2);
    assert!(client.call("2", "write_file", &draft).get("result").is_some(), "nothing has changed");

    let enough = site.sign("new", &site.key("bob"));
    assert!(enough.1.contains("signed by enough"), "{}", enough.1);
    let published = site.publish("new", &["--bundle", &bundle]);
    assert_eq!(published.0, Some(0), "{}", published.2);
    let denied = client.call("3", "write_file", &draft);
    assert!(denied.to_string().contains("policy.denied"), "{denied}");
    // The same file again is based on what was before it.
    let again = site.publish("new", &["--bundle", &bundle]);
    assert_eq!(again.0, Some(2), "{}", again.2);
    assert!(again.2.contains("this was published already, as governance record"), "{}", again.2);
    // The key of `init` has no role any more.
    let left = site.interlock(&["bundle", "publish", &bundle, &site.domain()]);
    assert_eq!(left.0, Some(2), "{}", left.2);
    assert!(left.2.contains("no role"), "{}", left.2);
    let verified = site.interlock(&["log", "verify", &site.domain(), "--json"]);
    assert_eq!(verified.0, Some(0), "{}", verified.2);
}

#[test]
fn one_alone_halts_at_once_and_two_restore() {
    let site = Site::start();
    let mut client = site.client();
    let draft = json!({"path": "drafts/a.md", "text": "x"});
    assert!(client.call("1", "write_file", &draft).get("result").is_some());
    let turned_away = || {
        let refused = Client::join(&site.domain.socket(), "agent", "office").err();
        refused.map(|why| why.to_string()).unwrap_or_default()
    };
    site.propose("halt", &["halt", "workload:agent"]);
    assert_eq!(site.sign("halt", &site.key("carol")).0, Some(0));
    let ordered = Instant::now();
    assert_eq!(site.publish("halt", &[]).0, Some(0));
    while client.read().is_ok_and(|message| message.is_some()) {}
    let took = ordered.elapsed();
    assert!(turned_away().contains("execution.halted"), "{}", turned_away());
    eprintln!(
        "from the order to the end of the session, the order's own process included: {took:?}"
    );

    site.propose("lift", &["lift", "workload:agent"]);
    assert_eq!(site.sign("lift", &site.key("carol")).0, Some(0));
    assert_eq!(site.publish("lift", &[]).0, Some(2), "one alone does not restore");
    assert!(turned_away().contains("execution.halted"), "{}", turned_away());
    assert_eq!(site.sign("lift", &site.key("alice")).0, Some(0));
    assert_eq!(site.publish("lift", &[]).0, Some(0));
    let mut client = site.client();
    assert!(client.call("4", "write_file", &draft).get("result").is_some());
}

#[test]
fn tampered_or_expired_proposal_is_refused() {
    let site = Site::start();
    site.propose("halt", &["halt", "domain"]);
    assert_eq!(site.sign("halt", &site.key("bob")).0, Some(0));
    let file = site.path("halt");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        text.replace("\"kind\":\"domain\"", "\"kind\":\"zone\"")
            .replace("\"id\":\"\"", "\"id\":\"z\""),
    )
    .unwrap();
    let changed = site.publish("halt", &[]);
    assert_eq!(changed.0, Some(2), "{}", changed.2);
    assert!(changed.2.contains("signature is not good"), "{}", changed.2);
    let domain = site.domain();
    let out = site.path("short").display().to_string();
    let short = ["propose", &domain, "--out", &out, "--for", "1ms", "halt", "domain"];
    assert_eq!(site.interlock(&short).0, Some(0));
    let expired = site.sign("short", &site.key("bob"));
    assert_eq!(expired.0, Some(2), "{}", expired.2);
    fs::write(&file, "{}\n").unwrap();
    assert_eq!(site.sign("halt", &site.key("bob")).0, Some(65));
    assert_eq!(site.interlock(&["roles", &domain]).0, Some(0));
}

#[test]
fn too_long_key_name_is_refused_everywhere() {
    use proof::note::{Ed25519Signer, Signer as _};
    let site = Site::start();
    let said = "longer than 256 bytes";
    let name = format!("office/{}", "d".repeat(250));
    let made =
        site.interlock(&["key", &site.path("dan.skey").display().to_string(), "--name", &name]);
    assert!(made.0 == Some(78) && made.2.contains(said), "{}", made.2);

    // A key that something else made.
    let long = Ed25519Signer::from_seed(&name, &[7; 32]).unwrap().verifier().to_string();
    let roles = fs::read_to_string(site.path("roles.toml")).unwrap();
    fs::write(site.path("more.toml"), roles.replace("carol.vkey", "dan.vkey")).unwrap();
    fs::write(site.path("dan.vkey"), &long).unwrap();
    let [out, more] = ["more", "more.toml"].map(|name| site.path(name).display().to_string());
    let proposed = site.interlock(&["propose", &site.domain(), "--out", &out, "roles", &more]);
    assert!(proposed.0 == Some(2) && proposed.2.contains(said), "{}", proposed.2);

    // A proposal that something else made.
    let carol = fs::read_to_string(site.path("carol.vkey")).unwrap();
    site.propose("same", &["roles", &site.path("roles.toml").display().to_string()]);
    let text = fs::read_to_string(site.path("same")).unwrap();
    assert!(text.contains(carol.trim()));
    fs::write(site.path("same"), text.replace(carol.trim(), &long)).unwrap();
    let signed = site.sign("same", &site.key("alice"));
    assert!(signed.0 == Some(2) && signed.2.contains(said), "{}", signed.2);
    let file = site.path("same").display().to_string();
    let apart = site.interlock(&["sign", &file, "--key", &site.key("alice"), "--yes"]);
    assert!(apart.0 == Some(2) && apart.2.contains("--domain"), "{}", apart.2);
}
