//! What is wrong and what to do, for people and as JSON.

use std::fmt::Write as _;

use crate::model::{Certainty, Diagnosis, Examination, ExaminationState, ExaminedApplication, Recognition};

use super::paint::Paint;
use super::value::printable;

/// As wide as a line is easy to read.
const WIDTH: usize = 100;
const LABEL: usize = 12;

/// What an error text says.
pub fn recognition_text(recognition: &Recognition, paint: Paint) -> String {
    let mut blocks = Vec::new();
    let is_guess = |diagnosis: &&Diagnosis| diagnosis.certainty == Certainty::Possible;
    let (guesses, found): (Vec<_>, Vec<_>) = recognition.diagnoses.iter().partition(is_guess);
    for diagnosis in &found {
        // What others say too, if rarely, is not told as if it were known.
        if diagnosis.certainty == Certainty::Likely {
            let mut block = format!("{}\n", paint.dim("Most likely:"));
            block.push_str(&diagnosis_text(diagnosis, &diagnosis.evidence, paint));
            blocks.push(block);
            continue;
        }
        blocks.push(diagnosis_text(diagnosis, &diagnosis.evidence, paint));
    }
    let may_be = if found.is_empty() { "It may be this:" } else { "It may also be this:" };
    for guess in guesses {
        let mut block = format!("{}\n", paint.dim(may_be));
        block.push_str(&diagnosis_text(guess, &guess.evidence, paint));
        blocks.push(block);
    }
    if !recognition.values.is_empty() {
        let mut block = format!("{}\n", paint.bold("What cannot be right in the command"));
        for value in &recognition.values {
            block.push_str(&folded("  - ", &printable(value)));
        }
        blocks.push(block);
    }
    for code in &recognition.codes {
        let meaning = code.meaning.map_or_else(
            || {
                format!(
                    "Accredit does not know this code. Entra explains it at https://login.microsoftonline.com/error?code={}",
                    code.code
                )
            },
            |meaning| format!("It is none of the failures with a number here. Entra says by it that {meaning}."),
        );
        let mut block = format!("{}\n", paint.bold(&format!("AADSTS{}", code.code)));
        block.push_str(&folded("  ", &meaning));
        if let Some(help) = code.help {
            block.push_str(&folded("  ", &sentence(help)));
        }
        blocks.push(block);
    }
    blocks.join("\n")
}

/// Applications one by one, then why something failed.
pub fn examination_text(applications: &[ExaminedApplication], paint: Paint) -> String {
    let mut out = String::new();
    for application in applications {
        application_text(&mut out, application, paint);
        out.push('\n');
    }
    let _ = writeln!(out, "{}", paint.bold(&verdict(applications, paint)));
    out
}

fn verdict(applications: &[ExaminedApplication], paint: Paint) -> String {
    let ill = applications.iter().filter(|application| !application.diagnoses.is_empty()).count();
    let healthy = applications.iter().filter(|application| application.is_healthy()).count();
    if ill > 0 {
        let those = if ill == 1 { "one application".to_owned() } else { format!("{ill} applications") };
        let of = if applications.len() > 1 { format!(" of {}", applications.len()) } else { String::new() };
        paint.red(&format!("Something is wrong with {those}{of}."))
    } else if healthy < applications.len() {
        paint.yellow("Nothing is known to be wrong, and not everything that was written is known everywhere yet: look again in some minutes.")
    } else {
        paint.green("Nothing is wrong that can be seen from here.")
    }
}

/// One JSON document, ending in a newline.
pub fn diagnosis_json(document: &impl serde::Serialize) -> String {
    // Every key is text and nothing in it can fail to serialize.
    serde_json::to_string_pretty(document).expect("a diagnosis is always representable as JSON") + "\n"
}

fn application_text(out: &mut String, application: &ExaminedApplication, paint: Paint) {
    let ExaminedApplication { handle, display_name, app_id, examinations, diagnoses } = application;
    let id = app_id.as_ref().map_or_else(String::new, |id| format!(", {}", printable(id)));
    let _ = writeln!(out, "{} ({}{id})", paint.bold(handle), printable(display_name));
    let width = examinations.iter().map(|it| it.stage.as_str().len()).max().unwrap_or_default();
    for examination in examinations {
        examination_lines(out, examination, width, paint);
    }
    for diagnosis in diagnoses {
        out.push('\n');
        // What was seen stands above.
        out.push_str(&diagnosis_text(diagnosis, &[], paint));
    }
}

fn examination_lines(out: &mut String, examination: &Examination, width: usize, paint: Paint) {
    let Examination { stage, state, evidence, notes } = examination;
    let (symbol, because) = match state {
        ExaminationState::Passed => (paint.green("✓"), None),
        ExaminationState::Waiting => (paint.yellow("…"), None),
        ExaminationState::Failed => (paint.red("✗"), None),
        ExaminationState::Skipped { because } => (paint.dim("…"), Some(because)),
    };
    let mut label = format!("{:<width$}", stage.as_str());
    let mut symbol = symbol;
    for line in because.into_iter().chain(evidence) {
        let line = printable(line);
        let line = if because.is_some() { paint.dim(&line) } else { line };
        let _ = writeln!(out, "  {symbol} {label}  {line}");
        // What follows belongs to the same.
        label = " ".repeat(width);
        " ".clone_into(&mut symbol);
    }
    for note in notes {
        let indent = " ".repeat(width + 6);
        out.push_str(&folded(&indent, &format!("note: {}", printable(note))));
    }
}

fn diagnosis_text(diagnosis: &Diagnosis, evidence: &[String], paint: Paint) -> String {
    let Diagnosis { failure, title, stage: _, certainty: _, cause, evidence: _, remedy } = diagnosis;
    let mut out = String::new();
    let number = failure.map_or_else(String::new, |number| format!("{number}: "));
    let _ = writeln!(out, "{}", paint.bold(&paint.red(&format!("{number}{}", printable(title)))));
    if !evidence.is_empty() {
        row(&mut out, "seen", &evidence.join("; "));
    }
    row(&mut out, "cause", &sentence(cause));
    row(&mut out, "what to do", &sentence(&remedy.text));
    if !remedy.commands.is_empty() {
        out.push('\n');
        for command in &remedy.commands {
            let _ = writeln!(out, "    {}", printable(command));
        }
    }
    if let Some(manifest) = &remedy.manifest {
        let _ = writeln!(out, "\n  in the manifest\n");
        for line in manifest.lines() {
            let _ = writeln!(out, "    {}", printable(line));
        }
    }
    out
}

fn row(out: &mut String, label: &str, text: &str) {
    let begin = format!("  {label:<LABEL$}");
    out.push_str(&folded(&begin, &printable(text)));
}

/// With a capital at its beginning, and an end.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', ':', '?']) { "" } else { "." };
    format!("{first}{}{end}", characters.as_str())
}

/// Text in lines of one width, the first after `begin` and the others below it.
fn folded(begin: &str, text: &str) -> String {
    let indent = begin.chars().count();
    let mut out = begin.to_owned();
    let mut at = indent;
    for word in text.split(' ') {
        let width = word.chars().count();
        if at > indent && at + 1 + width > WIDTH {
            let _ = write!(out, "\n{}", " ".repeat(indent));
            at = indent;
        } else if at > indent {
            out.push(' ');
            at += 1;
        }
        out.push_str(word);
        at += width;
    }
    out + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_between_words() {
        let text = folded("  cause  ", &"word ".repeat(40));
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("         word")), "{text}");
        assert_eq!(sentence("why"), "Why.");
        assert_eq!(sentence(""), ".");
    }
}
