//! The starter bundle, as it lies in `bundles/starter`, inside the program.

use include_dir::{Dir, include_dir};
use policy::{Bundle, Files};
use proof::json::{Object, Value, object};

use crate::exit::{Exit, Failure};

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../bundles/starter");

const ENTITIES: &str = "entities.json";

/// Its files.
fn files() -> Files {
    let mut files = Files::new();
    collect(&STARTER, &mut files);
    files
}

/// Loads it for a domain with these workloads: they are the office.
pub(crate) fn bundle(workloads: &[&str]) -> Result<Bundle, Failure> {
    Bundle::load(&with_office(workloads))
        .map_err(|why| Failure::new(Exit::Failed, "the starter bundle does not load").why(why))
}

/// Its files, with these workloads in the office, whose agents may pay and start helpers.
pub(crate) fn with_office(workloads: &[&str]) -> Files {
    let mut files = files();
    let member = |name: &&str| {
        object([
            ("uid", object([("type", "Workload".into()), ("id", Value::from(*name))])),
            ("attrs", Value::Object(Object::new())),
            (
                "parents",
                Value::Array(vec![object([("type", "Group".into()), ("id", "office".into())])]),
            ),
        ])
    };
    let members: Vec<Vec<u8>> = workloads.iter().map(|name| member(name).to_bytes()).collect();
    if let Some(entities) = files.get_mut(ENTITIES) {
        for member in members {
            entities.splice(1..1, [b"\n  ".as_slice(), &member, b","].concat());
        }
    }
    files
}

fn collect(dir: &Dir<'_>, files: &mut Files) {
    for file in dir.files() {
        files.insert(file.path().to_string_lossy().into_owned(), file.contents().to_vec());
    }
    dir.dirs().for_each(|dir| collect(dir, files));
}

#[cfg(test)]
mod tests {
    use policy::protocol;
    use policy::reach::{DomainNames, unreached};
    use wire::mcp::{Kind, Method, Party};

    /// The actions for messages in the protocol's table.
    fn actions(of: Party, before: &str, kinds: &[Kind]) -> std::collections::BTreeSet<String> {
        let all = Method::ALL.iter().filter(|(.., kind, _)| kinds.contains(kind));
        let from = all.filter(|(.., senders)| senders.contains(&of));
        from.map(|(_, name, ..)| format!("{before}{name}")).collect()
    }

    #[test]
    fn the_decider_has_the_actions_of_the_protocols_table() {
        let both = [Kind::Request, Kind::Notification];
        let mut of_clients = actions(Party::Client, "", &both);
        assert!(of_clients.remove("tools/call"));
        let of_servers = actions(Party::Server, "server/", &both);
        let answers = actions(Party::Server, "answer/", &[Kind::Request]);
        assert!(of_clients.iter().eq(&protocol::OF_CLIENTS));
        assert!(of_servers.iter().eq(&protocol::OF_SERVERS));
        assert!(answers.iter().eq(&protocol::OF_ANSWERS));
    }

    #[test]
    fn the_starter_bundle_loads() {
        assert_eq!(super::bundle(&[]).unwrap().name(), "starter");
    }

    #[test]
    fn the_workloads_of_a_new_domain_may_pay_and_start_helpers() {
        let bundle = super::bundle(&["writer", "a\"b"]).unwrap();
        let domain = DomainNames {
            workloads: ["writer".to_owned()].into(),
            roles: [("finance".to_owned(), 1)].into(),
            servers: ["files".to_owned(), "office".to_owned()].into(),
        };
        let warnings = unreached(&bundle, Some(&domain));
        let of_office = warnings.iter().filter(|warning| {
            let text = warning.to_string();
            text.contains("office") || text.contains("`pay`")
        });
        assert_eq!(of_office.count(), 0, "{warnings:?}");
    }
}
