use super::check;
use crate::tidy::tree::Tree;

fn problems(security: &str, status: &str) -> Vec<String> {
    let security = format!("# Security\n\n{security}");
    let status = format!("# Status\n\n| part | state |\n|---|---|\n{status}\n");
    let tree = Tree::of([("SECURITY.md", &*security), ("docs/internals/status.md", &status)]);
    check(&tree).iter().map(|problem| format!("{}: {}", problem.path, problem.what)).collect()
}

const STATUS: &str =
    "| sealed parts | built; no rotation |\n| leases | not built |\n| labels | built |";

fn security(held: &str, no_hole: &str) -> String {
    format!(
        "## Not held\n\n| gap | part |\n|---|---|\n{held}\n\n## Not built, and no hole\n\n| why | part |\n|---|---|\n{no_hole}\n"
    )
}

#[test]
fn a_list_that_agrees_with_status_passes() {
    let text =
        security("| an old key stays | sealed parts |", "| nothing depends on it | leases |");
    assert_eq!(problems(&text, STATUS), [""; 0]);
}

#[test]
fn a_gap_that_status_does_not_know_is_a_problem() {
    let text = security("| a | sealed parts |\n| b | sealing |", "| c | leases |");
    assert_eq!(problems(&text, STATUS).len(), 1);
}

#[test]
fn a_gap_that_status_says_is_closed_is_a_problem() {
    let text = security("| a | sealed parts |\n| no labels | labels |", "| c | leases |");
    assert!(problems(&text, STATUS).concat().contains("nothing is missing in `labels`"));
}

#[test]
fn a_part_that_is_not_built_and_not_told_is_a_problem() {
    let text = security("| a | sealed parts |", "| b | sealed parts |");
    assert!(problems(&text, STATUS).concat().contains("does not say what `leases` lacks"));
}
