//! How an error text shows a failure.

use super::pasted::{Pasted, squeezed};
use super::pasted_command::Slip;
use crate::model::Certainty;

/// What has to be in a text, all of it, so that it speaks for a failure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sign {
    /// The number behind `AADSTS`.
    code: Option<u32>,
    /// Of these only letters and digits count: consoles wrap lines within words, and quote marks differ.
    phrases: &'static [&'static str],
    /// At least one of these, where there are any.
    any_of: &'static [&'static str],
    /// A word that stands alone.
    word: Option<&'static str>,
    /// A mistake in a command.
    slip: Option<Slip>,
    /// What must not be there.
    without: &'static [&'static str],
    /// No code of Entra's may be there, which would be the better explanation.
    without_codes: bool,
    pub(super) certainty: Certainty,
}

const NOTHING: Sign = Sign {
    code: None,
    phrases: &[],
    any_of: &[],
    word: None,
    slip: None,
    without: &[],
    without_codes: false,
    certainty: Certainty::Certain,
};

/// What stands in texts about connections to Exchange's PowerShell. Hosts are none of it: other APIs live there too.
pub(super) const OF_EXCHANGE: &[&str] =
    &["ExchangeOnline", "IPPSSession", "ExoPSSession", "Get-EXO", "adminapi", "powershell-liveid"];

/// What shows that another service answered, or that Exchange itself says what is wrong.
pub(super) const OF_OTHERS: &[&str] = &[
    "graph.microsoft",
    "Authorization_RequestDenied",
    "sharepoint.com",
    "management.azure.com",
    "vault.azure",
    "office365.com/api/",
    "office.com/api/",
    "exchange.asmx",
    "Access to the path",
    "User is not allowed to call",
];

pub(super) const fn code(code: u32) -> Sign {
    Sign { code: Some(code), ..NOTHING }
}

pub(super) const fn says(phrases: &'static [&'static str]) -> Sign {
    Sign { phrases, ..NOTHING }
}

pub(super) const fn word(word: &'static str) -> Sign {
    Sign { word: Some(word), ..NOTHING }
}

pub(super) const fn slip(slip: Slip) -> Sign {
    Sign { slip: Some(slip), ..NOTHING }
}

impl Sign {
    pub(super) const fn and(self, phrases: &'static [&'static str]) -> Self {
        Self { phrases, ..self }
    }

    pub(super) const fn with_any_of(self, any_of: &'static [&'static str]) -> Self {
        Self { any_of, ..self }
    }

    pub(super) const fn unless(self, without: &'static [&'static str]) -> Self {
        Self { without, ..self }
    }

    pub(super) const fn without_codes(self) -> Self {
        Self { without_codes: true, ..self }
    }

    pub(super) const fn likely(self) -> Self {
        Self { certainty: Certainty::Likely, ..self }
    }

    pub(super) const fn possible(self) -> Self {
        Self { certainty: Certainty::Possible, ..self }
    }

    pub(super) fn has_code(&self, code: u32) -> bool {
        self.code == Some(code)
    }

    /// What of it is in a text, if all of it is. Only words of this program and values that are known to be no secret.
    pub(super) fn evidence(&self, pasted: &Pasted) -> Option<Vec<String>> {
        let Self { code, phrases, any_of, word, slip, without, without_codes, certainty: _ } = self;
        let says = |phrase: &str| pasted.letters.contains(&squeezed(phrase));
        if without.iter().any(|phrase| says(phrase)) || !phrases.iter().all(|phrase| says(phrase)) {
            return None;
        }
        let one = any_of.iter().find(|phrase| says(phrase));
        if one.is_none() && !any_of.is_empty() {
            return None;
        }
        if *without_codes && !pasted.codes.is_empty() {
            return None;
        }
        let mut evidence = Vec::new();
        if let Some(code) = code {
            pasted.codes.contains(code).then_some(())?;
            evidence.push(format!("AADSTS{code}"));
        }
        if let Some(word) = word {
            pasted.words.contains(*word).then_some(())?;
            evidence.push(format!("the text says \"{word}\""));
        }
        if let Some(slip) = slip {
            evidence.push(pasted.command.evidence(*slip)?);
        }
        let said: Vec<&str> = phrases.iter().chain(one).copied().collect();
        if !said.is_empty() {
            evidence.push(format!("the text says \"{}\"", said.join("\" and \"")));
        }
        Some(evidence)
    }
}
