/// Under whose key a record's sealed part lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealingScope {
    /// The node's: the record is of no execution.
    Node,
    /// An execution's, which begins with this record: its key is to be made.
    Begun(String),
    /// An execution's that has begun.
    Execution(String),
}
