//! A known failure as a value.

use std::fmt::Write as _;

use super::sign::Sign;
use crate::model::{FailureNumber, Remedy, Stage};

/// A failure that users meet.
#[derive(Debug)]
pub struct KnownFailure {
    pub number: FailureNumber,
    /// What the user sees or has, in a few words.
    pub title: &'static str,
    /// What explains it, and what it explains.
    pub stage: Stage,
    /// One for each cause that wants a remedy of its own; the usual one first.
    pub variants: &'static [Variant],
}

/// One cause of a failure.
#[derive(Debug)]
pub struct Variant {
    pub cause: &'static str,
    /// How error texts show it: any of these.
    pub(super) signs: &'static [Sign],
    pub(super) remedy: Advice,
}

/// A remedy before it is known whose. `HANDLE` stands for the application's handle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Advice {
    pub(super) text: &'static str,
    pub(super) manifest: Option<ManifestLines>,
    pub(super) commands: &'static [&'static str],
}

/// Lines of a manifest, in YAML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManifestLines {
    /// Keys of the file.
    Estate(&'static str),
    /// Keys of one application.
    Application(&'static str),
}

/// Advice in words alone.
pub(super) const fn advice(text: &'static str) -> Advice {
    Advice { text, manifest: None, commands: &[] }
}

impl Advice {
    pub(super) const fn run(self, commands: &'static [&'static str]) -> Self {
        Self { commands, ..self }
    }

    pub(super) const fn declare(self, lines: ManifestLines) -> Self {
        Self { manifest: Some(lines), ..self }
    }

    pub(super) fn for_handle(self, handle: &str) -> Remedy {
        let filled = |text: &str| text.replace("HANDLE", handle);
        Remedy {
            text: filled(self.text),
            manifest: self.manifest.map(|lines| lines.in_place(handle)),
            commands: self.commands.iter().map(|command| filled(command)).collect(),
        }
    }
}

impl Variant {
    /// The lines that a manifest may lack.
    pub fn manifest(&self) -> Option<ManifestLines> {
        self.remedy.manifest
    }

    pub fn remedy(&self, handle: &str) -> Remedy {
        self.remedy.for_handle(handle)
    }
}

impl ManifestLines {
    /// The lines where they belong in a file.
    pub fn in_place(self, handle: &str) -> String {
        match self {
            Self::Estate(lines) => lines.to_owned(),
            Self::Application(lines) => {
                let mut out = format!("applications:\n  {handle}:\n");
                for line in lines.lines() {
                    let _ = writeln!(out, "    {line}");
                }
                out
            }
        }
    }
}

/// All known failures, by their numbers.
pub fn failures() -> impl Iterator<Item = &'static KnownFailure> {
    super::failures::ALL.iter().copied()
}
