//! A small domain for tests: these options and this bundle. The tests beside the crate include this
//! file too.

use std::collections::BTreeMap;
use std::path::Path;

use kernel::lineage::Transition;
use policy::Bundle;
use record::Assurance;
use record::governance::{Change, Workload};
use record::lineage::MessageDirection;

use super::Options;

/// What stands in the arguments of what is asked, and nowhere in the open.
pub(crate) const SECRET: &str = "a-very-private-argument";
pub(crate) const USER: u32 = 4_001;

pub(crate) fn options(folder: &Path) -> Options {
    Options {
        folder: folder.join("domain"),
        domain: "example.test".into(),
        node: "node-1".into(),
        socket: folder.join("node.sock"),
        officer_socket: folder.join("officer.sock"),
        officers_group: None,
        servers: BTreeMap::new(),
        publish_interval_ms: 250,
        snapshot_records: 10_000,
    }
}

/// The workload `agent`, for which this user speaks.
pub(crate) fn agent() -> Change {
    let workload = Workload { name: "agent".into(), os_user: USER, zone: "prod".into() };
    Change::WorkloadRegistered(workload)
}

pub(crate) fn ping() -> Transition {
    Transition {
        server: "office".into(),
        direction: MessageDirection::ToServer,
        method: "ping".into(),
        is_known: true,
        tool: None,
        definition: None,
        arguments: "{}".into(),
        message: format!("{{\"method\":\"ping\",\"x\":\"{SECRET}\"}}").into_bytes(),
        assurance: Assurance::Separated,
        pending: None,
        extra_params: "{}".into(),
        delegates: None,
    }
}

/// Permits a `ping`.
pub(crate) fn small_bundle() -> Bundle {
    let schema = "entity Workload; entity Server;\n\
                  action \"ping\" appliesTo { principal: [Workload], resource: [Server] };\n";
    let files = [
        ("bundle.toml", "name = \"small\"\nversion = \"1\"\nsemantics = 1\n"),
        ("schema.cedarschema", schema),
        ("policies/all.dw", "@id(\"all\")\npermit (principal, action, resource);\n"),
    ];
    Bundle::load(&files.map(|(path, text)| (path.into(), text.as_bytes().to_vec())).into()).unwrap()
}
