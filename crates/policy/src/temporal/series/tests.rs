use super::*;
use proptest::prelude::*;

fn entry(index: usize, time: i64, value: u8) -> SeriesEntry {
    let weights = [i64::MAX, -3, 0, 7];
    let weight = weights[usize::from(value) % weights.len()];
    SeriesEntry { index, time, weight, value: Box::new([value]) }
}

/// Events whose times never go back, and a window's floor.
fn events() -> impl Strategy<Value = (Vec<(i64, u8)>, i64)> {
    (prop::collection::vec((0_i64..3, 0_u8..6), 1..40), 0_i64..60).prop_map(|(steps, floor)| {
        let mut time = 0;
        let events = steps.into_iter().map(|(step, value)| {
            time += step;
            (time, value)
        });
        (events.collect(), floor)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn totals_are_those_of_plain_counting((events, floor) in events()) {
        let field = Some(vec!["f".to_owned()]);
        let by = vec![vec!["v".to_owned()]];
        let mut every = Series::new(&Measure::Every { sum: field.clone() });
        let mut count = Series::new(&Measure::Every { sum: None });
        let mut distinct = Series::new(&Measure::Distinct { by, sum: field });
        let entries: Vec<SeriesEntry> =
            events.iter().enumerate().map(|(at, (time, value))| entry(at, *time, *value)).collect();
        let last = entries.len() - 1;
        // A window ends at the newest event, so it never begins after it.
        let floor = floor.min(entries[last].time);
        for (at, entry) in entries.iter().enumerate() {
            if at == last {
                // Looked at as the next event, and then taken: the same.
                let next = Some(entry);
                let seen = [&every, &distinct].map(|series| series.total(floor, next));
                every.push(entry.clone());
                count.push(entry.clone());
                distinct.push(entry.clone());
                let taken = [&every, &distinct].map(|series| series.total(floor, None));
                prop_assert_eq!(seen, taken);
            } else {
                every.push(entry.clone());
                count.push(entry.clone());
                distinct.push(entry.clone());
            }
        }
        let inside = || entries.iter().filter(|entry| entry.time >= floor);
        let sum: i128 = inside().map(|entry| i128::from(entry.weight)).sum();
        prop_assert_eq!(every.total(floor, None), sum);
        prop_assert_eq!(count.total(floor, None), inside().count() as i128);
        let values: BTreeMap<u8, i64> = inside().map(|e| (e.value[0], e.weight)).collect();
        let different: i128 = values.values().map(|weight| i128::from(*weight)).sum();
        prop_assert_eq!(distinct.total(floor, None), different);
    }
}

#[test]
fn a_run_ends_where_an_event_is_missing() {
    let mut series = Series::new(&Measure::Latest);
    series.push(entry(3, 10, 0));
    series.push(entry(4, 10, 0));
    assert_eq!(series.latest(None), Some(Latest { index: 4, time: 10, run: 3 }));
    let next = entry(6, 12, 0);
    assert_eq!(series.latest(Some(&next)), Some(Latest { index: 6, time: 12, run: 6 }));
    let next = entry(5, 12, 0);
    assert_eq!(series.latest(Some(&next)), Some(Latest { index: 5, time: 12, run: 3 }));
}
