use super::*;

const KEPT: usize = ERASED_AT_ONCE_MAX + 200;
const ALL: usize = 2 * ERASED_AT_ONCE_MAX + 500;

/// Executions that ended at 5, the first of them kept; one more ended at 9.
fn ended() -> Vec<EndedExecution> {
    let one = |number: usize| EndedExecution {
        execution: format!("e{number:06}"),
        ended_ms: if number == ALL { 9 } else { 5 },
        is_kept: number < KEPT,
    };
    (0..=ALL).map(one).collect()
}

/// What comes of each page, where all that may be erased is, or nothing is.
fn pages(is_trial: bool) -> Vec<Vec<Erased>> {
    let (mut left, mut pages) = (ended(), Vec::new());
    let mut next = Some(Page::first(&Which::EndedBefore(9), is_trial));
    while let Some(page) = next {
        assert!(pages.len() < 10, "it ends");
        let of = page.of(left.clone());
        let gone = |id: &str| of.iter().any(|one| one.execution == id && one.may_erase.is_ok());
        left.retain(|one| is_trial || !gone(&one.execution));
        let told: Vec<Erased> = of.into_iter().map(Candidate::untouched).collect();
        next = page.next(&told);
        pages.push(told);
    }
    pages
}

#[test]
fn pages_end_and_reach_all_behind_a_thousand_that_are_kept() {
    for is_trial in [false, true] {
        let pages = pages(is_trial);
        assert!(pages.iter().all(|page| page.len() <= ERASED_AT_ONCE_MAX));
        let all = pages.concat();
        assert_eq!(all.len(), ALL, "each once, and not the one that ended later");
        assert!(all.is_sorted_by(|one, other| one.execution < other.execution));
        let kept = |one: &&Erased| one.result == Err("execution.line".to_owned());
        assert_eq!(all.iter().filter(kept).count(), KEPT);
        assert_eq!(all.iter().filter(|one| one.result.is_ok()).count(), ALL - KEPT);
    }
}

#[test]
fn a_trial_of_one_says_what_keeps_it() {
    let trial = |id: &str| Page::first(&Which::One(id.to_owned()), true).of(ended());
    for (id, result) in [
        ("e000000", Err("execution.line")),
        ("e002000", Ok(())),
        ("nobody", Err("execution.unknown")),
    ] {
        let told: Vec<Erased> = trial(id).into_iter().map(Candidate::untouched).collect();
        let result = result.map(|()| None).map_err(str::to_owned);
        assert_eq!(told, [Erased { execution: id.to_owned(), result }]);
    }
}
