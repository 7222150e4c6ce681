use record::governance::Subject;

use super::*;
use crate::fixture::{options, small_bundle};

#[test]
fn a_domain_is_made_once_and_its_governance_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    let position = init(&options, &small_bundle(), vec![]).unwrap();
    assert_eq!(position.size, 3);
    let governance = governance(&options).unwrap();
    assert_eq!(governance.position(), position);
    assert_eq!(governance.domain(), Some("example.test"));
    assert_eq!(governance.bundle(), Some(small_bundle().digest()));
    assert!(governance.node_key("node-1").is_some());
    assert!(init(&options, &small_bundle(), vec![]).is_err(), "it is never made twice");
}

#[test]
fn without_a_node_a_change_goes_into_the_log_itself() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    init(&options, &small_bundle(), vec![]).unwrap();
    let halt = || Change::HaltOrdered { subject: Subject::Domain };
    let (accepted, place) = govern(&options, halt(), None).unwrap();
    assert_eq!((accepted.position.size, place), (4, AcceptedBy::Log));
    assert!(governance(&options).unwrap().is_halted(&[Subject::Domain]));
}

#[test]
fn a_bundle_without_its_own_sound_bytes_is_not_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    init(&options, &small_bundle(), vec![]).unwrap();
    let publish =
        |bytes: &[u8]| Change::BundlePublished { bundle: proof::digest::Digest::of(bytes) };
    for (change, blob) in [
        (publish(b"x"), None),
        (publish(b"x"), Some(&b"y"[..])),
        (publish(b"not a bundle"), Some(&b"not a bundle"[..])),
        (Change::HaltOrdered { subject: Subject::Domain }, Some(&b"x"[..])),
    ] {
        assert!(govern(&options, change, blob).is_err());
        assert_eq!(governance(&options).unwrap().position().size, 3, "nothing has changed");
    }
}
