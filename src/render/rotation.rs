//! How far certificates have come on their way from one generation to the next, for people.

use jiff::Timestamp;

use crate::model::{Generation, GenerationState, Rotation};

use super::paint::Paint;
use super::value::printable;

/// One line for each generation, then the hosts, then what is to be known.
pub fn rotation(rotation: &Rotation, paint: Paint) -> Vec<String> {
    let mut lines: Vec<String> =
        rotation.generations.iter().map(|generation| self::generation(generation, paint)).collect();
    let has_next = rotation.generations.iter().any(|generation| generation.state == GenerationState::Next);
    let is_followed = rotation.generations.iter().any(|generation| generation.state == GenerationState::Retiring);
    if !rotation.hosts.is_empty() && (has_next || is_followed) {
        let which = if has_next { "the next one" } else { "the active one" };
        lines.push(printable(&format!("{:<9} {} take {which}", "hosts", rotation.hosts.join(", "))));
    }
    lines.extend(rotation.notes.iter().map(|note| format!("{} {}", paint.yellow("!"), printable(note))));
    lines
}

fn generation(generation: &Generation, paint: Paint) -> String {
    let Generation { state, thumbprint, not_before, not_after, removed_from } = generation;
    let name = match thumbprint {
        Some(thumbprint) => thumbprint.to_string(),
        None if *state == GenerationState::Requested => "(to be signed by an authority)".to_owned(),
        None => "(known after apply)".to_owned(),
    };
    let dates = match (not_before, not_after) {
        (Some(start), Some(end)) => format!("  {} to {}", day(*start), day(*end)),
        (None, _) | (_, None) => String::new(),
    };
    let fate = match (state, removed_from) {
        (GenerationState::Next, _) => ", takes over once it has signed in".to_owned(),
        (GenerationState::Retiring, Some(from)) => format!(", removed by an apply from {} on", day(*from)),
        (GenerationState::Retiring, None) => ", stays until it ends".to_owned(),
        (GenerationState::Active | GenerationState::Expired | GenerationState::Requested, _) => String::new(),
    };
    let state_name = format!("{:<9}", state.as_str());
    let state_name = match state {
        GenerationState::Active => paint.green(&state_name),
        GenerationState::Expired => paint.red(&state_name),
        GenerationState::Next | GenerationState::Retiring | GenerationState::Requested => paint.yellow(&state_name),
    };
    format!("{state_name} {name:<40}{dates}{fate}").trim_end().to_owned()
}

fn day(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%d").to_string()
}
