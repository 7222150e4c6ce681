use super::*;

/// The rows of the table in the documents that begin with a number.
fn documented() -> Vec<String> {
    let page = include_str!("../../../../docs/book/reference/errors.md");
    page.lines().filter(|line| line.starts_with("| -32")).map(str::to_owned).collect()
}

#[test]
fn the_documents_have_the_same_table() {
    let rows = ErrorNumber::ALL.map(|number| {
        format!("| {} | {} | {} |", number.number(), number.meaning(), number.retry())
    });
    assert_eq!(documented(), rows);
}

#[test]
fn no_number_has_another_meaning_elsewhere() {
    // JSON-RPC: -32700, -32603 and -32602 are never the gateway's. SDKs: connection closed, request
    // timeout, not found. MCP: URL elicitation required.
    let others = [-32_700, -32_603, -32_602, -32_000, -32_001, -32_002, -32_042];
    let own = ErrorNumber::ALL.map(ErrorNumber::number);
    assert!(own.iter().all(|number| !others.contains(number)));
    assert!(own.windows(2).all(|pair| pair[0] > pair[1]), "each once");
}
