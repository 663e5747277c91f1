//! What a token says that was shown for an application: exactly that has to stand in its federated credential.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value as Json;

use super::super::claims;
use crate::transport::{Sending, Transport};

/// The three claims by which a federated credential matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Presented {
    issuer: String,
    subject: String,
    audience: String,
}

impl fmt::Display for Presented {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, subject, audience } = self;
        write!(
            f,
            "; the token that was shown has the issuer `{issuer}`, the subject `{subject}` and the audience `{audience}`"
        )
    }
}

/// Sends on what is sent, and remembers what the last assertion among it said. The official crate keeps its assertions to
/// itself.
pub(super) struct Witness {
    transport: Arc<dyn Transport>,
    presented: Mutex<Option<Presented>>,
}

impl Witness {
    pub(super) fn new(transport: Arc<dyn Transport>) -> Self {
        Self { transport, presented: Mutex::default() }
    }

    pub(super) fn presented(&self) -> Option<Presented> {
        self.presented.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Transport for Witness {
    fn send(&self, request: http::Request<Bytes>) -> Sending<'_> {
        if let Some(presented) = presented(request.body()) {
            *self.presented.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
        }
        self.transport.send(request)
    }
}

fn presented(form: &[u8]) -> Option<Presented> {
    let form = std::str::from_utf8(form).ok()?;
    let assertion = form.split('&').find_map(|field| field.strip_prefix("client_assertion="))?;
    let claims = claims::of(&percent_decode_str(assertion).decode_utf8().ok()?);
    let text = |claim: &Json| claim.as_str().map(str::to_owned);
    // An audience may be a list; Entra wants one.
    let audience = text(&claims["aud"]).or_else(|| text(&claims["aud"][0]));
    Some(Presented { issuer: text(&claims["iss"])?, subject: text(&claims["sub"])?, audience: audience? })
}
