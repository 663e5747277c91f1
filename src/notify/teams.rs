//! An Adaptive Card, as a workflow of Teams takes it. What a tenant calls its things stands in text runs, which know no links
//! and no other markup.
//! <https://learn.microsoft.com/power-automate/teams/overview>, <https://adaptivecards.io/explorer/RichTextBlock.html>

use serde_json::{Value as Json, json};

use crate::model::Severity;

use super::Summary;

/// Teams takes 28 KB.
const MOST: usize = 12;

pub(super) fn message(summary: &Summary<'_>) -> Json {
    let color = if summary.count(Severity::Error) > 0 {
        "attention"
    } else if summary.failing.is_empty() {
        "good"
    } else {
        "warning"
    };
    let run = |text: &str| json!({ "type": "TextRun", "text": text });
    let block = |text: &str| json!({ "type": "RichTextBlock", "inlines": [run(text)] });
    let title =
        json!({ "type": "TextRun", "text": summary.headline(), "weight": "bolder", "size": "medium", "color": color });
    let mut body = vec![json!({ "type": "RichTextBlock", "inlines": [title] })];
    let context = json!({ "type": "TextRun", "text": summary.context(), "isSubtle": true });
    body.push(json!({ "type": "RichTextBlock", "inlines": [context] }));
    let (lines, left_out) = summary.lines(MOST);
    body.extend(lines.iter().map(|line| block(line)));
    if left_out > 0 {
        body.push(block(&format!("and {left_out} more")));
    }
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": body,
    });
    json!({
        "type": "message",
        "attachments": [{ "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card }],
    })
}
