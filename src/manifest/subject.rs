//! Reads a certificate's subject.

use crate::model::DistinguishedName;

/// The longest common name that X.509 allows.
const MAXIMUM_COMMON_NAME: usize = 64;

/// A distinguished name, or bare text as a common name.
pub(super) fn read(text: &str) -> Result<DistinguishedName, String> {
    let text = text.trim();
    let written = if text.contains('=') { text.to_owned() } else { format!("CN={text}") };
    if written.chars().any(char::is_control) {
        return Err("it has control characters in it".to_owned());
    }
    for part in written.split(',') {
        let (label, value) = part.split_once('=').unwrap_or((part, ""));
        if label.trim().is_empty() || value.trim().is_empty() {
            return Err("write `CN=name`, more parts after commas, or just the name".to_owned());
        }
        if label.trim().eq_ignore_ascii_case("CN") && value.trim().chars().count() > MAXIMUM_COMMON_NAME {
            return Err(format!("a common name takes at most {MAXIMUM_COMMON_NAME} characters"));
        }
    }
    Ok(DistinguishedName(written))
}

/// The subject of a certificate that declares none.
pub(super) fn default_of(dns_names: &[String], handle: &str) -> DistinguishedName {
    let name = dns_names.first().map(String::as_str).filter(|name| name.len() <= MAXIMUM_COMMON_NAME);
    DistinguishedName(format!("CN={}", name.unwrap_or(handle)))
}
