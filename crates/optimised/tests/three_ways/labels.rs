//! What a permit does to labels, as plain data, judged by plain code.

use std::collections::BTreeSet;

use policy::{DecisionState, ToolName};
use proof::digest::Digest;

use super::model::{ACTIONS, Ask, Condition, Odd, Policy};
use super::naive::Check;
use super::random::Random;

type Names = BTreeSet<&'static str>;

const NAMES: [&str; 3] = ["blue", "green", "red"];
/// Tools, with the action that each stands for: two of one action, and one that begins as another.
pub(crate) const TOOLS: [(&str, &str, &str); 4] =
    [("s", "one", "read"), ("s", "two", "read"), ("s", "on", "write"), ("t", "one", "move")];

/// What a set says of labels.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    actions: Vec<Action>,
    tools: Vec<((&'static str, &'static str), Names)>,
    resources: Vec<(&'static str, String, Names)>,
    /// Type and pattern.
    places: Vec<(&'static str, String)>,
    /// What is looked for in arguments, by its place in [`LOOKS_FOR`].
    detectors: Vec<(usize, Names)>,
}

type LooksFor = (&'static str, fn(&str) -> bool);

/// Patterns, and whether plain code finds one of these lines to match.
const LOOKS_FOR: [LooksFor; 5] = [
    ("[de]", |line| line.contains(['d', 'e'])),
    ("(?m)^50$", |line| line == "50"),
    ("(?i)USER", |line| line.to_lowercase().contains("user")),
    ("b.?c", |line| {
        let letters: Vec<char> = line.chars().collect();
        let at = |n: usize| letters.get(n).copied();
        (0..letters.len())
            .any(|n| at(n) == Some('b') && (at(n + 1) == Some('c') || at(n + 2) == Some('c')))
    }),
    ("zzz", |line| line.contains("zzz")),
];

#[derive(Debug)]
struct Action {
    name: &'static str,
    reads: bool,
    writes: bool,
    adds: Names,
    removes: Names,
}

/// Labels for half of the sets, and conditions over them in some of their policies.
pub(crate) fn generate(policies: &mut [Policy], random: &mut Random) -> Labels {
    let mut labels = Labels::default();
    if random.chance(50) {
        return labels;
    }
    for (name, _) in ACTIONS {
        if random.chance(50) {
            let is_scrub = random.chance(20);
            let named = some(1 + random.below(2), random);
            let (adds, removes) =
                if is_scrub { (Names::new(), named) } else { (named, Names::new()) };
            let (reads, writes) = (random.chance(70), random.chance(40));
            labels.actions.push(Action { name, reads, writes, adds, removes });
        }
    }
    for (server, tool, action) in TOOLS {
        let scrubs = labels.actions.iter().any(|one| one.name == action && !one.removes.is_empty());
        if !scrubs && random.chance(60) {
            labels.tools.push(((server, tool), some(1, random)));
        }
    }
    for _ in 0..random.below(4) {
        let id = pattern(random);
        labels.resources.push((random.pick(&["File", "Folder", "User"]), id, some(1, random)));
    }
    for _ in 0..random.below(4) {
        let place = (random.pick(&["File", "Folder", "User"]), pattern(random));
        labels.places.push(place);
    }
    for number in 0..LOOKS_FOR.len() {
        if random.chance(30) {
            labels.detectors.push((number, some(1, random)));
        }
    }
    for policy in policies.iter_mut() {
        if random.chance(15) {
            let label = random.pick(&NAMES);
            let of_resource = random.chance(50);
            policy.when.push(Condition::Labelled { label, of_resource });
        }
    }
    labels
}

fn pattern(random: &mut Random) -> String {
    let id = random.below(5);
    random.pick(&[format!("{id}"), format!("{id}*"), format!("*{id}"), "*".into()])
}

/// Ids have one digit, so that with a star is that without.
fn fits(pattern: &str, id: usize) -> bool {
    let digit = pattern.trim_matches('*');
    digit.is_empty() || digit == id.to_string()
}

fn some(count: usize, random: &mut Random) -> Names {
    (0..count).map(|_| random.pick(&NAMES)).collect()
}

/// The tool table of every manifest. The second version of the decider knows pinned definitions.
pub(crate) fn tools(semantics: u64) -> String {
    let table = TOOLS.map(|(server, tool, action)| {
        let mut text = format!(
            "[tools.\"{server}/{tool}\"]\naction = \"{action}\"\nresource = {{ type = \"File\", id = \"1\" }}\n"
        );
        if semantics > 1 && (server, tool) == PINNED {
            text += &format!("pinned = \"{}\"\n", digest(1));
        }
        text
    });
    table.concat()
}

/// The tool whose definition is pinned, to the digest number 1.
const PINNED: (&str, &str) = ("s", "one");

pub(crate) fn digest(number: u8) -> Digest {
    Digest::of(&[number])
}

/// How the check of the definition comes out.
pub(crate) fn check(state: &DecisionState, ask: &Ask) -> Check {
    let name = "tool.changed";
    let is_it = |tool: &ToolName| (tool.server.as_str(), tool.tool.as_str()) == PINNED;
    let is_pinned = state.tool.as_ref().is_some_and(is_it);
    let why = match ask.definition {
        _ if !is_pinned => return (name, "pass", None),
        Some(1) => return (name, "pass", None),
        Some(_) => "its definition is not the one that is pinned",
        None => "its definition is pinned, and the server has not listed it",
    };
    (name, "fail", Some(why.to_owned()))
}

impl Labels {
    /// The file.
    pub(crate) fn text(&self) -> String {
        let list = |names: &Names| format!("{names:?}").replace('{', "[").replace('}', "]");
        let mut text = "[labels]\n".to_owned();
        text.extend(NAMES.map(|name| format!("{name} = \"a colour\"\n")));
        for Action { name, reads, writes, adds, removes } in &self.actions {
            text += &format!("[actions.{name}]\nreads = {reads}\nwrites = {writes}\n");
            text += &format!("adds = {}\nremoves = {}\n", list(adds), list(removes));
        }
        for ((server, tool), adds) in &self.tools {
            text += &format!("[tools.\"{server}/{tool}\"]\nadds = {}\n", list(adds));
        }
        for (kind, id, names) in &self.resources {
            text += &format!("[[resources]]\ntype = \"{kind}\"\nid = \"{id}\"\n");
            text += &format!("labels = {}\n", list(names));
        }
        for (kind, id) in &self.places {
            text += &format!("[[places]]\ntype = \"{kind}\"\nid = \"{id}\"\n");
        }
        text
    }

    /// The detectors' file; none where there is nothing in it.
    pub(crate) fn detectors(&self) -> Option<String> {
        let one = |(number, adds): &(usize, Names)| {
            let pattern = LOOKS_FOR[*number].0;
            let adds = format!("{adds:?}").replace('{', "[").replace('}', "]");
            format!(
                "[detectors.d{number}]\npattern = '{pattern}'\nlooks_at = [\"arguments\"]\nadds = {adds}\n"
            )
        };
        let text: String = self.detectors.iter().map(one).collect();
        (!text.is_empty()).then_some(text)
    }

    /// What is found in the arguments: everything where they can't be read.
    fn found(&self, ask: &Ask) -> Names {
        let mut lines = vec!["n".to_owned(), ask.n.to_string(), "s".to_owned(), ask.s.clone()];
        if let Some(id) = ask.who {
            lines.extend(["who", "type", "User", "id"].map(str::to_owned));
            lines.push(id.to_string());
        }
        match ask.odd {
            Odd::NoNumber => drop(lines.drain(..2)),
            Odd::Undeclared => lines.extend(["zzz".to_owned(), "1".to_owned()]),
            _ => {}
        }
        let is_found = |(number, _): &&(usize, Names)| {
            ask.odd == Odd::NotJson || lines.iter().any(|line| LOOKS_FOR[*number].1(line))
        };
        self.detectors.iter().filter(is_found).flat_map(|(_, adds)| adds).copied().collect()
    }

    /// What who asks and the resource carry, and the tool that is called, if one is; the request
    /// sees the same.
    pub(crate) fn state(
        &self,
        random: &mut Random,
        ask: &mut Ask,
        state: DecisionState,
    ) -> DecisionState {
        let (held, left) = (some(random.below(3), random), some(random.below(2), random));
        let (server, tool, _) = random.pick(&TOOLS);
        let tool = random.chance(50).then(|| ToolName::new(server, tool));
        let owned = |names: &Names| names.iter().map(|name| (*name).to_owned()).collect();
        let state =
            DecisionState { labels: owned(&held), resource_labels: owned(&left), tool, ..state };
        let (kind, id) = ask.resource.0;
        ask.found = self.found(ask);
        ask.labels = held.union(&ask.found).copied().collect();
        ask.resource_labels = left;
        for (of, pattern, names) in &self.resources {
            if *of == kind && fits(pattern, id) {
                ask.resource_labels.extend(names);
            }
        }
        state
    }

    /// Where a writer leaves what it carries: at each place that fits, or at the rest of its type.
    fn leaves(&self, ask: &Ask) -> BTreeSet<String> {
        let (kind, id) = ask.resource.0;
        let of_kind = self.places.iter().filter(|(of, _)| *of == kind);
        let name = |pattern: &String| format!("{kind} {pattern}");
        let all: BTreeSet<String> = of_kind.clone().map(|(_, pattern)| name(pattern)).collect();
        let fitting: BTreeSet<String> =
            of_kind.filter(|(_, one)| fits(one, id)).map(|(_, one)| name(one)).collect();
        if !fitting.is_empty() {
            return fitting;
        }
        let mut rest = format!("{kind}/rest");
        if !all.is_empty() {
            let all: Vec<String> = all.into_iter().collect();
            rest += &format!("/{}", Digest::of(all.join("\n").as_bytes()));
        }
        [rest].into()
    }

    /// The member `labels` of a permit's bytes, with a comma before it; nothing where it changes
    /// nothing.
    pub(crate) fn change(&self, state: &DecisionState, ask: &Ask) -> String {
        let rule = self.actions.iter().find(|one| one.name == ask.action);
        let mut adds = rule.map(|one| one.adds.clone()).unwrap_or_default();
        if rule.is_none_or(|one| one.reads) {
            adds.extend(&ask.resource_labels);
        }
        adds.extend(&ask.found);
        for ((server, tool), names) in &self.tools {
            if state.tool == Some(ToolName::new(*server, *tool)) {
                adds.extend(names);
            }
        }
        let removes = rule.map(|one| one.removes.clone()).unwrap_or_default();
        let owned = |names: Names| names.into_iter().map(str::to_owned).collect();
        let leaves = if rule.is_some_and(|one| one.writes) { self.leaves(ask) } else { [].into() };
        let parts: [(&str, BTreeSet<String>); 3] =
            [("adds", owned(adds)), ("leaves", leaves), ("removes", owned(removes))];
        let parts = parts.iter().filter(|(_, names)| !names.is_empty()).map(|(name, names)| {
            let each: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            format!("\"{name}\":[{}]", each.join(","))
        });
        let parts = parts.collect::<Vec<_>>().join(",");
        if parts.is_empty() { parts } else { format!(",\"labels\":{{{parts}}}") }
    }
}
