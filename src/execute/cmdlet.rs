//! One cmdlet that writes, until it is known what became of it. Whatever is said of it, done is what is seen to be done: "already
//! exists" may mean something else of that name, "not found" may be the word of a proxy, and a lost answer says nothing.

use serde_json::Value as Json;

use crate::exchange::ExchangeError;
use crate::kinds::{Cmdlet, CmdletLook};

use super::{Execution, StepError};

/// How often a cmdlet whose answer was lost is run: each time only after looking showed that it was not done.
const RUN_AT_MOST: u32 = 6;

/// Runs `cmdlet`. `fresh` names objects that this run made: Exchange learns of those from Entra, in its time.
pub(super) async fn run(cmdlet: &Cmdlet, execution: &Execution<'_>, fresh: &[String]) -> Result<(), StepError> {
    let Cmdlet { name, parameters, look, removes } = cmdlet;
    let endpoint = execution.admin_endpoint;
    let sent = parameters.to_string();
    let is_fresh = fresh.iter().any(|name| sent.contains(name));
    let why = format!("Exchange does not know yet what this run made ({name})");
    let mut runs = 0;
    loop {
        runs += 1;
        let attempt = async || endpoint.run(name, parameters).await;
        let is_replication = |error: &ExchangeError| is_fresh && !removes && error.is_not_found();
        let outcome = execution.writer.patience().until_known(&why, attempt, is_replication).await;
        let Err(error) = outcome else { return Ok(()) };
        if is_there(execution, look).await == Some(!removes) {
            return Ok(());
        }
        if !error.answer_lost() || runs == RUN_AT_MOST {
            return Err(error.into());
        }
    }
}

/// Whether the thing is there; `None` where that cannot be seen either.
async fn is_there(execution: &Execution<'_>, look: &CmdletLook) -> Option<bool> {
    let CmdletLook { name, parameters, having } = look;
    let rows = execution.admin_endpoint.run(name, parameters).await.ok()?;
    let text = |value: &Json| value.as_str().unwrap_or_default().to_lowercase();
    let has = |row: &Json| {
        having.as_object().is_some_and(|having| having.iter().all(|(name, value)| text(&row[name]) == text(value)))
    };
    Some(rows.iter().any(has))
}
