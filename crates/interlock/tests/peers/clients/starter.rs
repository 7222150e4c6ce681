//! The starter bundle with npm's `server-filesystem` and the sample office.

use std::fs;

use serde_json::json;

use super::library::Library;
use super::sessions::{Judged, result};
use super::table::PATIENCE;
use super::world::governed;
use super::{Pair, cut};
use crate::found::{npm_server, root};
use crate::support::{BINARY, Domain, Node};

/// A picture of more than 1 MiB as a message, of bytes that no detector is to look at.
const PICTURE_BYTES: usize = 900_000;

/// No spelling of a name gets round a rule about it; a picture brings no label of a secret, and
/// mail still goes.
pub(crate) fn names_and_pictures(pair: &mut Pair) -> Judged {
    let temporary = tempfile::tempdir().unwrap();
    let files = temporary.path().join("srv");
    let bundle = with_rule(&temporary.path().join("bundle"));
    for folder in ["reports", "reports/KYC"] {
        fs::create_dir_all(files.join(folder)).unwrap();
        fs::write(files.join(folder).join("x.txt"), format!("of {folder}")).unwrap();
    }
    fs::write(files.join("reports/shot.png"), picture()).unwrap();
    let script = npm_server("server-filesystem", None)?;
    let served = format!("node {} {}", script.display(), files.display());
    let office = format!("{BINARY} office-server --root OFFICE");
    let servers = [("files", served.as_str()), ("office", office.as_str())];
    let domain = Domain::new(&bundle, &["agent"], &servers);
    let node = Node::start(&domain.folder());

    let live = &mut pair.governed;
    live.open(&governed(&domain.folder(), "files"));
    let reports = files.join("reports").display().to_string();
    result(live, "read_text_file", &json!({"path": format!("{reports}/x.txt")}))?;
    let spellings = ["\u{212a}YC", "KYC", "./KYC", "/KYC", "x/../KYC"];
    // The inspector is a process for each call.
    let count = if pair.library == Library::Inspector { 1 } else { spellings.len() };
    let live = &mut pair.governed;
    for spelling in &spellings[..count] {
        let path = format!("{reports}/{spelling}/x.txt");
        let seen = live.call("read_text_file", &json!({ "path": path }), PATIENCE);
        if seen.get("error").is_none() || seen.to_string().contains("of reports/KYC") {
            return Err(format!("{path}: {}", cut(&seen, 600)));
        }
    }
    let media = result(live, "read_media_file", &json!({"path": format!("{reports}/shot.png")}))?;
    let letters = media["content"][0]["data"].as_str().map_or(0, str::len);
    if letters < PICTURE_BYTES {
        return Err(format!("a picture of {letters} letters: {}", cut(&media, 300)));
    }
    live.open(&governed(&domain.folder(), "office"));
    let mail = json!({"to": "a@example.com", "subject": "s", "body": "nothing secret"});
    result(live, "send_mail", &mail)?;
    drop(node);
    Ok(())
}

/// Bytes whose base64 has no pattern to speak of.
fn picture() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..PICTURE_BYTES).map(|_| next()).collect()
}

/// The starter bundle with a rule about names.
fn with_rule(folder: &std::path::Path) -> std::path::PathBuf {
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .arg(root().join("bundles/starter"))
        .arg(folder)
        .status();
    assert!(copied.unwrap().success());
    let rule = r#"@id("files.no-kyc")
forbid (principal, action in Action::"Path", resource) when { context.input.path like "*/KYC/*" };
"#;
    fs::write(folder.join("policies/kyc.dw"), rule).unwrap();
    folder.to_owned()
}
