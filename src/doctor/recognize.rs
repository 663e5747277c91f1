//! From an error text to the failures that it shows.

use super::entra_codes;
use super::failure::{KnownFailure, Variant, failures};
use super::pasted::Pasted;
use crate::model::{Certainty, Diagnosis, Recognition};

/// What an error text says: all that is known, the best first. Remedies are for the application `handle`.
pub fn recognize(text: &str, handle: &str) -> Recognition {
    let pasted = Pasted::read(text);
    let mut diagnoses: Vec<Diagnosis> = failures().filter_map(|failure| best(failure, &pasted, handle)).collect();
    // One that is certain leaves nothing to guess.
    if diagnoses.iter().any(|diagnosis| diagnosis.certainty == Certainty::Certain) {
        diagnoses.retain(|diagnosis| diagnosis.certainty != Certainty::Possible);
    }
    // Of two that are as certain, the one that explains the other.
    diagnoses.sort_by_key(|diagnosis| (diagnosis.certainty, diagnosis.stage));
    let explained = |code: &u32| {
        let sign = format!("AADSTS{code}");
        diagnoses.iter().any(|diagnosis| diagnosis.evidence.contains(&sign)) || is_of_a_failure(*code)
    };
    let codes = pasted.codes.iter().filter(|code| !explained(code)).map(|code| entra_codes::find(*code)).collect();
    Recognition { diagnoses, values: pasted.command.values, codes }
}

/// Whether a text shows anything that is known.
pub fn is_known(text: &str) -> bool {
    !recognize(text, "HANDLE").is_empty()
}

/// The variant of a failure for which most speaks.
fn best(failure: &KnownFailure, pasted: &Pasted, handle: &str) -> Option<Diagnosis> {
    let signs = failure.variants.iter().flat_map(|variant| variant.signs.iter().map(move |sign| (variant, sign)));
    let found = signs.filter_map(|(variant, sign)| Some((variant, sign.certainty, sign.evidence(pasted)?)));
    let (variant, certainty, evidence) = found.min_by_key(|(_, certainty, _)| *certainty)?;
    Some(diagnosis(failure, variant, certainty, evidence, handle))
}

fn diagnosis(
    failure: &KnownFailure,
    variant: &Variant,
    certainty: Certainty,
    evidence: Vec<String>,
    handle: &str,
) -> Diagnosis {
    Diagnosis {
        failure: Some(failure.number),
        title: failure.title.to_owned(),
        stage: failure.stage,
        certainty,
        cause: variant.cause.to_owned(),
        evidence,
        remedy: variant.remedy(handle),
    }
}

/// Whether a code is the sign of a failure, whatever else would have to be there.
fn is_of_a_failure(code: u32) -> bool {
    failures().flat_map(|failure| failure.variants).flat_map(|variant| variant.signs).any(|sign| sign.has_code(code))
}
