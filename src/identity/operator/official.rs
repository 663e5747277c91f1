//! Credentials of the official crate as ours, and what its errors mean.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::time::OffsetDateTime;

use crate::transport::TransportError;
use crate::transport::azure::Silence;

use super::credential::{Credential, NoToken, Token};
use super::refusal::Refusal;

/// A credential of the official crate.
pub(super) struct Official {
    pub(super) credential: Arc<dyn TokenCredential>,
    /// What it means that there is no token.
    pub(super) judge: Judge,
}

pub(super) type Judge = Box<dyn Fn(&azure_core::Error) -> NoToken + Send + Sync>;

#[async_trait]
impl Credential for Official {
    async fn token(&self, resource: &str) -> Result<Token, NoToken> {
        let scope = format!("{resource}/.default");
        let token = self.credential.get_token(&[&scope], None).await.map_err(|error| (self.judge)(&error))?;
        // The crate dates tokens by the machine's clock, so that alone says what is left.
        let good_for = Duration::try_from(token.expires_on - OffsetDateTime::now_utc()).unwrap_or_default();
        Ok(Token { secret: token.token.secret().to_owned().into(), good_for })
    }
}

/// What a service said that refused, if one did.
pub(super) fn refusal(error: &azure_core::Error) -> Option<Refusal> {
    causes(error).find_map(|cause| match cause.downcast_ref::<azure_core::Error>()?.kind() {
        ErrorKind::HttpResponse { status, raw_response, .. } => {
            let body = raw_response.as_ref().map(|raw| raw.body().as_ref()).unwrap_or_default();
            Some(Refusal::read(**status, body))
        }
        _ => None,
    })
}

/// What most likely helps where no answer came.
pub(super) fn hint(error: &azure_core::Error) -> Option<String> {
    let hint = causes(error).filter_map(|cause| cause.downcast_ref::<TransportError>()).find_map(TransportError::hint);
    hint.map(str::to_owned)
}

/// No answer came to what we ask ourselves.
pub(super) fn unanswered(error: &TransportError) -> NoToken {
    let failed = NoToken::failed(with_innermost(error));
    match error.hint() {
        Some(hint) => failed.help(hint),
        None => failed,
    }
}

/// What went wrong, in a few words. The crate's own wrappers repeat each other, so the innermost of them is what is said.
pub(super) fn text(error: &azure_core::Error) -> String {
    if let Some(refusal) = refusal(error) {
        return refusal.to_string();
    }
    let mut unanswered = causes(error).skip_while(|cause| !cause.is::<TransportError>() && !cause.is::<Silence>());
    if let Some(unanswered) = unanswered.next() {
        return with_innermost(unanswered);
    }
    let innermost = causes(error).last();
    // It may quote from an answer what is a token.
    if innermost.is_some_and(<dyn Error>::is::<serde_json::Error>) {
        return "its answer could not be read".to_owned();
    }
    let said = causes(error).filter_map(|cause| cause.downcast_ref::<azure_core::Error>()).last().unwrap_or(error);
    let said = with_innermost(said);
    said.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An error with its innermost cause: `no answer from HOST: Connection refused`.
pub(super) fn with_innermost(error: &(dyn Error + 'static)) -> String {
    let said = error.to_string();
    match std::iter::successors(error.source(), |&cause| cause.source()).last().map(ToString::to_string) {
        Some(innermost) if !said.contains(&innermost) => format!("{said}: {innermost}"),
        Some(_) | None => said,
    }
}

fn causes(error: &azure_core::Error) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(Some(error as &(dyn Error + 'static)), |&cause| cause.source())
}
