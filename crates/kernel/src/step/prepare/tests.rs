use super::execution_id;

#[test]
fn an_execution_id_is_random_and_never_reads_as_an_option() {
    let ids = (0..=u8::MAX).map(|first| {
        let mut random = [0x5a; 32];
        random[0] = first;
        execution_id(random)
    });
    let ids: Vec<String> = ids.collect();
    assert!(ids.iter().all(|id| id.len() == 22 && id.as_bytes()[0].is_ascii_alphabetic()));
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), 128);
    let mut last = [0x5a; 32];
    last[15] = 0;
    assert_ne!(execution_id(last), execution_id([0x5a; 32]));
}
