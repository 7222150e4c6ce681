use std::fs::File;
use std::io;
use std::path::Path;

use wire::frame::Lines;

use crate::exit::Failure;
use crate::limits::READ_BYTES;

/// The lines of one read, each with its bytes or the reason why it is no line.
pub(super) type LineBatch = Vec<Result<Vec<u8>, wire::frame::Error>>;

/// Passes on the lines of a file, or of standard input for `-`, as they arrive.
pub(super) fn each_line(
    path: &Path,
    mut take: impl FnMut(LineBatch) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut from = open(path)?;
    let mut lines = Lines::new(wire::limits::LINE_BYTES_MAX);
    let mut chunk = vec![0; READ_BYTES];
    let mut is_line_open = false;
    loop {
        let read = from.read(&mut chunk);
        let read = read
            .map_err(|why| Failure::io(format!("`{}` could not be read", path.display()), &why))?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        is_line_open = !bytes.ends_with(b"\n");
        take(lines.push(bytes))?;
    }
    // The last line of a file may lack its line feed.
    if is_line_open { take(lines.push(b"\n")) } else { Ok(()) }
}

fn open(path: &Path) -> Result<Box<dyn io::Read>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    match File::open(path) {
        Ok(file) => Ok(Box::new(file)),
        Err(why) => Err(Failure::io(format!("`{}` cannot be read", path.display()), &why)),
    }
}
