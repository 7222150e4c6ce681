use super::*;
use crate::bundle::Files;

const MANIFEST: &str = "name = \"t\"\nversion = \"1\"\nsemantics = 4\n\
    [tools.\"raw/read\"]\naction = \"read\"\nresource = { type = \"File\", argument = \"path\" }\n\
    [tools.\"raw/any\"]\naction = \"any\"\nresource = { type = \"Thing\", id = \"any\" }\n";
const SCHEMA: &str = "entity Group; entity Workload in [Group]; entity Server; entity File; entity Thing;\n\
    action initialize, \"tools/list\" appliesTo { principal: Workload, resource: Server };\n\
    action read appliesTo { principal: Workload, resource: File, context: { input: { path: String }, labels: Set<String> } };\n\
    action any appliesTo { principal: Workload, resource: Thing };\n";
const POLICY: &str = "@id(\"all\") permit (principal, action, resource);\n";

fn bundle(changed: &[(&str, &str)]) -> Bundle {
    let files = [
        ("bundle.toml", MANIFEST),
        ("schema.cedarschema", SCHEMA),
        (
            "entities.json",
            r#"[{"uid":{"type":"Group","id":"ops"},"attrs":{},"parents":[]},{"uid":{"type":"Workload","id":"agent"},"attrs":{},"parents":[{"type":"Group","id":"ops"}]}]"#,
        ),
        ("policies/a.dw", POLICY),
    ];
    let mut files: Files = files.map(|(path, text)| (path.to_owned(), text.into())).into();
    for (path, text) in changed {
        files.insert((*path).to_owned(), (*text).into());
    }
    Bundle::load(&files).unwrap_or_else(|errors| panic!("{errors}"))
}

/// The codes and messages, each as it is shown.
fn found(changed: &[(&str, &str)]) -> Vec<String> {
    unreached(&bundle(changed), None).iter().map(ToString::to_string).collect()
}

/// The one warning about a policy that is added.
fn of_policy(policy: &str) -> String {
    let warnings = unreached(&bundle(&[("policies/b.dw", policy)]), None);
    let [one] = warnings.as_slice() else { panic!("{warnings:#?}") };
    assert_eq!(one.policy.as_deref(), Some("b"), "{one}");
    assert_eq!((one.file.as_str(), one.line), ("policies/b.dw", Some(1)));
    one.to_string()
}

fn domain() -> DomainNames {
    DomainNames {
        workloads: BTreeSet::from(["agent".to_owned()]),
        roles: BTreeMap::from([("root".to_owned(), 1)]),
        servers: BTreeSet::from(["raw".to_owned()]),
    }
}

#[test]
fn a_bundle_in_which_all_is_reached_has_no_warning() {
    assert_eq!(found(&[]), Vec::<String>::new());
    assert_eq!(unreached(&bundle(&[]), Some(&domain())), []);
}

#[test]
fn a_forbid_of_a_group_that_nothing_is_in_is_told_by_id() {
    let shown = of_policy("@id(\"b\") forbid (principal in Group::\"opps\", action, resource);");
    assert!(
        shown.contains("the forbid `b` can never apply: no workload is in `Group::\"opps\"`"),
        "{shown}"
    );
    assert!(shown.contains("did you mean `ops`?") && shown.ends_with("(forbid.never)"), "{shown}");
}

#[test]
fn a_resource_that_the_tool_table_never_names_is_told() {
    let shown = of_policy(
        "@id(\"b\") forbid (principal, action == Action::\"any\", resource == Thing::\"anny\");",
    );
    assert!(
        shown.contains("its actions act on `Thing::\"any\"` only; did you mean `any`?"),
        "{shown}"
    );
    let shown = of_policy(
        "@id(\"b\") permit (principal, action == Action::\"any\", resource in Thing::\"anny\");",
    );
    assert!(shown.ends_with("(permit.never)"), "{shown}");
    // An argument may name any file.
    assert_eq!(
        found(&[(
            "policies/b.dw",
            "@id(\"b\") forbid (principal, action, resource == File::\"x\");"
        )]),
        Vec::<String>::new()
    );
}

#[test]
fn a_workload_that_nobody_registered_is_told() {
    let policy = "@id(\"b\") forbid (principal == Workload::\"agnet\", action, resource);";
    let shown = of_policy(policy);
    assert!(shown.contains("has no workload `agnet`; did you mean `agent`?"), "{shown}");
    // Without a domain, a name that is like no other may be registered.
    let far = policy.replace("agnet", "another-one");
    assert_eq!(found(&[("policies/b.dw", &far)]), Vec::<String>::new());
    let found = unreached(&bundle(&[("policies/b.dw", &far)]), Some(&domain()));
    assert_eq!(found[0].code, WarningCode::ForbidNever);
    assert!(found[0].message.contains("no workload `another-one` is registered"));
}

#[test]
fn a_principal_type_that_no_caller_has_is_told() {
    let schema = SCHEMA.replace(
        "principal: Workload, resource: Thing",
        "principal: [Workload, Group], resource: Thing",
    );
    let policy = "@id(\"b\") forbid (principal is Group, action == Action::\"any\", resource);";
    let shown = found(&[("schema.cedarschema", &schema), ("policies/b.dw", policy)]);
    assert!(shown[0].contains("callers are of type `Workload`, none is a `Group`"), "{shown:?}");
    let schema = "entity User; entity R; action a appliesTo { principal: User, resource: R };";
    let shown = found(&[
        ("schema.cedarschema", schema),
        ("entities.json", "[]"),
        ("bundle.toml", "name = \"t\"\nversion = \"1\"\nsemantics = 4\n"),
    ]);
    assert!(shown.len() == 1 && shown[0].ends_with("(caller.undeclared)"), "{shown:?}");
}

#[test]
fn an_action_that_nothing_stands_for_is_told_with_its_policies() {
    let schema =
        format!("{SCHEMA}action lost appliesTo {{ principal: Workload, resource: File }};");
    let policy = "@id(\"b\") forbid (principal, action == Action::\"lost\", resource);";
    let shown = found(&[("schema.cedarschema", &schema), ("policies/b.dw", policy)]);
    assert!(
        shown.iter().any(|text| text.contains("stands for `lost`: name a tool")
            && text.ends_with("(action.unreached)")),
        "{shown:?}"
    );
    assert!(
        shown.iter().any(|text| text
            .contains("the forbid `b` can never apply: no tool and no message stands for `lost`")),
        "{shown:?}"
    );
}

#[test]
fn a_bundle_with_which_no_client_can_start_is_told() {
    for (from, to, codes) in [
        (
            "action initialize, \"tools/list\"",
            "action ping",
            &["start.initialize", "start.tools_list"][..],
        ),
        ("action initialize, \"tools/list\"", "action initialize", &["start.tools_list"][..]),
    ] {
        let shown = found(&[("schema.cedarschema", &SCHEMA.replace(from, to))]);
        let told: Vec<_> =
            codes.iter().filter(|code| shown.iter().any(|text| text.contains(**code))).collect();
        assert_eq!((told.len(), shown.len()), (codes.len(), codes.len()), "{shown:?}");
    }
    let shown = found(&[(
        "policies/a.dw",
        "@id(\"all\") permit (principal, action == Action::\"read\", resource);",
    )]);
    assert!(
        shown.iter().any(|text| text.contains("no policy can permit `initialize`")),
        "{shown:?}"
    );
    assert!(
        shown.iter().any(|text| text.contains("the tool `raw/any` can only be denied")),
        "{shown:?}"
    );
}

#[test]
fn a_servers_question_whose_answer_never_passes_is_told() {
    let schema = format!(
        "{SCHEMA}action \"server/roots/list\" appliesTo {{ principal: Workload, resource: Server }};"
    );
    let shown = found(&[("schema.cedarschema", &schema)]);
    assert!(
        shown.len() == 1 && shown[0].contains("declare and permit `answer/roots/list`"),
        "{shown:?}"
    );
    let answered = schema.replace(
        "action \"server/roots/list\"",
        "action \"server/roots/list\", \"answer/roots/list\"",
    );
    assert_eq!(found(&[("schema.cedarschema", &answered)]), Vec::<String>::new());
}

#[test]
fn a_role_that_nobody_holds_is_told() {
    let policy = "@id(\"b\") @approval(\"2 of rooot within 10m\") permit (principal, action == Action::\"any\", resource);";
    assert!(
        of_policy(policy).contains(
            "waits for the role `rooot`, which no domain begins with; did you mean `root`?"
        )
    );
    for (role, code) in [("finance", WarningCode::RoleUnknown), ("root", WarningCode::RoleShort)] {
        let policy = policy.replace("rooot", role);
        assert_eq!(found(&[("policies/b.dw", &policy)]), Vec::<String>::new());
        let found = unreached(&bundle(&[("policies/b.dw", &policy)]), Some(&domain()));
        assert_eq!(found.iter().map(|warning| warning.code).collect::<Vec<_>>(), [code]);
    }
}

#[test]
fn a_server_that_is_not_configured_is_told() {
    let other = DomainNames { servers: BTreeSet::from(["rawr".to_owned()]), ..domain() };
    let found = unreached(&bundle(&[]), Some(&other));
    let [one] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!(one.code, WarningCode::ServerUnknown);
    assert!(one.message.ends_with("did you mean `rawr`?"), "{one}");
}

#[test]
fn labels_detectors_and_meters_that_do_nothing_are_told() {
    let files = [
        (
            "labels.toml",
            "[labels]\nidle = \"x\"\nunread = \"x\"\ngood = \"x\"\n[actions.read]\nadds = [\"unread\", \"good\"]\n",
        ),
        (
            "detectors.toml",
            "[detectors.blind]\npattern = 'x'\nlooks_at = [\"results\"]\nadds = [\"unread\"]\n",
        ),
        ("meters.toml", "[meters.free]\nunit = \"c\"\nlimit = 1\nper = \"node\"\n"),
        (
            "policies/b.dw",
            "@id(\"b\") forbid (principal, action == Action::\"read\", resource) when { context.labels.containsAny([\"idle\", \"good\", \"goood\"]) };",
        ),
    ];
    let shown = found(&files).join("\n");
    for part in [
        "nothing adds the label `idle`",
        "no policy looks at the label `unread`",
        "the detector `blind` adds only labels",
        "charges the meter `free`",
        "the label `goood`, which `labels.toml` does not declare; did you mean `good`?",
    ] {
        assert!(shown.contains(part), "{part}\n{shown}");
    }
    assert_eq!(shown.lines().count(), 5, "{shown}");
}

#[test]
fn conditions_that_never_match_are_reported() {
    let schema = SCHEMA.replace(
        "input: { path: String }, labels",
        "input: { path: String }, isOutput: Bool, output?: { text: String }, labels",
    );
    for (condition, part) in [
        ("context.isOutput", "reads `context.isOutput`, which is always false"),
        ("context has output", "reads `context.output`, which no decision has"),
        (
            "principal in Group::\"opz\"",
            "names `Group::\"opz\"`, which nothing has; did you mean `ops`?",
        ),
    ] {
        let policy = format!(
            "@id(\"b\") forbid (principal, action == Action::\"read\", resource) when {{ {condition} }};"
        );
        let shown = found(&[("schema.cedarschema", &schema), ("policies/b.dw", &policy)]);
        assert!(shown.len() == 1 && shown[0].contains(part), "{shown:?}");
    }
}

#[test]
fn events_annotations_and_types_that_never_come_up_are_told() {
    let schema = format!(
        "{SCHEMA}entity Lost; action lost appliesTo {{ principal: Workload, resource: File }};"
    );
    let policy = "@id(\"b\") @advice(\"x\") permit (principal, action == Action::\"read\", resource) when temporal { formerly within 1h Action::\"lost\"::response{} };";
    let shown = found(&[("schema.cedarschema", &schema), ("policies/b.dw", policy)]).join("\n");
    for code in ["(event.never)", "(annotation.unread)", "(type.unused)", "(action.unreached)"] {
        assert!(shown.contains(code), "{code}\n{shown}");
    }
    assert_eq!(shown.lines().count(), 4, "{shown}");
}

#[test]
fn the_codes_are_words_of_their_own() {
    let codes = [WarningCode::ForbidNever, WarningCode::PermitNever, WarningCode::EntityUnknown];
    assert_eq!(codes.map(WarningCode::as_str), ["forbid.never", "permit.never", "entity.unknown"]);
}
