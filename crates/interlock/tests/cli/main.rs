//! The built program, run as a user runs it.

#[cfg(test)]
mod machine;
#[cfg(test)]
mod office;
#[cfg(test)]
mod run;
