//! The starter bundle, as it lies in `bundles/starter`, inside the program.

use include_dir::{Dir, include_dir};
use policy::{Bundle, Files};

use crate::exit::{Exit, Failure};

static STARTER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../bundles/starter");

/// Its files.
pub(crate) fn files() -> Files {
    let mut files = Files::new();
    collect(&STARTER, &mut files);
    files
}

/// Loads it.
pub(crate) fn bundle() -> Result<Bundle, Failure> {
    Bundle::load(&files())
        .map_err(|why| Failure::new(Exit::Failed, "the starter bundle does not load").why(why))
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
    use wire::mcp::{Kind, Method, Party};

    /// The actions by which the protocol's table says that a message goes.
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
    fn it_loads() {
        assert_eq!(super::bundle().unwrap().name(), "starter");
    }
}
