//! Whole nodes under attack and in time: killed, given bad input, decided again.

#[cfg(test)]
mod approvals;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod brought_again;
#[cfg(test)]
mod deadlines;
#[cfg(test)]
mod decide_everywhere;
#[cfg(test)]
mod earlier_builds;
#[cfg(test)]
mod ended;
#[cfg(test)]
mod guards;
#[cfg(test)]
mod killed;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod overload;
#[cfg(test)]
mod people;
#[cfg(test)]
mod quiet;
#[cfg(test)]
mod quorum;
#[cfg(test)]
mod random;
#[cfg(test)]
mod replay_edited;
#[cfg(test)]
mod results;
#[cfg(test)]
mod semantics;
#[cfg(test)]
mod setups;
#[cfg(test)]
mod small;
#[cfg(test)]
mod soak;
#[cfg(test)]
mod stops;
#[cfg(test)]
mod sub_agents;
#[cfg(test)]
#[path = "../support/mod.rs"]
mod support;
#[cfg(test)]
mod talking;
#[cfg(test)]
mod unanswered;
