use std::collections::BTreeMap;

use super::*;

const OWN: u32 = 1_000;

fn server(words: &[&str]) -> Server {
    Server {
        command: words.iter().map(|word| (*word).to_owned()).collect(),
        user: None,
        danger_same_user: true,
        environment: BTreeMap::new(),
        directory: None,
        deadline_ms: 1_000,
    }
}

#[test]
fn a_server_as_the_nodes_own_user_needs_the_switch() {
    let server = Server { danger_same_user: false, ..server(&["sh"]) };
    for user in [None, Some((OWN, OWN)), Some((0, 0))] {
        let why = problem(&Server { user, ..server.clone() }, OWN).unwrap_err().to_string();
        assert!(why.contains("danger_same_user"), "{why}");
    }
    let why = problem(&server, 0).unwrap_err().to_string();
    assert!(why.starts_with("it would run as root"), "{why}");
    assert_eq!(problem(&Server { user: Some((7, 7)), ..server }, 0), Ok(()));
}

#[test]
fn separated_needs_node_server_and_client_apart() {
    for (node, server, client) in [(0, 1, 2), (1, 2, 3)] {
        assert_eq!(assurance_of(node, server, client), Assurance::Separated);
    }
    for (node, server, client) in [
        (0, 0, 1),
        (0, 1, 0),
        (0, 1, 1),
        (1, 1, 2),
        (1, 2, 1),
        (1, 2, 2),
        (1, 0, 2),
        (1, 2, 0),
        (1, 1, 1),
    ] {
        assert_eq!(assurance_of(node, server, client), Assurance::Cooperative);
    }
}

#[test]
fn only_root_starts_a_server_as_somebody_else() {
    let server = Server { user: Some((7, 7)), ..server(&["sh"]) };
    assert!(
        problem(&server, OWN).unwrap_err().to_string().contains("only a node that runs as root")
    );
}

#[test]
fn a_program_is_found_as_the_server_would_find_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    std::fs::write(folder.path().join("data"), "x").unwrap();
    assert_eq!(problem(&server(&["sh"]), OWN), Ok(()));
    assert_eq!(problem(&server(&["/bin/sh"]), OWN), Ok(()));
    let missing = problem(&server(&["no-such-server"]), OWN).unwrap_err().to_string();
    assert!(missing.contains("`no-such-server`: it was not found"), "{missing}");
    let elsewhere = BTreeMap::from([("PATH".to_owned(), path.clone())]);
    let why = problem(&Server { environment: elsewhere, ..server(&["sh"]) }, OWN)
        .unwrap_err()
        .to_string();
    assert!(why.contains("`sh`: it was not found"), "{why}");
    let why = problem(&server(&[&format!("{path}/data")]), OWN).unwrap_err().to_string();
    assert!(why.contains("no file that can be executed"), "{why}");
    assert!(problem(&server(&[&path]), OWN).is_err());
}

#[test]
fn a_folder_that_is_not_there_is_told() {
    let server = Server { directory: Some("/no/such/folder".into()), ..server(&["sh"]) };
    assert!(
        problem(&server, OWN).unwrap_err().to_string().contains("`/no/such/folder` is not there")
    );
}

#[test]
fn every_server_that_cannot_start_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = crate::fixture::options(folder.path());
    for name in ["one", "two"] {
        options.servers.insert(name.to_owned(), server(&["no-such-server"]));
    }
    options.servers.insert("three".to_owned(), server(&["sh"]));
    let why = check(&options).unwrap_err();
    assert_eq!(why.code(), "server");
    let text = why.to_string();
    assert!(
        text.contains("`one`") && text.contains("`two`") && !text.contains("`three`"),
        "{text}"
    );
}
