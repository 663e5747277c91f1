//! Problems as text: message, place, the line with a caret, what to do.

use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::model::{Place, Problem, Severity};

use super::source::{Source, Sources, floor};

/// More than anyone reads; the rest is counted.
const MAXIMUM_SHOWN: usize = 100;
/// Longer lines are named and not shown.
const MAXIMUM_LINE: usize = 1_000;

/// Renders problems for a terminal or, without colour, for a log. Ends with a line that counts them.
pub fn render_problems(problems: &[Problem], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for problem in problems.iter().take(MAXIMUM_SHOWN) {
        text.push_str(&renderer.render(&[group(problem, sources)]));
        text.push_str("\n\n");
    }
    let rest = problems.len().saturating_sub(MAXIMUM_SHOWN);
    if rest > 0 {
        let _ = writeln!(text, "… and {}\n", counted(rest, "more problem"));
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    let warnings = problems.len() - errors;
    let counts: Vec<String> = [(errors, "error"), (warnings, "warning")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| counted(count, word))
        .collect();
    if !counts.is_empty() {
        text.push_str(&counts.join(", "));
        text.push('\n');
    }
    text
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

fn group<'a>(problem: &'a Problem, sources: &'a Sources) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(&problem.message));
    if let Some(place) = &problem.place {
        group = show(group, place, None, sources);
    }
    for (place, label) in &problem.related {
        group = show(group, place, Some(label), sources);
    }
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    }
}

/// Shows one place: the main one, or with a label a related one.
fn show<'a>(group: Group<'a>, place: &'a Place, label: Option<&'a str>, sources: &'a Sources) -> Group<'a> {
    let Some((line, span)) = sources.get(&place.file).and_then(|source| line_of(source, place)) else {
        let origin = Origin::path(&*place.file).line(place.line).char_column(place.column);
        let group = group.element(origin);
        return match label {
            Some(label) => group.element(Level::NOTE.message(label)),
            None => group,
        };
    };
    let kind = if label.is_some() { AnnotationKind::Context } else { AnnotationKind::Primary };
    let snippet = Snippet::source(line).path(&*place.file).line_start(place.line);
    group.element(snippet.annotation(kind.span(span).label(label)))
}

/// The line a place begins on and the place's part of it, clamped whatever the place says.
fn line_of<'a>(source: &'a Source, place: &Place) -> Option<(&'a str, Range<usize>)> {
    let text = source.shown();
    let mut at = floor(text, place.start);
    // A place at the very end of the text belongs to the last line that says something.
    if at == text.len() {
        at = floor(text, text.trim_end().len().saturating_sub(1));
    }
    let start = text.get(..at)?.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text.get(start..)?.lines().next().unwrap_or_default();
    if line.len() > MAXIMUM_LINE || line.is_empty() {
        return None;
    }
    let from = floor(line, at - start);
    let to = floor(line, place.end.saturating_sub(start)).max(from);
    let first = line.get(from..)?.chars().next().map_or(0, char::len_utf8);
    Some((line, from..to.max(from + first)))
}
