use super::*;
use crate::fixture::{Domain, NODE, ORIGIN, TestBlobs, metered};

/// Has loaded one bundle, and hands it out whatever is asked for.
struct Hands<'a>(&'a TestBlobs, Arc<Bundle>);

impl BlobSource for Hands<'_> {
    fn blob(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.0.blob(digest)
    }

    fn bundle(&self, _digest: &Digest) -> Option<Arc<Bundle>> {
        Some(Arc::clone(&self.1))
    }
}

#[test]
fn a_loaded_bundle_is_used_only_under_its_own_digest() {
    let mut domain = Domain::new();
    let published = Arc::new(metered(1));
    domain.publish(&published);
    for handed in [Arc::clone(&published), Arc::new(metered(2))] {
        let mut state = NodeState::new(NODE, ORIGIN);
        let blobs = Hands(&domain.shelf, Arc::clone(&handed));
        assert_eq!(state.adopt(&domain.records, &blobs), Adopted::All);
        assert_eq!(state.bundle().digest(), published.digest());
        let is_taken = Arc::ptr_eq(state.bundle(), &handed);
        assert_eq!(is_taken, Arc::ptr_eq(&published, &handed));
    }
}
