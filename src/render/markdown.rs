//! The plan as markdown, for the comment on a pull request: what must not be missed first, the whole plan folded away, and
//! never more than a comment may hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{Counts, Finding, FindingClass, Plan, Severity, Step};

use super::paint::Paint;
use super::value::printable;
use super::{accepted, because, open, risk, rotation, rules, shown, symbol, text, title};

/// A comment on GitHub holds 65,536 characters. Whoever posts this one may want to add a line, and characters are counted
/// with care (`length`).
const ROOM: usize = 64_000;

/// A plan with more steps is summed up before it is told step by step.
const MANY: usize = 25;

/// No single text takes more than this.
const LONGEST: usize = 400;

/// The longest step that is shown whole.
const LONGEST_BLOCK: usize = 12_000;

/// The comment. Its first line is the same for every plan of an estate, so that an earlier comment can be found and replaced.
pub fn markdown(plan: &Plan) -> String {
    let plan = &*shown(plan);
    let mut comment = Comment { head: head(plan), left: ROOM, is_cut: false, body: String::new() };
    comment.left -= length(&comment.head) + length(CUT);
    comment.deletions(plan);
    comment.grants(plan);
    comment.findings(plan);
    comment.rights(plan);
    comment.notices(plan);
    comment.rotations(plan);
    if !plan.is_empty() {
        comment.totals(plan);
        comment.table(plan);
        comment.full(plan);
    }
    let Comment { head, body, is_cut, left: _ } = comment;
    head + if is_cut { CUT } else { "" } + &body
}

/// How many characters a comment counts: as JavaScript does, of which GitHub's own form is made, and a line end as two, which
/// it is on the way there.
fn length(text: &str) -> usize {
    text.chars().map(|c| c.len_utf16() + usize::from(c == '\n')).sum()
}

const CUT: &str = "\n> [!NOTE]\n> Not everything fits into a comment: where something is left out, it says how much. \
                   `accredit show` with the saved plan shows all of it.\n";

fn head(plan: &Plan) -> String {
    // What could end an HTML comment is in no name of an estate or tenant; a plan may come from elsewhere.
    let harmless = |text: &str| -> String {
        text.chars().filter(|c| c.is_ascii_alphanumeric() || "-_.".contains(*c)).take(64).collect()
    };
    let kind = if plan.drift { "drift" } else { "plan" };
    let heading = if plan.drift { "Accredit drift" } else { "Accredit" };
    let title = title(plan).replacen("Drift: ", "", 1);
    format!(
        "<!-- accredit-{kind} {} {} -->\n## {heading}: {title}\n\nTenant {}, estate {}\n",
        harmless(&plan.estate),
        harmless(&plan.tenant),
        code(&plan.organization),
        code(&plan.estate)
    )
}

/// A comment that is being written.
struct Comment {
    head: String,
    body: String,
    /// How much may still be added.
    left: usize,
    /// Whether anything was left out.
    is_cut: bool,
}

impl Comment {
    fn push(&mut self, text: &str) {
        self.left = self.left.saturating_sub(length(text));
        self.body.push_str(text);
    }

    /// As many of these items as go into this room, and how many more there are.
    fn list(&mut self, room: usize, items: impl ExactSizeIterator<Item = String>, more: impl Fn(usize) -> String) {
        let all = items.len();
        let room = room.min(self.left);
        let (mut used, mut shown) = (length(&more(all)), 0);
        for item in items {
            used += length(&item);
            if used > room {
                break;
            }
            self.push(&item);
            shown += 1;
        }
        if shown < all {
            self.is_cut = true;
            self.push(&more(all - shown));
        }
    }

    fn deletions(&mut self, plan: &Plan) {
        let mut deleted: Vec<&Step> = plan.steps.iter().filter(|step| step.action.is_delete()).collect();
        if deleted.is_empty() {
            return;
        }
        // With an application goes all that it has.
        deleted.sort_by_key(|step| step.address.kind != "application");
        self.push("\n> [!CAUTION]\n> This plan destroys:\n");
        let item = |step: &Step| format!("> - {} ({})\n", code(&step.address.to_string()), because(&step.reason));
        self.list(6_000, deleted.into_iter().map(item), |more| format!("> - and {more} more\n"));
    }

    fn grants(&mut self, plan: &Plan) {
        let grants = risk::privileged(plan);
        if grants.is_empty() {
            return;
        }
        self.push("\n> [!CAUTION]\n> Privileged in this plan:\n");
        let item = |(address, why): (String, String)| format!("> - {}: {}\n", code(&address), prose(&why));
        self.list(6_000, grants.into_iter().map(item), |more| format!("> - and {more} more\n"));
    }

    fn findings(&mut self, plan: &Plan) {
        let mut classes: BTreeMap<FindingClass, Vec<&Finding>> = BTreeMap::new();
        for finding in open(plan) {
            classes.entry(finding.rule.class()).or_default().push(finding);
        }
        for (class, findings) in classes {
            self.push(&format!("\n> [!WARNING]\n> {}:\n", rules::heading(class, &findings)));
            let item = |finding: &Finding| {
                let fate = rules::fate(plan, finding).map(|fate| format!(" ({fate})")).unwrap_or_default();
                let mark = match finding.severity {
                    Severity::Error => "**!** ",
                    Severity::Warning => "",
                };
                let address = code(&finding.address.to_string());
                format!("> - {mark}{address}: {}{fate}\n", prose(&finding.message))
            };
            self.list(8_000, findings.into_iter().map(item), |more| format!("> - and {more} more\n"));
        }
        if let Some(accepted) = accepted(plan) {
            self.push(&format!("\nBeside these {accepted}.\n"));
        }
    }

    fn rights(&mut self, plan: &Plan) {
        let missing: Vec<String> = plan.rights.iter().flat_map(super::rights::missing).collect();
        if missing.is_empty() {
            return;
        }
        self.push("\n> [!WARNING]\n> The operator lacks rights that this plan needs.\n");
        self.fenced(3_000, missing);
    }

    fn notices(&mut self, plan: &Plan) {
        let item = |notice: &String| format!("\n> [!NOTE]\n> {}\n", prose(notice));
        self.list(3_000, plan.notices.iter().map(item), |more| format!("\n> [!NOTE]\n> and {more} more notices\n"));
    }

    fn rotations(&mut self, plan: &Plan) {
        if plan.rotations.is_empty() {
            return;
        }
        self.push("\nCertificates on their way:\n");
        let lines = plan.rotations.iter().flat_map(|one| {
            let generations = rotation(one, Paint::PLAIN).into_iter().map(|line| format!("  {line}"));
            std::iter::once(printable(&one.address.to_string())).chain(generations)
        });
        self.fenced(6_000, lines.collect());
    }

    /// Lines as they are, between fences that are always closed.
    fn fenced(&mut self, room: usize, lines: Vec<String>) {
        self.push("\n```text\n");
        let line = |line: String| clipped(&line, LONGEST).replace('`', "'") + "\n";
        self.list(room, lines.into_iter().map(line), |more| format!("and {more} more lines\n"));
        self.push("```\n");
    }

    /// What a plan that is too long to be read step by step comes to.
    fn totals(&mut self, plan: &Plan) {
        if plan.steps.len() <= MANY {
            return;
        }
        let mut groups = |heading: &str, room, name: fn(&Step) -> &str| {
            let mut groups: BTreeMap<&str, Vec<&Step>> = BTreeMap::new();
            for step in &plan.steps {
                groups.entry(name(step)).or_default().push(step);
            }
            let mut counted: Vec<(&str, Counts)> =
                groups.into_iter().map(|(name, steps)| (name, Counts::of(steps))).collect();
            counted.sort_by_key(|(_, counts)| std::cmp::Reverse((counts.destroy, counts.add + counts.change)));
            self.push(&format!("\n| {heading} | add | change | destroy |\n|---|---|---|---|\n"));
            let row = |(name, counts): (&str, Counts)| {
                format!("| {} | {} | {} | {} |\n", cell(name), counts.add, counts.change, counts.destroy)
            };
            self.list(room, counted.into_iter().map(row), |more| format!("| and {more} more | | | |\n"));
        };
        groups("kind", 3_000, |step| &step.address.kind);
        groups("application", 6_000, |step| &step.address.holder);
    }

    fn table(&mut self, plan: &Plan) {
        self.push("\n| | resource | why |\n|---|---|---|\n");
        let row = |step: &Step| {
            let address = cell(&step.address.to_string());
            format!("| `{}` | {address} | {} |\n", symbol(&step.action), because(&step.reason))
        };
        self.list(9_000, plan.steps.iter().map(row), |more| format!("| | and {more} more | |\n"));
    }

    /// The steps as a diff, as many of them as there is room for, each whole.
    fn full(&mut self, plan: &Plan) {
        const OPEN: &str = "\n<details><summary>Full plan</summary>\n\n";
        const CLOSE: &str = "\n</details>\n";
        let more = |number: usize| format!("... and {number} more steps\n");
        let all = plan.steps.len();
        let (mut shown, mut taken, mut longest) = (String::new(), 0, 0);
        // What stands around the steps: both fences with their line ends, and the word behind the first.
        let around = |longest: usize| length(OPEN) + length(CLOSE) + 2 * (fence(longest).len() + 2) + "diff".len();
        for step in &plan.steps {
            let block = block(step);
            let fences = longest.max(longest_run(&block));
            if length(&shown) + length(&block) + length(&more(all)) + around(fences) > self.left {
                break;
            }
            self.is_cut |= block.ends_with(TOO_LONG);
            (shown, longest, taken) = (shown + &block, fences, taken + 1);
        }
        if taken < all {
            self.is_cut = true;
            shown += &more(all - taken);
        }
        if around(longest) + length(&shown) <= self.left {
            let fence = fence(longest);
            self.push(&format!("{OPEN}{fence}diff\n{shown}{fence}\n{CLOSE}"));
        }
    }
}

const TOO_LONG: &str = "# too long for a comment\n\n";

/// One step of the diff.
fn block(step: &Step) -> String {
    let mut shown = String::new();
    text::block(&mut shown, step, Paint::PLAIN);
    let diff = diff_lines(&shown) + "\n";
    if length(&diff) <= LONGEST_BLOCK {
        return diff;
    }
    let first = diff.lines().next().unwrap_or_default();
    format!("{}\n  {TOO_LONG}", clipped(first, LONGEST))
}

/// A fence longer than any in the text, whatever a description may hold.
fn fence(longest: usize) -> String {
    "`".repeat(3.max(longest + 1))
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// The signs at the beginning of the lines, where a diff's colours look for them.
fn diff_lines(shown: &str) -> String {
    /// Deeper than this stand words of the tenant or the manifests, which may begin with anything.
    const DEEPEST_SIGN: usize = 10;
    let mut out = String::new();
    for line in shown.lines() {
        let trimmed = line.trim_start();
        let indent = line.len() - trimmed.len();
        let sign = ["+/- ", "+ ", "- ", "~ "].into_iter().find(|sign| trimmed.starts_with(sign));
        let _ = match sign {
            Some(sign) if (1..=DEEPEST_SIGN).contains(&indent) => {
                let mark = if sign == "~ " { "!" } else { &sign[..1] };
                // A sign of one character moves to the front; a longer one is also kept where it is.
                let rest = if sign.len() == 2 { format!(" {}", &trimmed[1..]) } else { trimmed.to_owned() };
                writeln!(out, "{mark}{}{rest}", " ".repeat(indent - 1))
            }
            Some(_) | None => writeln!(out, "{line}"),
        };
    }
    out
}

/// A name of the tenant or the manifests as code, in which nothing has a meaning.
fn code(text: &str) -> String {
    format!("`{}`", clipped(&printable(text), LONGEST).replace('`', "'"))
}

/// The same in a table, where a bar would end it, also behind a backslash if one stands before that.
fn cell(text: &str) -> String {
    code(text).replace('|', "¦")
}

/// A sentence with words of the tenant in it: nothing in it is markup, names somebody, or leads anywhere.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for c in clipped(&printable(text), LONGEST).chars() {
        match c {
            '<' | '>' | '|' | '*' | '_' | '[' | ']' | '\\' | '`' | '~' | '&' => out.extend(['\\', c]),
            // GitHub looks for these after it has read the markup, so that no backslash helps.
            '@' | '#' => out.extend([c].into_iter().chain("<!-- -->".chars())),
            other => out.push(other),
        }
    }
    out.replace("://", ":<!-- -->//").replace("www.", "www<!-- -->.")
}

/// The beginning of a text that is too long, on a border of characters.
fn clipped(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let kept: String = text.chars().take(longest - 1).collect();
    kept + "…"
}
