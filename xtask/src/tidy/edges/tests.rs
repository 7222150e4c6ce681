use super::check;
use crate::tidy::workspace::{Package, Workspace, example};

fn problems(packages: Vec<Package>) -> Vec<String> {
    check(&Workspace { packages }).into_iter().map(|problem| problem.what).collect()
}

#[test]
fn the_edges_of_the_architecture_are_allowed() {
    let packages = vec![
        example(
            "interlock-kernel",
            &[("interlock-policy", true), ("interlock-proof", true), ("thiserror", false)],
        ),
        example("interlock-node", &[("interlock-ledger", true), ("interlock-mcp", true)]),
    ];
    assert_eq!(problems(packages), Vec::<String>::new());
}

#[test]
fn any_other_edge_fails() {
    let packages = vec![
        example("interlock-kernel", &[("interlock-ledger", true)]),
        example("interlock-mcp", &[("interlock-ledger", true)]),
        example("interlock-proof", &[("interlock-wire", true)]),
    ];
    assert_eq!(
        problems(packages),
        [
            "`kernel` may not use `ledger`",
            "`mcp` may not use `ledger`",
            "`proof` may not use `wire`"
        ]
    );
}

#[test]
fn a_crate_nobody_drew_fails() {
    assert_eq!(problems(vec![example("interlock-extras", &[])]).len(), 1);
}
