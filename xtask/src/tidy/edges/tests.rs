use super::{check, drawn};
use crate::tidy::tree::Tree;
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

fn differences(map: &str) -> usize {
    let packages = vec![
        example("interlock-proof", &[("sha2", false)]),
        example("interlock-wire", &[("interlock-proof", true)]),
    ];
    drawn(&Tree::of([("ARCHITECTURE.md", map)]), &Workspace { packages }).len()
}

#[test]
fn the_drawn_edges_are_those_of_the_crates() {
    assert_eq!(differences("| `proof` | nothing |\n| `wire` | `proof` |\n"), 0);
}

#[test]
fn an_edge_that_is_drawn_wrongly_fails() {
    for (map, count) in [
        ("| `proof` | nothing |\n", 1),
        ("| `proof` | `wire` |\n| `wire` | `proof` |\n", 1),
        ("| `proof` | nothing |\n| `wire` | `proof` |\n| `mcp` | `proof` |\n", 1),
    ] {
        assert_eq!(differences(map), count, "{map}");
    }
}
