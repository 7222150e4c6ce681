//! The built program, run as a user runs it.

#[cfg(test)]
mod bench;
#[cfg(test)]
mod codes;
#[cfg(test)]
mod history;
#[cfg(test)]
mod machine;
#[cfg(test)]
mod office;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod run;
