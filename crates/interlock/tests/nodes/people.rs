//! What people see: nothing raw, nothing unsaid, and commands that work for whoever has a key.

mod approving;
mod interrupted;
mod orders;
mod registering;
mod restoring;
mod signing;
mod site;
mod terminal;
