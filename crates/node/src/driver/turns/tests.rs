use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn waits(what: u32, bytes: usize) -> Waiter<u32> {
    Waiter { what, bytes, is_refusable: true, since: Instant::now() }
}

fn order(turns: &mut Turns<u8, u32>) -> Vec<u32> {
    std::iter::from_fn(|| turns.take()).map(|waits| waits.what).collect()
}

#[test]
fn a_quiet_workload_goes_before_busy_ones() {
    let mut turns = Turns::default();
    for _ in 0..20 {
        (0..100_u8).for_each(|of| turns.push(&of, waits(1, 10)));
    }
    assert_eq!((0..1_050).filter_map(|_| turns.take()).count(), 1_050);
    turns.push(&200, waits(7, 10));
    assert_eq!(turns.take().unwrap().what, 7);
}

#[test]
fn credit_is_used_up() {
    let mut turns = Turns::default();
    (0..100).for_each(|what| turns.push(&1, waits(what, 0)));
    assert_eq!((0..50).filter_map(|_| turns.take()).count(), 50);
    (100..150).for_each(|what| turns.push(&2, waits(what, 0)));
    let first: Vec<u32> = (0..20).map(|_| turns.take().unwrap().what).collect();
    let of_credit = usize::try_from(TURN_CREDIT_BYTES / TURN_BYTES).unwrap();
    let ahead = first.iter().take_while(|what| **what >= 100).count();
    assert!((of_credit..of_credit + 2).contains(&ahead), "{first:?}");
    let late = first.iter().skip(ahead).filter(|what| **what >= 100).count();
    assert!(late <= first.len() / 2, "then they take turns: {first:?}");
}

#[test]
fn large_messages_take_their_turns_as_seldom_as_they_are_large() {
    let mut turns = Turns::default();
    (0..10).for_each(|what| turns.push(&1, waits(what, 800_000)));
    (100..400).for_each(|what| turns.push(&2, waits(what, 100)));
    let order = order(&mut turns);
    let between = order.split(|what| *what < 100).skip(1).map(<[u32]>::len).take(5);
    assert!(between.into_iter().all(|small| small >= 45), "{order:?}");
}

#[test]
fn an_end_is_never_taken_out() {
    let mut turns = Turns::default();
    let since = Instant::now();
    for (what, is_refusable) in [(1, true), (2, false), (3, true)] {
        turns.push(&1, Waiter { what, bytes: 5, is_refusable, since });
    }
    assert_eq!((turns.len(), turns.load()), (3, Load { count: 2, bytes: 10 }));
    assert_eq!(turns.take_newest(&1), Some(3));
    assert_eq!(turns.take_older(since), [1]);
    assert_eq!((turns.len(), turns.load()), (1, Load::default()));
    assert_eq!(turns.oldest(), None);
    assert_eq!(order(&mut turns), [2]);
}

#[test]
fn only_what_is_old_is_taken_out() {
    let mut turns = Turns::default();
    let then = Instant::now();
    let later = then + Duration::from_secs(1);
    for (of, what, since) in [(1, 1, then), (1, 2, later), (2, 3, later), (3, 4, then)] {
        turns.push(&of, Waiter { what, bytes: 0, is_refusable: true, since });
    }
    assert_eq!(turns.oldest(), Some(then));
    assert_eq!(turns.take_older(then), [1, 4]);
    assert_eq!(turns.oldest(), Some(later));
    assert_eq!(order(&mut turns).into_iter().collect::<BTreeSet<_>>(), [2, 3].into());
}

#[test]
fn lines_of_those_who_are_gone_are_forgotten() {
    let mut turns = Turns::default();
    for of in 0..10_000_u32 {
        turns.push(&of, waits(of, 100));
        turns.take();
        turns.push(&u32::MAX, waits(of, 100));
        turns.take();
    }
    assert!(turns.lines.len() < 40, "{}", turns.lines.len());
}

#[derive(Debug, Clone)]
enum Move {
    Push { of: u8, bytes: usize, is_refusable: bool },
    Take,
    Refuse { of: u8 },
}

/// Messages of at most so many bytes, and what happens with them.
fn moves() -> impl Strategy<Value = (usize, Vec<Move>)> {
    prop::sample::select(vec![1, 2_000, 50_000, 1_000_000]).prop_flat_map(|largest| {
        let push = (0..5_u8, 0..largest, prop::bool::weighted(0.7));
        let push =
            push.prop_map(|(of, bytes, is_refusable)| Move::Push { of, bytes, is_refusable });
        let refuse = (0..5_u8).prop_map(|of| Move::Refuse { of });
        let one = prop_oneof![6 => push, 5 => Just(Move::Take), 1 => refuse];
        (Just(largest), prop::collection::vec(one, 1..300))
    })
}

/// The simplest thing that could do it: lines as lists, and for each two in which something waits
/// what one was given more than the other since both wait.
#[derive(Default)]
struct Model {
    lines: BTreeMap<u8, Vec<(u32, usize, bool)>>,
    /// Now, at least, at most.
    ahead: BTreeMap<(u8, u8), (i128, i128, i128)>,
}

impl Model {
    /// The line in which this is first.
    fn first_of(&self, what: u32) -> Option<u8> {
        let first = |line: &Vec<(u32, usize, bool)>| line.first().map(|one| one.0) == Some(what);
        self.lines.iter().find(|(_, line)| first(line)).map(|(of, _)| *of)
    }

    fn take(&mut self, of: u8) {
        let (_, bytes, _) = self.lines.get_mut(&of).unwrap().remove(0);
        let given = i128::from(cost(bytes));
        for other in (0..5).filter(|other| *other != of) {
            let (now, _, most) = self.ahead.entry((of, other)).or_default();
            *now += given;
            *most = (*most).max(*now);
            let (now, least, _) = self.ahead.entry((other, of)).or_default();
            *now -= given;
            *least = (*least).min(*now);
        }
        let is_waiting = |of: &u8| self.lines.get(of).is_some_and(|line| !line.is_empty());
        self.ahead.retain(|(one, other), _| is_waiting(one) && is_waiting(other));
    }

    fn refuse_newest(&mut self, of: u8) -> Option<u32> {
        let line = self.lines.entry(of).or_default();
        let newest = line.iter().rposition(|one| one.2)?;
        let (what, ..) = line.remove(newest);
        if line.is_empty() {
            self.ahead.retain(|(one, other), _| *one != of && *other != of);
        }
        Some(what)
    }

    fn load(&self, of: impl Fn(u8) -> bool) -> Load {
        let lines = self.lines.iter().filter(|(one, _)| of(**one)).flat_map(|(_, line)| line);
        lines.filter(|one| one.2).fold(Load::default(), |load, one| load.plus(one.1))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn lines_keep_their_order_and_get_equal_shares(
        (largest, moves) in moves(),
    ) {
        let (mut turns, mut model) = (Turns::<u8, u32>::default(), Model::default());
        let bound = 2 * i128::from(cost(largest)) + i128::from(TURN_CREDIT_BYTES);
        for (what, one) in (0_u32..).zip(moves) {
            match one {
                Move::Push { of, bytes, is_refusable } => {
                    turns.push(&of, Waiter { what, bytes, is_refusable, since: Instant::now() });
                    model.lines.entry(of).or_default().push((what, bytes, is_refusable));
                }
                Move::Refuse { of } => {
                    prop_assert_eq!(turns.take_newest(&of), model.refuse_newest(of));
                }
                Move::Take => match turns.take() {
                    Some(taken) => {
                        let of = model.first_of(taken.what);
                        prop_assert!(of.is_some(), "{} is out of order", taken.what);
                        of.into_iter().for_each(|of| model.take(of));
                    }
                    None => prop_assert!(model.lines.values().all(Vec::is_empty)),
                },
            }
            for (pair, (_, least, most)) in &model.ahead {
                prop_assert!(most - least <= bound, "{pair:?}: {most} - {least}");
            }
            prop_assert_eq!(turns.len(), model.lines.values().map(Vec::len).sum::<usize>());
            prop_assert_eq!(turns.load(), model.load(|_| true));
            for of in 0..5 {
                prop_assert_eq!(turns.load_of(&of), model.load(|one| one == of));
            }
        }
    }
}

#[test]
fn only_small_messages_pass_a_large_one_that_must_wait() {
    let (small, large) = (LARGE_BYTES_MIN - 1, LARGE_BYTES_MIN);
    let mut turns = Turns::default();
    turns.push(&1, waits(1, 4 * large));
    turns.push(&1, waits(2, 10));
    turns.push(&2, waits(3, small));
    turns.push(&2, waits(4, large));
    turns.push(&3, waits(5, large));
    let next = |turns: &mut Turns<u8, u32>| turns.take().map(|waits| waits.what);
    turns.limit(2 * large);
    assert!(turns.holds_back(large) && !turns.holds_back(small));
    assert_eq!(turns.len(), 2, "those of the line that begins with a small one");
    assert_eq!(next(&mut turns), Some(3));
    assert_eq!((turns.len(), next(&mut turns)), (0, None), "there is room for each of the others");
    turns.limit(0);
    turns.push(&4, waits(6, small));
    assert_eq!((turns.len(), next(&mut turns), next(&mut turns)), (1, Some(6), None));
    turns.limit(usize::MAX);
    assert_eq!((turns.len(), next(&mut turns)), (4, Some(1)));
    turns.limit(large);
    assert_eq!(turns.len(), 3);
    assert_eq!(order(&mut turns).len(), 3);
    assert!(!turns.holds_back(large) && turns.holds_back(large + 1));
}
