//! Writes as plain values: a unit test compares method, path and body with no server.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::certificate::back_dated;
use crate::model::{Named, StoredCertificate, StoredKeys, Thumbprint};

/// The certificates whose public halves can be uploaded.
#[derive(Clone, Debug)]
pub struct Certificates {
    /// By SHA-1 thumbprint.
    pub stored: BTreeMap<Thumbprint, StoredCertificate>,
    /// Which of them is kept for which certificate, by handle and name.
    pub kept: BTreeMap<(String, String), Vec<Thumbprint>>,
    /// The plan's instant.
    pub now: Timestamp,
}

impl Certificates {
    /// What was found in the key stores.
    pub fn of(keys: &BTreeMap<(String, String), StoredKeys>, now: Timestamp) -> Self {
        let all = keys.values().flat_map(|kept| &kept.generations);
        let thumbprints = |kept: &StoredKeys| kept.generations.iter().map(|stored| stored.thumbprint.clone()).collect();
        Self {
            stored: all.map(|stored| (stored.thumbprint.clone(), stored.clone())).collect(),
            kept: keys.iter().map(|(name, kept)| (name.clone(), thumbprints(kept))).collect(),
            now,
        }
    }
}

/// One thing to do for a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    Graph(Request),
    /// Changes an application's `keyCredentials`, which Graph can only replace as a whole.
    KeyCredentials(KeyCredentialsChange),
    /// Makes a key and its certificate in the key store.
    MakeCertificate,
    /// Exports the files that are declared for a certificate that is there.
    ExportCertificate {
        thumbprint: String,
    },
    /// Makes a key and the request for its certificate in the key store.
    MakeRequest,
    /// Puts what an authority signed beside the key that it was requested for.
    TakeInCertificate {
        request: String,
        thumbprint: String,
    },
    /// Keeps the keys of the key store as it is declared: encrypted to its recipients, or in the clear where it has none.
    ProtectKeys,
    /// Copies the keys that lie under the application's former handle to where its own lie.
    CopyKeys,
    /// Signs in with a certificate.
    SignIn {
        app_id: String,
        thumbprint: String,
    },
    /// Runs a cmdlet at Exchange's admin endpoint.
    Cmdlet(Cmdlet),
}

impl Write {
    /// Method and path of every request to Graph that it may take, those that look for what is there included.
    pub fn requests(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Graph(request) => {
                let look = request.look.iter().map(|look| ("GET", look.path.clone()));
                std::iter::once((request.method, request.path.clone())).chain(look).collect()
            }
            // One by one where one of ours can prove itself, else the whole list.
            Self::KeyCredentials(KeyCredentialsChange { holder, add, remove, stay: _, may_leave_none: _ }) => {
                let mut requests = vec![("GET", holder.clone()), ("PATCH", holder.clone())];
                if holder.starts_with("/applications/") {
                    requests.extend((!add.is_empty()).then(|| ("POST", format!("{holder}/addKey"))));
                    requests.extend((!remove.is_empty()).then(|| ("POST", format!("{holder}/removeKey"))));
                }
                requests
            }
            Self::MakeCertificate
            | Self::ExportCertificate { .. }
            | Self::MakeRequest
            | Self::TakeInCertificate { .. }
            | Self::ProtectKeys
            | Self::CopyKeys
            | Self::SignIn { .. }
            | Self::Cmdlet(_) => Vec::new(),
        }
    }

    /// The cmdlets that it may take, those that look included.
    pub fn cmdlets(&self) -> Vec<&'static str> {
        match self {
            Self::Cmdlet(cmdlet) => vec![cmdlet.name, cmdlet.look.name],
            Self::Graph(_)
            | Self::KeyCredentials(_)
            | Self::MakeCertificate
            | Self::ExportCertificate { .. }
            | Self::MakeRequest
            | Self::TakeInCertificate { .. }
            | Self::ProtectKeys
            | Self::CopyKeys
            | Self::SignIn { .. } => Vec::new(),
        }
    }
}

/// A request to Graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub method: &'static str,
    /// Below v1.0, such as `/applications/…`; below beta where it begins with `/beta/`.
    pub path: String,
    pub body: Option<Json>,
    /// `Prefer: create-if-missing`.
    pub create_if_missing: bool,
    /// How to find the object when the answer is lost or says that it is already there.
    pub look: Option<Look>,
    /// Whether it takes something away, so that it is done where that is gone already.
    pub removes: bool,
}

impl Request {
    pub fn delete(path: String) -> Self {
        Self { method: "DELETE", path, body: None, create_if_missing: false, look: None, removes: true }
    }

    pub fn patch(path: String, body: Json) -> Self {
        Self { method: "PATCH", path, body: Some(body), create_if_missing: false, look: None, removes: false }
    }

    pub fn post(path: String, body: Json) -> Self {
        Self { method: "POST", path, body: Some(body), create_if_missing: false, look: None, removes: false }
    }

    #[must_use]
    pub fn or_look(mut self, path: String, having: Json) -> Self {
        self.look = Some(Look { path, having, mark: Json::Null });
        self
    }
}

/// A cmdlet that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cmdlet {
    pub name: &'static str,
    pub parameters: Json,
    /// How to see what became of it when the answer is lost.
    pub look: CmdletLook,
    /// Whether it takes something away, so that it is done where that is gone already.
    pub removes: bool,
}

/// A cmdlet one of whose rows has these properties, in any case, if the thing is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CmdletLook {
    pub name: &'static str,
    pub parameters: Json,
    pub having: Json,
}

/// Where an object is found again: by `GET path`, being one object or a list, with these properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    pub path: String,
    pub having: Json,
    /// What only an object of this very request's making has; `null` where nothing else can be found.
    pub mark: Json,
}

/// A change to the certificates of an application or service principal that leaves every other credential as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCredentialsChange {
    /// Such as `/applications/{id}`.
    pub holder: String,
    /// Key credentials as they are sent, by the SHA-1 thumbprint of their certificate.
    pub add: BTreeMap<Thumbprint, Json>,
    /// SHA-1 thumbprints, or `keyId`s of what has none.
    pub remove: Vec<String>,
    /// What has to be there for anything to be removed, named likewise.
    pub stay: Vec<String>,
    /// Whether it is meant that nobody can sign in with a certificate any more.
    pub may_leave_none: bool,
}

/// The key credential by which `certificate` is uploaded.
pub(super) fn key_credential(named: &Named, certificates: &Certificates) -> Option<Json> {
    use base64::Engine as _;
    let certificate = certificates.stored.values().find(|certificate| certificate.thumbprint.as_str() == named.id)?;
    Some(json!({
        "keyId": key_id(certificate),
        "displayName": named.name,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
        "startDateTime": uploaded_from(certificate, certificates.now).to_string(),
        "endDateTime": certificate.not_after.to_string(),
        "key": base64::engine::general_purpose::STANDARD.encode(&certificate.der),
    }))
}

/// The `startDateTime` of a certificate that is uploaded at `now`: from then on it is there to be used. The overlap with the one
/// before it is reckoned from here, also where the key was made in an earlier run that did not come to its upload.
pub fn uploaded_from(certificate: &StoredCertificate, now: Timestamp) -> Timestamp {
    certificate.not_before.max(back_dated(now))
}

/// Whether a `keyId` has the form of those that [`key_id`] makes: what Accredit uploaded, whatever it was declared as.
pub fn is_made_here(key_id: &str) -> bool {
    let bytes = key_id.as_bytes();
    bytes.len() == 36 && bytes[14] == b'8' && bytes[19].eq_ignore_ascii_case(&b'a')
}

/// The `keyId` a certificate is uploaded under: made from its SHA-256 thumbprint, so that uploading it twice, after a
/// lost answer, is uploading the same thing.
pub fn key_id(certificate: &StoredCertificate) -> String {
    let hex = certificate.thumbprint_sha256.as_str().to_ascii_lowercase();
    // Version 8, RFC 9562's name for a GUID whose bits mean something to its maker alone.
    format!("{}-{}-8{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// What a kind would do for an action of its, with no certificates there.
#[cfg(test)]
pub(super) fn writes(kind: &dyn super::Kind, action: crate::model::Action) -> Vec<Write> {
    use crate::model::{Address, Reason, Step};

    let certificates = Certificates::of(&[].into(), Timestamp::UNIX_EPOCH);
    let step = Step::new(Address::new("reports", kind.name(), ""), action, Reason::Missing);
    kind.writes(&step, &certificates)
}
