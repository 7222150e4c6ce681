use super::Id;
use crate::json::{Accept, fold, read_string};
use crate::limits::{BATCH_REQUESTS_MAX, ID_BYTES_MAX};

/// What a refused text is, as far as a tolerant look tells: whom its refusal concerns. Nothing is
/// decided by it, and nothing of the text is forwarded.
///
/// The look goes over strings and brackets, and takes any byte for what it is. It tells an id only
/// if exactly one stands there: what two readers could take for different ids is
/// [`Outline::Unclear`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outline {
    /// No message at all, such as a line of a log: nobody waits for an answer to it, and it answers
    /// nobody.
    Nothing,
    /// A request with this id: it has exactly one `id` and one `method`.
    Request(Id),
    /// It has a method and no id: nobody waits for an answer.
    Notification,
    /// A response to the request with this id.
    Response(Id),
    /// An array of requests and notifications, at most [`BATCH_REQUESTS_MAX`]; the ids of the
    /// requests.
    Batch(Vec<Id>),
    /// It may be a request or a response, and its id can't be told.
    Unclear,
}

impl Outline {
    /// The outline of a whole text.
    pub fn of(text: &[u8]) -> Self {
        let mut outliner = Outliner::new();
        outliner.push(text);
        outliner.finish()
    }
}

/// Takes a text in parts, and holds no more of it than an id.
#[derive(Debug, Default)]
pub struct Outliner {
    /// The brackets that are open, as far as they are looked at.
    depth: usize,
    state: OutlineState,
    is_batch: bool,
    /// Something stood where no JSON has it.
    is_broken: bool,
    /// The member whose name was read last has its value.
    has_value: bool,
    /// How much of `jsonrpc` the last bytes are, and whether it stood anywhere.
    marks: usize,
    is_marked: bool,
    /// The bytes of the string or number that is being read, if it is one that matters.
    token: Option<Vec<u8>>,
    /// The member whose value is being read.
    member: OutlineMember,
    object: OutlineMembers,
    /// The objects of a batch that have ended.
    parts: Vec<Outline>,
}

/// Where the reader stands in the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum OutlineState {
    #[default]
    Before,
    /// After the first bracket, where a message has the name of a member, and a batch a message.
    Begun,
    /// It begins as no message does.
    Never,
    /// Between tokens, where the next string is a name if it stands in the message's own object.
    Name,
    /// Between tokens otherwise.
    Value,
    String,
    Escape,
    /// In a number or a word.
    Plain,
    After,
}

/// Whose text the next token is, of the message's own members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum OutlineMember {
    Name,
    Id,
    #[default]
    Other,
}

/// The members of the message's own object, as far as they were read.
#[derive(Debug, Default)]
struct OutlineMembers {
    ids: Vec<Option<Id>>,
    methods: usize,
    /// It has `jsonrpc`, `result` or `error`.
    is_message: bool,
    has_params: bool,
    /// It has a name that some reader takes for `id` or `method`.
    is_doubtful: bool,
}

const MARK: &[u8] = b"jsonrpc";
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();
/// Bytes of a name or an id that are kept: each may be escaped.
const TOKEN_BYTES_MAX: usize = 6 * ID_BYTES_MAX + 2;

impl Outliner {
    /// An empty text.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.mark(*byte);
            self.take(*byte);
        }
    }

    /// Takes the text's end.
    pub fn finish(self) -> Outline {
        if matches!(self.state, OutlineState::Before | OutlineState::Never) {
            return Outline::Nothing;
        }
        let is_whole = self.state == OutlineState::After && !self.is_broken;
        if !is_whole {
            let is_message = self.is_marked || self.object.begins_a_message();
            let is_awaited = is_message || self.parts.iter().any(Outline::is_awaited);
            return if is_awaited { Outline::Unclear } else { Outline::Nothing };
        }
        if !self.is_batch {
            return self.object.outline();
        }
        if self.parts.len() > BATCH_REQUESTS_MAX {
            return Outline::Unclear;
        }
        let mut ids = Vec::new();
        for part in self.parts {
            match part {
                Outline::Nothing | Outline::Notification => {}
                Outline::Request(id) => ids.push(id),
                _ => return Outline::Unclear,
            }
        }
        Outline::Batch(ids)
    }

    fn mark(&mut self, byte: u8) {
        let wanted = MARK.get(self.marks).copied();
        self.marks = match wanted == Some(byte.to_ascii_lowercase()) {
            true => self.marks.saturating_add(1),
            false => usize::from(byte.eq_ignore_ascii_case(&b'j')),
        };
        self.is_marked |= self.marks == MARK.len();
    }

    /// The depth at which the message's own members stand.
    fn own_depth(&self) -> usize {
        if self.is_batch { 2 } else { 1 }
    }

    fn take(&mut self, byte: u8) {
        match self.state {
            OutlineState::Before => self.begin(byte),
            OutlineState::Begun => self.begin_within(byte),
            OutlineState::Never => {}
            OutlineState::After => self.is_broken |= !is_space(byte),
            OutlineState::String => self.string(byte),
            OutlineState::Escape => {
                self.keep(byte);
                self.state = OutlineState::String;
            }
            OutlineState::Plain if is_plain(byte) => self.keep(byte),
            OutlineState::Plain => {
                self.end_token();
                self.state = OutlineState::Value;
                self.token(byte);
            }
            OutlineState::Name | OutlineState::Value => self.token(byte),
        }
    }

    fn begin(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                self.is_batch = byte == b'[';
                self.depth = 1;
                self.state = OutlineState::Begun;
            }
            byte if is_space(byte) || BYTE_ORDER_MARK.contains(&byte) => {}
            _ => self.state = OutlineState::Never,
        }
    }

    /// Logs begin lines with `[time]` and `{ level: ..`.
    fn begin_within(&mut self, byte: u8) {
        match (byte, self.is_batch) {
            (b'{', true) | (b']', true) | (b'}', false) => self.token(byte),
            (b'"', false) => {
                self.state = OutlineState::Name;
                self.token(byte);
            }
            (byte, _) if is_space(byte) => {}
            _ => self.state = OutlineState::Never,
        }
    }

    /// A byte between tokens.
    fn token(&mut self, byte: u8) {
        let is_own = self.depth == self.own_depth();
        let is_value = b"{[\"".contains(&byte) || is_plain(byte);
        if is_own && is_value && (self.state == OutlineState::Value || byte != b'"') {
            // A value without a name, or a second one.
            self.is_broken |= self.state == OutlineState::Name || self.has_value;
            self.has_value = true;
        }
        match byte {
            b'{' | b'[' => self.open(byte),
            b'}' | b']' => self.close(),
            b',' if is_own => self.state = OutlineState::Name,
            b'"' => {
                if self.state == OutlineState::Name && is_own {
                    self.member = OutlineMember::Name;
                }
                self.state = OutlineState::String;
                self.token = (is_own && self.member != OutlineMember::Other).then(|| vec![byte]);
            }
            byte if is_plain(byte) => {
                self.state = OutlineState::Plain;
                self.token = (is_own && self.member == OutlineMember::Id).then(|| vec![byte]);
            }
            b',' | b':' => {}
            byte if is_space(byte) => {}
            _ => self.is_broken = true,
        }
    }

    fn open(&mut self, byte: u8) {
        if self.depth == self.own_depth() && self.member == OutlineMember::Id {
            // An id that is no string and no number.
            self.object.ids.push(None);
            self.member = OutlineMember::Other;
        }
        self.depth = self.depth.saturating_add(1);
        let is_own = self.depth == self.own_depth() && byte == b'{';
        self.state = if is_own { OutlineState::Name } else { OutlineState::Value };
        self.has_value &= !is_own;
    }

    fn close(&mut self) {
        if self.is_batch && self.depth == 2 && self.parts.len() <= BATCH_REQUESTS_MAX {
            self.parts.push(std::mem::take(&mut self.object).outline());
        }
        self.depth = self.depth.saturating_sub(1);
        self.member = OutlineMember::Other;
        self.state = if self.depth == 0 { OutlineState::After } else { OutlineState::Value };
    }

    fn string(&mut self, byte: u8) {
        self.keep(byte);
        match byte {
            b'\\' => self.state = OutlineState::Escape,
            b'"' => {
                self.end_token();
                self.state = OutlineState::Value;
            }
            _ => {}
        }
    }

    /// Keeps a byte of a token that matters; one that is too long can't be read.
    fn keep(&mut self, byte: u8) {
        if let Some(token) = self.token.as_mut().filter(|token| token.len() <= TOKEN_BYTES_MAX) {
            token.push(byte);
        }
    }

    fn end_token(&mut self) {
        let member = std::mem::take(&mut self.member);
        let Some(token) = self.token.take() else { return };
        let text = String::from_utf8(token).ok().filter(|text| text.len() <= TOKEN_BYTES_MAX);
        match member {
            OutlineMember::Name => self.name(text.as_deref()),
            OutlineMember::Id => self.object.ids.push(text.as_deref().and_then(Id::of_refused)),
            OutlineMember::Other => {}
        }
    }

    fn name(&mut self, raw: Option<&str>) {
        let name = raw.and_then(|raw| read_string(raw, Accept::Result)).unwrap_or_default();
        let object = &mut self.object;
        self.has_value = false;
        match &*name {
            "id" => self.member = OutlineMember::Id,
            "method" => object.methods = object.methods.saturating_add(1),
            "jsonrpc" | "result" | "error" => object.is_message = true,
            "params" => object.has_params = true,
            other => object.is_doubtful |= ["id", "method"].contains(&&*fold(other)),
        }
    }
}

impl OutlineMembers {
    /// A line that is cut off here may have been a message whose id, if it has one, is in the
    /// missing part.
    fn begins_a_message(&self) -> bool {
        self.is_message || self.has_params || self.methods > 0 || !self.ids.is_empty()
    }

    fn outline(self) -> Outline {
        let Self { ids, methods, is_message, is_doubtful, has_params: _ } = self;
        let mut ids = ids.into_iter();
        let (first, more) = (ids.next(), ids.next().is_some());
        match (first, methods) {
            (_, _) if is_doubtful => Outline::Unclear,
            (None, 0) => Outline::Nothing,
            (None, _) => Outline::Notification,
            (Some(Some(id)), 1) if !more => Outline::Request(id),
            // A line of a log may well have an id.
            (Some(_), 0) if !is_message => Outline::Nothing,
            (Some(Some(id)), 0) if !more => Outline::Response(id),
            _ => Outline::Unclear,
        }
    }
}

impl Outline {
    fn is_awaited(&self) -> bool {
        !matches!(self, Self::Nothing | Self::Notification)
    }
}

fn is_space(byte: u8) -> bool {
    byte <= b' '
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-._".contains(&byte)
}

#[cfg(test)]
mod tests;
