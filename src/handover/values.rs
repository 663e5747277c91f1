//! The values for programs, in the language of whoever reads them. Every form has all of them, also those that are not there.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::catalog::clouds;
use crate::model::SecretReference;

use super::quoting::{powershell, shell};
use super::{Handover, KeyPlace, SigningCertificate};

/// In which language the values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One object, names in `camelCase`.
    Json,
    /// Lines that a shell reads with `set -a; . FILE`, names in capitals.
    Dotenv,
    /// Assignments to variables, names in `PascalCase`.
    PowerShell,
    /// Lines for the file that `$GITHUB_OUTPUT` names.
    GitHub,
}

enum Value {
    Nothing,
    Text(String),
    Flag(bool),
    List(Vec<String>),
}

/// All values.
pub fn values(handover: &Handover, format: Format) -> String {
    let named = named(handover);
    match format {
        Format::Json => json(named),
        Format::Dotenv => dotenv(&named),
        Format::PowerShell => variables(&named),
        Format::GitHub => github(&named),
    }
}

/// The values by their names, in words that `_` separates.
fn named(handover: &Handover) -> Vec<(&'static str, Value)> {
    let Handover {
        handle,
        display_name,
        app_id,
        app_object_id,
        service_principal_object_id,
        tenant_id,
        organization,
        cloud,
        addresses: _,
        roles,
        exchange_roles: _,
        mailbox_roles: _,
        granted: _,
        certificate,
    } = handover;
    let facts = clouds::facts(*cloud);
    let text = |text: &str| Value::Text(text.to_owned());
    let environment = Some(facts.exchange_environment).filter(|name| !name.is_empty());
    let mut values = vec![
        ("handle", text(handle)),
        ("display_name", text(display_name)),
        ("app_id", text(app_id)),
        ("app_object_id", text(app_object_id)),
        ("service_principal_object_id", service_principal_object_id.as_deref().into()),
        ("tenant_id", text(tenant_id)),
        ("organization", text(organization)),
        ("cloud", text(facts.name)),
        ("exchange_environment_name", environment.into()),
        ("roles", Value::List(roles.clone())),
    ];
    values.extend(of_certificate(certificate));
    values
}

fn of_certificate(certificate: &SigningCertificate) -> Vec<(&'static str, Value)> {
    let SigningCertificate { name, thumbprint, key_id, not_before, not_after, facts, key } = certificate;
    let instant = |instant: Option<jiff::Timestamp>| Value::from(instant.map(|instant| instant.to_string()).as_deref());
    let path = |path: &Path| Some(path.display().to_string());
    let (mut private_key, mut pfx_password, mut vault_certificate) = (None, None, None);
    let mut leaves_vault = Value::Nothing;
    let place = match key {
        KeyPlace::Directory { directory: _, private_key: file, exports: _, pfx_password: password } => {
            private_key = path(file);
            pfx_password = password.as_ref().and_then(reference);
            "directory"
        }
        KeyPlace::File { path: file, has_key, password } => {
            private_key = path(file).filter(|_| *has_key);
            pfx_password = password.as_ref().and_then(reference);
            "file"
        }
        KeyPlace::KeyVault { vault, name, version, exportable } => {
            leaves_vault = Value::Flag(*exportable);
            vault_certificate = Some(format!("{vault}/certificates/{name}/{version}"));
            "keyVault"
        }
        KeyPlace::Elsewhere => "elsewhere",
    };
    let pfx = certificate.pfx().and_then(|(file, _)| path(file));
    let (sha256, subject) = match facts {
        Some(facts) => (Some(facts.thumbprint_sha256.as_str()), Some(facts.subject.0.as_str())),
        None => (None, None),
    };
    vec![
        ("certificate_name", Value::Text(name.clone())),
        ("certificate_subject", subject.into()),
        ("certificate_thumbprint", Value::Text(thumbprint.to_string())),
        ("certificate_thumbprint_sha256", sha256.into()),
        ("key_id", Value::Text(key_id.clone())),
        ("not_before", instant(*not_before)),
        ("not_after", instant(*not_after)),
        ("key_place", Value::Text(place.to_owned())),
        ("private_key_path", private_key.as_deref().into()),
        ("pfx_path", pfx.as_deref().into()),
        ("pfx_password_reference", pfx_password.as_deref().into()),
        ("key_vault_certificate", vault_certificate.as_deref().into()),
        ("key_vault_exportable", leaves_vault),
    ]
}

/// Where a password is; `None` where somebody types it.
fn reference(password: &SecretReference) -> Option<String> {
    match password {
        SecretReference::Prompt | SecretReference::Generated => None,
        SecretReference::Environment(name) => Some(format!("env:{name}")),
        SecretReference::File(path) => Some(format!("file:{}", path.display())),
        SecretReference::Command(command) => Some(format!("command:{command}")),
        SecretReference::KeyVault { url, name } => Some(format!("{url}/secrets/{name}")),
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.to_owned()))
    }
}

impl Value {
    /// As one text: nothing is empty, and a list is JSON.
    fn flat(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Text(text) => text.clone(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(texts) => Json::from(texts.clone()).to_string(),
        }
    }
}

fn json(named: Vec<(&'static str, Value)>) -> String {
    let object: Map<String, Json> = named
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                Value::Nothing => Json::Null,
                Value::Text(text) => Json::from(text),
                Value::Flag(flag) => Json::from(flag),
                Value::List(texts) => Json::from(texts),
            };
            (camel(name), value)
        })
        .collect();
    format!("{:#}\n", Json::Object(object))
}

fn dotenv(named: &[(&'static str, Value)]) -> String {
    let mut out = String::new();
    for (name, value) in named {
        let _ = writeln!(out, "{}={}", name.to_ascii_uppercase(), shell(&value.flat()));
    }
    out
}

fn variables(named: &[(&'static str, Value)]) -> String {
    let mut out = String::new();
    for (name, value) in named {
        let value = match value {
            Value::Nothing => "$null".to_owned(),
            Value::Text(text) => powershell(text),
            Value::Flag(flag) => format!("${flag}"),
            Value::List(texts) => {
                format!("@({})", texts.iter().map(|text| powershell(text)).collect::<Vec<_>>().join(", "))
            }
        };
        let _ = writeln!(out, "${} = {value}", pascal(name));
    }
    out
}

/// <https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands#multiline-strings>
fn github(named: &[(&'static str, Value)]) -> String {
    let mut out = String::new();
    for (name, value) in named {
        let value = value.flat();
        let _ = if value.contains(['\n', '\r']) {
            // Whoever chose the value knows the name of the end too, so it grows until it is in no value.
            let mut end = format!("end_of_{name}");
            while value.contains(&end) {
                end.push('_');
            }
            writeln!(out, "{name}<<{end}\n{value}\n{end}")
        } else {
            writeln!(out, "{name}={value}")
        };
    }
    out
}

fn pascal(name: &str) -> String {
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    name.split('_').filter(|word| !word.is_empty()).map(capital).collect()
}

fn camel(name: &str) -> String {
    let name = pascal(name);
    name[..1].to_ascii_lowercase() + &name[1..]
}
