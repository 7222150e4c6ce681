use std::io::Write as _;
use std::process::{Command, Stdio};

/// The built program.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_interlock");

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program with these arguments and no input.
pub(crate) fn interlock(arguments: &[&str]) -> Ended {
    interlock_reading(arguments, b"")
}

/// Runs the program with these arguments and this input.
pub(crate) fn interlock_reading(arguments: &[&str], input: &[u8]) -> Ended {
    let mut child = Command::new(BINARY)
        .args(arguments)
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // A program that ends before it has read all input closes the pipe: that is its right.
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let ended = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ended {
        code: ended.status.code().unwrap(),
        stdout: String::from_utf8(ended.stdout).unwrap(),
        stderr: String::from_utf8(ended.stderr).unwrap(),
    }
}
