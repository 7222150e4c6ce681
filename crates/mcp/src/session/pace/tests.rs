use super::*;

#[test]
fn a_burst_passes_and_then_the_pace_holds() {
    let mut pace = MessagePace::default();
    assert!((0..SERVER_MESSAGES_BURST).all(|_| pace.admits(5)));
    assert!(!pace.admits(5));
    let passed = (0..10_000).filter(|ms| pace.admits(6 + ms)).count() as u64;
    assert_eq!(passed, 10 * SERVER_MESSAGES_PER_SECOND);
}

#[test]
fn a_clock_that_steps_back_gives_nothing() {
    let mut pace = MessagePace::default();
    assert!((0..SERVER_MESSAGES_BURST).all(|_| pace.admits(1_000_000)));
    assert!(!pace.admits(0));
    assert!(!pace.admits(1_000_000));
    assert!(pace.admits(u64::MAX));
}

#[test]
fn dropped_messages_are_counted_until_the_bucket_is_full_again() {
    let mut pace = MessagePace::default();
    assert_eq!((0..SERVER_MESSAGES_BURST + 3).filter(|_| !pace.admits(0)).count(), 3);
    assert_eq!(pace.dropped(), 3);
    let pause = 1_000 * SERVER_MESSAGES_BURST / SERVER_MESSAGES_PER_SECOND;
    assert!(pace.admits(pause - 1));
    assert_eq!(pace.dropped(), 3);
    assert!(pace.admits(3 * pause));
    assert_eq!(pace.dropped(), 0);
}
