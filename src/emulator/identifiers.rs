//! How the directory makes its ids: GUIDs, and base64url of GUID bytes for assignments and grants.
//!
//! Clients treat these as opaque; they are built as the real service builds them so that ids in tests look and sort
//! like real ones.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A new random GUID in its usual text form.
pub(crate) fn guid() -> String {
    Uuid::new_v4().to_string()
}

/// Whether the text is a GUID in the usual hyphenated form.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

/// The bytes of a GUID in .NET order; zeros when the text is no GUID.
fn bytes(guid: &str) -> [u8; 16] {
    Uuid::try_parse(guid).unwrap_or_default().to_bytes_le()
}

fn joined(guids: &[&str]) -> String {
    let bytes: Vec<u8> = guids.iter().flat_map(|guid| bytes(guid)).collect();
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The id of an app role assignment: the principal, then 16 random bytes.
pub(crate) fn app_role_assignment(principal: &str) -> String {
    joined(&[principal, &guid()])
}

/// The id of a delegated grant: client and resource, and the user when it is one user's own.
pub(crate) fn grant(client: &str, resource: &str, principal: Option<&str>) -> String {
    match principal {
        Some(principal) => joined(&[client, resource, principal]),
        None => joined(&[client, resource]),
    }
}

/// The id of a directory role assignment at the tenant (`scope` is none) or at one object.
pub(crate) fn role_assignment(role: &str, principal: &str, scope: Option<&str>) -> String {
    let guids = match scope {
        Some(scope) => joined(&[role, principal, scope]),
        None => joined(&[role, principal]),
    };
    format!("{guids}-1")
}

/// The GUID that always belongs to these words.
pub(crate) fn derived_guid(words: &[&str]) -> String {
    let digest: [u8; 32] = Sha256::digest(words.join("\n")).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// The id of a role that somebody holds over an administrative unit.
pub(crate) fn scoped_role_member(role: &str, principal: &str, unit: &str) -> String {
    format!("{}U", joined(&[role, unit, principal]))
}

/// The security identifier that follows from a group's or user's id.
pub(crate) fn security_identifier(id: &str) -> String {
    let bytes = bytes(id);
    let parts = bytes.chunks_exact(4).map(|part| {
        let number = part.iter().rev().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        number.to_string()
    });
    format!("S-1-12-1-{}", parts.collect::<Vec<_>>().join("-"))
}

/// 22 characters of randomness, as in the `uti` claim.
pub(crate) fn short() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes())
}

/// A client secret in the form that Entra gives out: 40 characters, URL-safe, with a tilde.
pub(crate) fn secret() -> String {
    let random = BASE64_URL_SAFE_NO_PAD.encode([Uuid::new_v4().into_bytes(), Uuid::new_v4().into_bytes()].concat());
    let (start, rest) = random.split_at(3);
    format!("{start}8Q~{}", &rest[..34])
}

/// Labels of letters, digits and hyphens, at least two of them.
pub(crate) fn is_domain(name: &str) -> bool {
    name.contains('.') && is_dns_name(name)
}

/// An address, or a DNS name, whose first label may be `*`.
pub(crate) fn is_host(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok() || is_dns_name(name.strip_prefix("*.").unwrap_or(name))
}

fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_match_the_recorded_ones() {
        assert_eq!(
            role_assignment("62e90394-69f5-4237-9190-012177145e10", "02e7e79a-bb30-4f28-ad78-1888f5cb4aa1", None),
            "lAPpYvVpN0KRkAEhdxReEJrn5wIwuyhPrXgYiPXLSqE-1"
        );
        assert_eq!(
            grant("043293df-9b19-46aa-962f-65f957d7bcc8", "a3efc889-f1b7-4532-9e01-91e32d1039f4", None),
            "35MyBBmbqkaWL2X5V9e8yInI76O38TJFngGR4y0QOfQ"
        );
        assert_eq!(
            security_identifier("7fc3ad5e-575d-4aec-bcc2-957e983140fd"),
            "S-1-12-1-2143530334-1257002845-2123743932-4248842648"
        );
        assert_eq!(secret().len(), 40);
    }
}
