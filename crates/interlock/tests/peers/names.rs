//! npm's `server-filesystem` finds one file under many names. No name of a file gets round a rule
//! about that file: where the server would hand it out, the forbid fires, the permit does not, or
//! the name is refused.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::found::{npm_server, or_skip, root};
use crate::site::{Served, Site};
use crate::support::{Client, Node};

const SECRET: &str = "MARKER-SECRET";

/// Other spellings of a path's parts: a folder of files, a folder in it, a file in that.
fn spellings(files: &str, folder: &str) -> Vec<String> {
    let plain = format!("{files}/{folder}/x.txt");
    let mut all = vec![
        plain.clone(),
        format!("{files}//{folder}/x.txt"),
        format!("{files}/./{folder}/x.txt"),
        format!("{files}/{folder}//x.txt"),
        format!("{files}/{folder}/./x.txt"),
        format!("/{plain}"),
        format!("/.{plain}"),
        format!("{plain}/"),
        format!("{plain}/."),
        format!("{files}/reports/../{folder}/x.txt"),
        format!("{folder}/x.txt"),
        format!("./{folder}/x.txt"),
        format!("\"{plain}\""),
        format!("{plain} "),
        format!(" {plain}"),
        format!("{files}/{folder} /x.txt"),
        format!("{files}/{folder}./x.txt"),
        format!("file://{plain}"),
        plain.replace('/', "\\"),
        plain.replace("/x", "%2Fx"),
        format!("{files}/{}/x.txt", folder.to_lowercase()),
        format!("{files}/{}/x.txt", folder.to_uppercase()),
    ];
    for (letter, other) in [
        ("K", "\u{212a}"),
        ("ä", "a\u{308}"),
        ("Y", "\u{ff39}"),
        ("t", "t\u{200b}"),
        ("l", "l\u{34f}"),
    ] {
        if folder.contains(letter) {
            all.push(format!("{files}/{}/x.txt", folder.replacen(letter, other, 1)));
        }
    }
    all
}

fn call(client: &mut Client, (id, tool): (&str, &str), path: &str) -> Value {
    client.call(id, tool, &json!({ "path": path }))
}

fn server(script: &Path, files: &str) -> Client {
    let mut command = Command::new("node");
    command.arg(script).arg(files).current_dir(files);
    let mut client = Client::of(&mut command).unwrap();
    client.greet().unwrap();
    client
}

#[test]
fn no_spelling_of_a_name_gets_round_a_rule_about_it() {
    let Some(script) = or_skip(npm_server("server-filesystem", None)) else { return };
    let served = Served { name: "files", script: &script, argument: "FILES", user: None };
    let site = Site::new(None, Some(&root().join("tests/e2e/names")), &served);
    for folder in ["KYC", "gehälter"] {
        std::fs::create_dir(site.files().join(folder)).unwrap();
        std::fs::write(site.files().join(folder).join("x.txt"), SECRET).unwrap();
    }
    let report = site.report("x.txt", "a report");
    let files = site.files().display().to_string();
    let node = Node::start(&site.domain());
    let mut agent = Client::join(&site.domain().join("node.sock"), "agent", "files").unwrap();
    agent.greet().unwrap();
    let mut direct = server(&script, &files);

    let mut found = Vec::new();
    for (number, path) in
        ["KYC", "gehälter"].iter().flat_map(|folder| spellings(&files, folder)).enumerate()
    {
        let id = number.to_string();
        let opens = call(&mut direct, (&id, "read_text_file"), &path).to_string().contains(SECRET);
        for tool in ["read_text_file", "read_file"] {
            let answer = call(&mut agent, (&format!("{tool}-{id}"), tool), &path);
            assert!(!answer.to_string().contains(SECRET), "{tool} {path:?}: {answer}");
        }
        println!("{} {path:?}", if opens { "opens" } else { "     " });
        found.extend(opens.then_some(path));
    }
    // Else nothing was tried.
    for spelling in ["//", "/./", "\u{212a}", "a\u{308}"] {
        assert!(found.iter().any(|path| path.contains(spelling)), "{spelling:?} of {found:#?}");
    }
    // What is meant goes through, however it is written.
    for (number, path) in
        [report.clone(), report.replace("/reports", "//reports/.")].iter().enumerate()
    {
        for tool in ["read_text_file", "read_file"] {
            let answer = call(&mut agent, (&format!("{tool}-report-{number}"), tool), path);
            assert!(answer.to_string().contains("a report"), "{tool} {path:?}: {answer}");
        }
    }
    drop(agent);
    assert!(node.stop().success());
}
