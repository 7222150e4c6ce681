use super::*;

#[test]
fn the_shares_cover_the_log_once_and_begin_with_a_whole_bundle() {
    for size in [0, 1, 255, 256, 19_999, 20_000, 20_001, 1_000_000] {
        let shares = shares(size);
        assert_eq!(shares.first().map_or(0, |share| share.start), 0);
        assert_eq!(shares.last().map_or(0, |share| share.end), size);
        assert!(shares.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(shares.iter().all(|share| share.start % 256 == 0 && share.start < share.end));
    }
}
