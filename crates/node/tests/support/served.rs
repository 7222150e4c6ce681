//! A domain that a node serves.

use node::Options;

use fixture::{agent, options, small_bundle};

#[expect(dead_code, reason = "other tests use other parts of it")]
#[path = "../../src/fixture.rs"]
mod fixture;

/// A served domain.
pub(crate) struct Served {
    pub(crate) options: Options,
    pub(crate) running: node::Running,
    _folder: tempfile::TempDir,
}

/// One whose options are changed before it is made.
pub(crate) async fn served(change: impl FnOnce(&mut Options)) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(folder.path());
    change(&mut options);
    node::domain::init(&options, &small_bundle(), vec![agent()]).unwrap();
    let running = node::start(options.clone(), node::notes::Notes::unheard()).await.unwrap();
    Served { options, running, _folder: folder }
}
