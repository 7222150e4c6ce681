use super::*;
use crate::bundle::{Bundle, Files};
use crate::error::LoadErrors;

#[test]
fn an_approval_annotation_is_read() {
    let approval = parse("2 of finance within 10m").unwrap();
    assert_eq!(
        (approval.count, approval.role.as_str(), approval.within_ms),
        (2, "finance", 600_000)
    );
    assert_eq!(parse("32 of on_call_2 within 7d").unwrap().within_ms, APPROVAL_WITHIN_MS_MAX);
    let longest = "r".repeat(ROLE_BYTES_MAX);
    assert!(parse(&format!("1 of {longest} within 1s")).is_ok());
}

#[test]
fn a_malformed_approval_annotation_is_refused() {
    for text in [
        "",
        "finance",
        "2 finance within 10m",
        "2  of finance within 10m",
        " 2 of finance within 10m",
        "2 of finance within 10m ",
        "two of finance within 10m",
        "0 of finance within 10m",
        "02 of finance within 10m",
        "+2 of finance within 10m",
        "-2 of finance within 10m",
        "33 of finance within 10m",
        "2 of Finance within 10m",
        "2 of fin-ance within 10m",
        "2 of 2_finance within 10m",
        "2 of _finance within 10m",
        "2 of finance in 10m",
        "2 of finance within 10",
        "2 of finance within m",
        "2 of finance within 0s",
        "2 of finance within 1.5h",
        "2 of finance within 8d",
        "2 of finance within 99999999999999999999d",
        "2 of finance within 10m or so",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
    assert!(parse(&format!("1 of {} within 1s", "r".repeat(ROLE_BYTES_MAX + 1))).is_err());
}

fn load(policy: &str, semantics: u8) -> Result<Bundle, LoadErrors> {
    let manifest = format!("name = \"n\"\nversion = \"1\"\nsemantics = {semantics}\n");
    let schema = "entity W; entity R; action pay appliesTo { principal: W, resource: R };";
    let files = [
        ("bundle.toml", manifest.as_str()),
        ("schema.cedarschema", schema),
        ("policies/p.dw", policy),
    ];
    let files: Files = files.map(|(path, text)| (path.to_owned(), text.as_bytes().to_vec())).into();
    Bundle::load(&files)
}

fn policy(annotation: &str, effect: &str) -> String {
    format!("@id(\"a\")\n{annotation}\n{effect} (principal, action == Action::\"pay\", resource);")
}

#[test]
fn more_different_approvals_than_the_limit_are_refused() {
    use crate::limits::APPROVALS_MAX;

    let policies = |count: usize| -> String {
        let one = |n: usize| {
            let approval = format!("@approval(\"1 of role_{} within 1h\")", n.min(count - 1));
            policy(&approval, "permit").replace("@id(\"a\")", &format!("@id(\"p{n}\")")) + "\n"
        };
        // The last one stands there twice.
        (0..=count).map(one).collect()
    };
    assert!(load(&policies(APPROVALS_MAX), 2).is_ok());
    let error = load(&policies(APPROVALS_MAX + 1), 2).unwrap_err();
    assert!(error.to_string().contains("at most 64 different"), "{error}");
}

#[test]
fn a_bad_annotation_is_refused_where_it_stands() {
    let approval = "@approval(\"1 of x within 1h\")";
    for (annotation, effect, semantics, what) in [
        ("@approval(\"0 of x within 1h\")", "permit", 2, "policies/p.dw:2:2: `@approval` asks for"),
        ("@approval(\"1 of x within 8d\")", "permit", 2, "policies/p.dw:2:2: `@approval` waits"),
        ("@approval", "permit", 2, "policies/p.dw:2:2: `@approval` has no value"),
        ("@aproval(\"1 of x within 1h\")", "permit", 2, "unknown annotation `@aproval`"),
        (approval, "forbid", 2, "`@approval` belongs to a `permit`"),
        (approval, "permit", 1, "means nothing before `semantics = 2`"),
        ("@advice(\"ask\")", "forbid", 1, "means nothing before `semantics = 2`"),
        // The parser reads an escape, which the scan for the place does not.
        ("@approval(\"1 of x within \\u{31}h or so\")", "permit", 2, "`@approval` is written"),
    ] {
        let error = load(&policy(annotation, effect), semantics).expect_err(annotation);
        assert!(error.to_string().contains(what), "{annotation}: {error}");
    }
    for annotation in [approval, "@advice(\"ask\")"] {
        assert!(load(&policy(annotation, "permit"), 2).is_ok(), "{annotation}");
    }
}
