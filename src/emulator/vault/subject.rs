//! The subject of a certificate as text, `CN=Automation, O=Contoso`, into the name inside the certificate.

use rcgen::{DistinguishedName, DnType, DnValue};

use super::{policy, refusal::Refusal};

fn invalid(text: &str) -> Refusal {
    Refusal::bad_parameter(format!(
        "Property policy has invalid value\r\nThe subject '{text}' is not a valid X.500 name."
    ))
}

/// Reads a subject. The last part of the text comes first in the certificate, as .NET writes it.
pub(super) fn parse(text: &str) -> Result<DistinguishedName, Refusal> {
    let mut parts = Vec::new();
    for part in split(text) {
        let (label, value) = part.split_once('=').ok_or_else(|| invalid(text))?;
        let kind = kind(label.trim()).ok_or_else(|| invalid(text))?;
        let value = unquoted(value.trim());
        if value.is_empty() || parts.iter().any(|(other, _)| *other == kind) {
            // The library underneath holds one value of each sort.
            return Err(invalid(text));
        }
        parts.push((kind, value));
    }
    if parts.is_empty() {
        return Err(invalid(text));
    }
    let mut name = DistinguishedName::new();
    for (kind, value) in parts.into_iter().rev() {
        // The plainest type that can hold the text, as the service chooses it.
        let printable = value.as_str().try_into().map(DnValue::PrintableString);
        name.push(kind, printable.unwrap_or(DnValue::Utf8String(value)));
    }
    Ok(name)
}

fn kind(label: &str) -> Option<DnType> {
    let oid: Vec<u64> = match label.to_ascii_uppercase().as_str() {
        "CN" => return Some(DnType::CommonName),
        "O" => return Some(DnType::OrganizationName),
        "OU" => return Some(DnType::OrganizationalUnitName),
        "L" => return Some(DnType::LocalityName),
        "S" | "ST" => return Some(DnType::StateOrProvinceName),
        "C" => return Some(DnType::CountryName),
        "SN" => vec![2, 5, 4, 4],
        "SERIALNUMBER" => vec![2, 5, 4, 5],
        "STREET" => vec![2, 5, 4, 9],
        "T" => vec![2, 5, 4, 12],
        "G" => vec![2, 5, 4, 42],
        "E" => vec![1, 2, 840, 113_549, 1, 9, 1],
        "DC" => vec![0, 9, 2342, 19_200_300, 100, 1, 25],
        other => policy::object_identifier(other.trim_start_matches("OID."))?,
    };
    (oid.len() > 2).then(|| DnType::from_oid(&oid))
}

/// The parts between commas or semicolons that are not quoted or escaped. Between quotes a backslash is a letter.
fn split(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for letter in text.chars() {
        match letter {
            ',' | ';' if !quoted && !escaped => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            '"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = letter == '\\' && !escaped && !quoted;
        part.push(letter);
    }
    parts.push(part);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn unquoted(value: &str) -> String {
    let inside = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    match inside {
        Some(inside) => inside.replace("\"\"", "\""),
        None => value.replace('\\', ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_read_as_windows_reads_them() {
        let name = parse(r#"cn="Contoso, Ltd", O=Fabrikam\, Inc; C=AU"#).unwrap_or_default();
        let values: Vec<String> = name
            .iter()
            .map(|(_, value)| match value {
                DnValue::PrintableString(text) => text.as_str().to_owned(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(values, ["AU", "Fabrikam, Inc", "Contoso, Ltd"]);
        let name = parse(r#"CN="ends in \", O="says ""hello"""#).unwrap_or_default();
        assert_eq!(name.iter().count(), 2);
        assert!(parse("just a name").is_err());
        assert!(parse("CN=").is_err());
        // Numbers that no identifier begins with, which the library underneath would panic at.
        for subject in ["9.9.9=x", "1.40.1=x", "2.18446744073709551615.1=x"] {
            assert!(parse(subject).is_err(), "{subject}");
        }
        assert!(parse("").is_err());
    }
}
