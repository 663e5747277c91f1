//! Why a command failed, with its causes and what to do next.

use std::error::Error;

use crate::fetch::FetchError;
use crate::graph::GraphError;
use crate::keys::VaultError;
use crate::model::{Problem, Severity};
use crate::transport::TransportError;

/// A failure as the user sees it.
#[derive(Debug)]
pub(super) struct Failure {
    /// `None` where everything was said already, for example in a list of problems.
    error: Option<anyhow::Error>,
    hint: Option<String>,
    /// What stands on the console already, where that is known.
    said: Vec<String>,
}

impl Failure {
    pub(super) fn new(what: impl Into<String>, source: impl Error + Send + Sync + 'static) -> Self {
        Self { error: Some(anyhow::Error::new(source).context(what.into())), hint: None, said: Vec::new() }
    }

    pub(super) fn message(what: impl Into<String>) -> Self {
        Self { error: Some(anyhow::Error::msg(what.into())), hint: None, said: Vec::new() }
    }

    /// A request to Graph that failed, with what most likely helps.
    pub(super) fn of_graph(what: &str, error: GraphError) -> Self {
        let hint = error.hint();
        Self { hint, ..Self::new(what, error) }
    }

    /// A tenant or a key store that could not be read.
    pub(super) fn of_fetch(error: FetchError) -> Self {
        match error {
            FetchError::Graph(error) => Self::of_graph("the tenant could not be read", error),
            FetchError::Exchange(ref refused) => {
                let hint = refused.hint().unwrap_or("run it again later");
                Self::from(error).hint(hint)
            }
            FetchError::Form { .. } | FetchError::Keys { .. } => Self::from(error),
        }
    }

    /// What went wrong stands on the console already.
    pub(super) fn said() -> Self {
        Self::said_of(Vec::new())
    }

    /// The same, with what was said.
    pub(super) fn said_of(said: Vec<String>) -> Self {
        Self { error: None, hint: None, said }
    }

    /// What was said of problems of manifests, for those who do not read the console.
    pub(super) fn of_problems(problems: &[Problem]) -> Self {
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
        let told = errors.map(|Problem { severity: _, message, place, related: _, help: _ }| match place {
            Some(place) => format!("{}:{}:{}: {message}", place.file, place.line, place.column),
            None => message.clone(),
        });
        Self::said_of(told.collect())
    }

    #[must_use]
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next: what is known to help where no answer came, what was said of this failure, or what is known to help
    /// where a vault stands behind it.
    pub(super) fn help(&self) -> Option<String> {
        // What keeps any answer away is the first thing to mend.
        let on_the_way = || self.error.as_ref().and_then(|error| transport_help(error.as_ref()));
        let behind = || self.error.as_ref().and_then(|error| vault_help(error.as_ref()));
        on_the_way().or_else(|| self.hint.clone()).or_else(behind)
    }

    /// The message and its causes, also where they were said already.
    pub(super) fn messages(&self) -> Vec<String> {
        if self.error.is_some() { self.chain() } else { self.said.clone() }
    }

    /// The message and, outermost first, what it was caused by.
    pub(super) fn chain(&self) -> Vec<String> {
        self.error.iter().flat_map(|error| error.chain().map(ToString::to_string)).collect()
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: Some(anyhow::Error::new(error)), hint: None, said: Vec::new() }
    }
}

/// An error and its causes, the innermost last.
pub(super) fn causes(error: &(dyn Error + 'static)) -> Vec<String> {
    anyhow::Chain::new(error).map(ToString::to_string).collect()
}

/// What helps where an error was caused by something on the way.
fn transport_help(error: &(dyn Error + 'static)) -> Option<String> {
    of_cause(error, |cause: &TransportError| cause.hint().map(str::to_owned))
}

/// What helps where an error was caused by a vault.
pub(super) fn vault_help(error: &(dyn Error + 'static)) -> Option<String> {
    of_cause(error, VaultError::help)
}

/// The first help that a cause of one type gives.
fn of_cause<E: Error + 'static>(error: &(dyn Error + 'static), help: impl Fn(&E) -> Option<String>) -> Option<String> {
    anyhow::Chain::new(error).filter_map(|error| error.downcast_ref::<E>()).find_map(help)
}
