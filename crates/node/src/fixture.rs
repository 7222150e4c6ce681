//! A small domain for tests: these options and this bundle. The tests beside the crate include this file too.

use std::collections::BTreeMap;
use std::path::Path;

use policy::Bundle;

use super::Options;

pub(crate) fn options(folder: &Path) -> Options {
    Options {
        folder: folder.join("domain"),
        domain: "example.test".into(),
        node: "node-1".into(),
        socket: folder.join("node.sock"),
        servers: BTreeMap::new(),
        publish_interval_ms: 250,
        snapshot_records: 10_000,
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
