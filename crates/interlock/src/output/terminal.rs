use std::io::{self, IsTerminal as _, Write};

use proof::shown;

/// Standard output for bytes of another program's protocol: unchanged, except on a terminal, where
/// they are escaped.
pub(crate) fn stdout() -> Box<dyn Write> {
    let stdout = io::stdout();
    match stdout.is_terminal() {
        true => Box::new(Terminal { to: stdout, rest: Vec::new() }),
        false => Box::new(stdout),
    }
}

/// Standard output for the bytes of a file, which are not for a terminal: `None` where it is one.
pub(crate) fn file_stdout() -> Option<Box<dyn Write>> {
    let stdout = io::stdout();
    (!stdout.is_terminal()).then(|| Box::new(stdout) as Box<dyn Write>)
}

/// Writes bytes to a terminal, escaped, as they come.
struct Terminal<W> {
    to: W,
    /// The first bytes of a character that is not complete yet.
    rest: Vec<u8>,
}

impl<W: Write> Write for Terminal<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let whole = self.rest.len() - unfinished(&self.rest);
        let rest = self.rest.split_off(whole);
        let whole = std::mem::replace(&mut self.rest, rest);
        self.to.write_all(shown::lines(&whole).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// How many bytes at the end may be the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(why) if why.error_len().is_none() => bytes.len() - why.valid_up_to(),
        // After a byte that is part of no character, only the end matters.
        Err(_) => bytes.utf8_chunks().last().map_or(0, |chunk| match chunk.invalid() {
            [lead, ..] if *lead >= 0xc2 && bytes.ends_with(chunk.invalid()) => {
                chunk.invalid().len()
            }
            _ => 0,
        }),
        Ok(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_of(pieces: &[&[u8]]) -> String {
        let mut terminal = Terminal { to: Vec::new(), rest: Vec::new() };
        pieces.iter().for_each(|piece| terminal.write_all(piece).unwrap());
        String::from_utf8(terminal.to).unwrap()
    }

    #[test]
    fn a_character_cut_in_two_is_shown_as_one() {
        let whole = "a\u{202e}ü\u{1b}[2K🙂\n".as_bytes();
        for at in 0..whole.len() {
            let (left, right) = whole.split_at(at);
            assert_eq!(shown_of(&[left, right]), "a\\u{202e}ü\\u{1b}[2K🙂\n", "cut at {at}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_not_pass() {
        assert_eq!(shown_of(&[b"\x9b2K", b"\xff\xe2", b"x"]), "\\x9b2K\\xff\\xe2x");
    }
}
