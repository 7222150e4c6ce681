use kernel::governance::{Change, Position, Proposal, Subject};
use proof::digest::Digest;
use proof::note::Ed25519Signer;

use super::*;

fn proposal() -> SignedProposal {
    let officer = Ed25519Signer::from_seed("example.test/officer", &[1; 32]).unwrap();
    let based_on =
        Position { origin: "example.test/governance".into(), size: 3, root: Digest::of(b"r") };
    let change = Change::HaltOrdered { subject: Subject::Domain };
    Proposal { based_on, expires_ms: 1, change }.sign(&officer).unwrap()
}

#[test]
fn each_first_line_reads_back_as_it_was_written() {
    for hello in [
        Hello::Govern { proposal: Box::new(proposal()), blob: None },
        Hello::Govern { proposal: Box::new(proposal()), blob: Some(vec![0, 255, 10]) },
    ] {
        let mut line = hello.to_line();
        assert_eq!(line.pop(), Some(b'\n'));
        assert!(!line.contains(&b'\n'), "one line");
        assert_eq!(Hello::parse(&line).unwrap(), hello);
    }
}

#[test]
fn whatever_is_not_exactly_a_first_line_is_refused() {
    for line in [
        "",
        "{}",
        "GET / HTTP/1.1\r",
        r#"{"type":"mcp","v":1}"#,
        r#"{"server":"s","type":"mcp","v":2,"workload":"w"}"#,
        r#"{"server":"s","type":"mcp","user":0,"v":1,"workload":"w"}"#,
        r#"{"server":"s","type":"mcp","v":1,"workload":"w","x":1}"#,
        r#"{"server":"s","type":"mcp", "v":1,"workload":"w"}"#,
        r#"{"type":"shutdown","v":1}"#,
        r#"{"blob":"AA","type":"govern","v":1}"#,
        r#"{"approval":{},"type":"approve","v":1}"#,
        r#"{"type":"approvals","v":1}"#,
        r#"{"beginning":"","type":"approvals","v":1,"workload":"w"}"#,
        r#"{"type":"status","v":1}"#,
    ] {
        assert!(Hello::parse(line.as_bytes()).is_err(), "{line}");
    }
}
