//! `accredit certificate inspect`: what a file is, and what Entra and Exchange would say to it.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::commands::console::Console;
use crate::commands::{Exit, Failure, now};
use crate::keys::{Examined, examine};
use crate::render;

use super::files::{self, Passwords};
use super::password::PasswordSource;

/// What was typed after `inspect`.
#[derive(Debug)]
pub struct Arguments {
    pub files: Vec<PathBuf>,
    pub json: bool,
    pub now: Option<Timestamp>,
    pub password: PasswordSource,
}

pub(super) fn run(console: &Console, arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { files, json, now: given, password } = arguments;
    let mut passwords = Passwords::new(password);
    let mut read = Vec::new();
    for path in files {
        read.push((path.display().to_string(), files::read(path, &mut passwords)?));
    }
    let examined: Vec<Examined<'_>> =
        read.iter().map(|(name, contents)| Examined { name, contents: contents.as_ref() }).collect();
    let inspection = examine(&examined, now(*given));
    console.data(&if *json {
        render::inspection_json(&inspection)
    } else {
        render::inspection_text(&inspection, console.paint)
    })?;
    if inspection.fit { Ok(Exit::Success) } else { Err(Failure::said()) }
}
