//! What is said of the operator's rights beside a plan.

use crate::model::{Plan, Rights};
use crate::render::printable;

use super::console::Console;
use super::session::Session;

/// Says that the operator holds more than is needed, or that it is not known what it holds.
pub(super) fn remark(console: &Console, session: &Session, plan: &Plan) {
    let Some(Rights { needed: _, known, missing: _, exchange: _, surplus }) = &plan.rights else { return };
    if !known {
        console.say(
            "\nNote: the operator's token cannot be read, so nobody knows beforehand whether it allows this plan; Graph will say.",
        );
    }
    // What an embedded tenant's operator holds is nobody's doing, and of a part of the manifests nothing follows.
    if surplus.is_empty() || session.is_embedded() || !session.is_whole() {
        return;
    }
    let surplus: Vec<String> = surplus.iter().map(|name| format!("`{}`", printable(name))).collect();
    console.say(&format!(
        "\nNote: the operator holds more than these manifests need: {}. Where nothing else needs it, do without; docs/rights.md says what each is worth.",
        surplus.join(", ")
    ));
}
