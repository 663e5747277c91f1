//! Distinguished names between their text and the certificate.
//!
//! The text begins with the most specific part and the DER ends with it (RFC 4514), so Windows shows a subject as it
//! was written, and so does `openssl x509 -nameopt RFC2253`.

use rcgen::{DnType, DnValue};
use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::x509::X509Name;

use crate::model::{DistinguishedName, NameAttribute};

/// The name for rcgen. It keeps one value for each attribute, so none may occur twice; [`DistinguishedName`] sees to it.
pub(super) fn write(parts: &[(NameAttribute, String)]) -> Result<rcgen::DistinguishedName, rcgen::Error> {
    let mut name = rcgen::DistinguishedName::new();
    for (attribute, value) in parts.iter().rev() {
        let value = value.as_str();
        // RFC 5280 fixes the string type of these three and wants UTF8String for all others.
        let value = match attribute {
            NameAttribute::Country => DnValue::PrintableString(value.try_into()?),
            NameAttribute::DomainComponent | NameAttribute::Email => DnValue::Ia5String(value.try_into()?),
            NameAttribute::CommonName
            | NameAttribute::Organization
            | NameAttribute::OrganizationalUnit
            | NameAttribute::Locality
            | NameAttribute::State => DnValue::Utf8String(value.to_owned()),
        };
        name.push(DnType::from_oid(identifier(*attribute)), value);
    }
    Ok(name)
}

/// The canonical text of a parsed name; attributes unknown to us are labelled by their object identifier.
pub(super) fn read(name: &X509Name<'_>) -> DistinguishedName {
    let mut parts: Vec<(String, String)> = name
        .iter_attributes()
        .map(|attribute| {
            let dotted = attribute.attr_type().to_id_string();
            let known = NameAttribute::ALL.into_iter().find(|known| dotted_form(identifier(*known)) == dotted);
            (known.map_or(dotted, |known| known.as_str().to_owned()), text(attribute.attr_value()))
        })
        .collect();
    parts.reverse();
    DistinguishedName::from_parts(parts)
}

fn text(value: &Any<'_>) -> String {
    if value.header.tag() == Tag::BmpString {
        let units: Vec<u16> = value.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        return String::from_utf16_lossy(&units);
    }
    String::from_utf8_lossy(value.data).into_owned()
}

fn dotted_form(identifier: &[u64]) -> String {
    identifier.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

fn identifier(attribute: NameAttribute) -> &'static [u64] {
    match attribute {
        NameAttribute::CommonName => &[2, 5, 4, 3],
        NameAttribute::Organization => &[2, 5, 4, 10],
        NameAttribute::OrganizationalUnit => &[2, 5, 4, 11],
        NameAttribute::Locality => &[2, 5, 4, 7],
        NameAttribute::State => &[2, 5, 4, 8],
        NameAttribute::Country => &[2, 5, 4, 6],
        NameAttribute::DomainComponent => &[0, 9, 2342, 19_200_300, 100, 1, 25],
        NameAttribute::Email => &[1, 2, 840, 113_549, 1, 9, 1],
    }
}
