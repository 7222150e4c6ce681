use super::*;
use crate::fixture::{agent, options, small_bundle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_ends_after_so_many_records() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    crate::domain::init(&options, &small_bundle(), vec![agent()]).unwrap();
    let running = crate::start(options.clone(), crate::notes::Notes::unheard()).await.unwrap();
    running.kernel().probe().await.unwrap();
    running.kernel().probe().await.unwrap();
    let size = running.kernel().durable_size();
    assert!(size >= 3);
    let page = |query: RecordQuery, bounds: Bounds| {
        let page = read_page(&options, &Filter { query, of_workload: None }, bounds).unwrap();
        (page.records.len(), page.next)
    };
    let (all, most) = (RecordQuery::default(), Bounds::new(256, size));
    assert_eq!(page(all.clone(), most), (usize::try_from(size).unwrap(), None));
    assert_eq!(page(all.clone(), Bounds { shown: 2, ..most }), (2, Some(2)));
    assert_eq!(page(all.clone(), Bounds { scanned: 1, ..most }), (1, Some(1)));
    assert_eq!(page(all, Bounds { bytes: 1, ..most }), (1, Some(1)));
    let nothing = RecordQuery { tool: Some("none".into()), ..RecordQuery::default() };
    assert_eq!(page(nothing, Bounds { scanned: 2, ..most }), (0, Some(2)));
    running.stop().await;
}
