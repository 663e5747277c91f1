//! What became of a plan.

use crate::exchange::ExchangeError;
use crate::graph::GraphError;
use crate::identity::SignInError;
use crate::keys::{SignError, StoreError};
use crate::model::{Address, Counts, Step};

use super::Outputs;

#[derive(Debug, Default)]
pub struct Report {
    pub done: Vec<Step>,
    pub failed: Vec<Failure>,
    pub skipped: Vec<Skipped>,
    pub outputs: Outputs,
}

#[derive(Debug)]
pub struct Failure {
    pub address: Address,
    pub error: StepError,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub address: Address,
    pub because: String,
}

/// Why one step was not done.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    #[error("a request to Graph failed")]
    Graph(#[from] GraphError),
    #[error("a cmdlet failed at Exchange's admin endpoint")]
    Exchange(#[from] ExchangeError),
    #[error("the key store failed")]
    Keys(#[from] StoreError),
    #[error("it is there, though it was not when the plan was made: somebody else makes it at this time")]
    MadeMeanwhile,
    #[error("it appeared in the moment it was made and was changed instead: certificates that it had may be replaced")]
    ChangedInstead,
    #[error(
        "{0} was not there any more after the write, though this run did not remove it: another program writes the same application"
    )]
    CredentialVanished(String),
    #[error("the certificate {0} was not there after the write, though Graph accepted it")]
    NotUploaded(String),
    #[error("what Graph returned for the application has not the form it should")]
    Unreadable(#[source] serde_json::Error),
    #[error("no key store is declared for it")]
    NoKeyStore,
    #[error("`{field}` of the plan cannot be read: `{value}`")]
    Field { field: &'static str, value: String },
    #[error("it refers to {0}, which gave no such value")]
    Unresolved(String),
    #[error("nothing was removed: it would leave the application without a certificate that works")]
    NoneLeft,
    #[error("the change was taken, and Graph still shows the certificates as they were")]
    NotSeen,
    #[error("Graph wants a proof by one of the application's keys, which could not be given")]
    Sign(#[source] SignError),
    #[error("the certificate does not sign in")]
    NotProven(#[source] SignInError),
}

impl StepError {
    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Graph(GraphError::Refused { code, .. }) if code == "KeyCredentialsInvalidEndDate" => {
                "a certificate in the list that has ended may be the cause: `expiry: { prune: expired }` in the manifest \
                 has such removed; so may the clock of this machine"
            }
            Self::Graph(error) if error.may_be_replication() && error.status() != Some(403) => {
                "where it was made a short while ago, Microsoft has not told all its servers yet: wait some minutes and run \
                 it again"
            }
            Self::Graph(error) => return error.hint(),
            Self::Exchange(error) => return error.hint().map(str::to_owned),
            Self::MadeMeanwhile => "run it again once the other apply has ended: it takes up what is there",
            Self::ChangedInstead | Self::CredentialVanished(_) | Self::NotUploaded(_) => {
                "look at the application's certificates, agree on who writes them, and run it again"
            }
            Self::NoneLeft => "run it again: the plan is another one once somebody has changed the certificates",
            Self::NotSeen => "wait some minutes and run it again: nothing was lost, and it looks before it writes",
            Self::NotProven(_) => "those before it stay and go on working; run it again, and it is tried again",
            Self::Keys(_)
            | Self::Unreadable(_)
            | Self::NoKeyStore
            | Self::Field { .. }
            | Self::Unresolved(_)
            | Self::Sign(_) => return None,
        };
        Some(hint.to_owned())
    }
}

impl Report {
    /// Whether every step that was reached was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.skipped.is_empty()
    }

    /// Whether this step was reached and not done.
    pub(super) fn is_undone(&self, address: &Address) -> bool {
        self.failed.iter().any(|failure| failure.address == *address)
            || self.skipped.iter().any(|skipped| skipped.address == *address)
    }

    /// How many resources were added, changed and destroyed.
    pub fn counts(&self) -> Counts {
        Counts::of(&self.done)
    }

    pub(super) fn merge(&mut self, other: Self) {
        let Self { done, failed, skipped, outputs } = other;
        self.done.extend(done);
        self.failed.extend(failed);
        self.skipped.extend(skipped);
        self.outputs.extend(outputs);
    }
}
