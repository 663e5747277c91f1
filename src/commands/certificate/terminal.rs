//! Asking on the terminal for what nobody shall see.

use std::io;

use secrecy::SecretString;

/// Asks, and hides the answer. On Unix it is hidden before the question is there, so that a script that answers at once
/// leaves nothing in its record.
#[cfg(unix)]
pub(super) fn ask_hidden(question: &str) -> io::Result<SecretString> {
    use std::io::Write as _;

    use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

    let mut terminal = std::fs::File::options().read(true).write(true).open("/dev/tty")?;
    let before = tcgetattr(&terminal)?;
    let mut hidden = before.clone();
    // Without signals: the key that interrupts must not end the program while the terminal is mute.
    hidden.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
    // What was typed before the question is no answer to it.
    tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
    let answer = write!(terminal, "{question}: ").and_then(|()| read_line(&mut terminal));
    tcsetattr(&terminal, OptionalActions::Flush, &before)?;
    writeln!(terminal)?;
    answer
}

#[cfg(not(unix))]
pub(super) fn ask_hidden(question: &str) -> io::Result<SecretString> {
    rpassword::prompt_password(format!("{question}: ")).map(SecretString::from)
}

/// One line, with the few keys that change what was typed.
#[cfg(unix)]
fn read_line(terminal: &mut impl io::Read) -> io::Result<SecretString> {
    /// Nobody types more, and a buffer that does not grow leaves no copy behind.
    const LONGEST: usize = 1024;
    const INTERRUPT: u8 = 0x03;
    const END: u8 = 0x04;
    const BACKSPACE: u8 = 0x08;
    const CLEAR: u8 = 0x15;
    const DELETE: u8 = 0x7f;

    let mut line = zeroize::Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = [0];
    loop {
        if terminal.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match byte[0] {
            b'\n' | b'\r' => break,
            INTERRUPT => return Err(io::Error::other("interrupted")),
            END if line.is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
            BACKSPACE | DELETE => {
                // A letter outside ASCII is several bytes; those after its first begin with the bits 10.
                while line.pop().is_some_and(|last| last & 0xc0 == 0x80) {}
            }
            CLEAR => line.clear(),
            letter if line.len() < LONGEST => line.push(letter),
            _ => return Err(io::Error::other("the answer is too long")),
        }
    }
    let text = std::str::from_utf8(&line).map_err(|_| io::Error::other("the answer is not UTF-8"))?;
    Ok(text.into())
}

#[cfg(all(test, unix))]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn keys_that_change_the_line() {
        let typed = |keys: &str| read_line(&mut keys.as_bytes()).map(|line| line.expose_secret().to_owned());
        assert_eq!(typed("Grüße\nmore").unwrap(), "Grüße");
        assert_eq!(typed("aü\x7f\x7f\x7fb\r").unwrap(), "b");
        assert_eq!(typed("wrong\x15right\n").unwrap(), "right");
        assert_eq!(typed("ab\x03").unwrap_err().to_string(), "interrupted");
        assert_eq!(typed("\x04").unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(typed("no end").unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert!(typed(&"x".repeat(2000)).is_err());
    }
}
