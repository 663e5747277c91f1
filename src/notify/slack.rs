//! Blocks for Slack. What a tenant calls its things stands in plain text, in which nobody can be mentioned.
//! <https://docs.slack.dev/reference/block-kit/blocks>

use serde_json::{Value as Json, json};

use super::Summary;

/// Slack takes 50 blocks.
const MOST: usize = 20;

pub(super) fn message(summary: &Summary<'_>) -> Json {
    let plain = |text: &str| json!({ "type": "plain_text", "text": text, "emoji": false });
    let section = |text: &str| json!({ "type": "section", "text": plain(text) });
    let mut blocks = vec![json!({ "type": "header", "text": plain(&summary.headline()) })];
    blocks.push(json!({ "type": "context", "elements": [plain(&summary.context())] }));
    let (lines, left_out) = summary.lines(MOST);
    blocks.extend(lines.iter().map(|line| section(line)));
    if left_out > 0 {
        blocks.push(section(&format!("and {left_out} more")));
    }
    // What is shown where blocks are not; it says nothing that the tenant has named.
    json!({ "text": summary.headline(), "blocks": blocks })
}
