//! Distinguished names between their text and their DER.
//!
//! The text begins with the most specific part and the DER ends with it (RFC 4514), so Windows shows a subject as it
//! was written, and so does `openssl x509 -nameopt RFC2253`.

use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::x509::X509Name;
use yasna::DERWriter;
use yasna::models::ObjectIdentifier;

use crate::model::{DistinguishedName, NameAttribute};

pub(super) fn write(writer: DERWriter<'_>, parts: &[(NameAttribute, String)]) {
    writer.write_sequence(|writer| {
        for (attribute, value) in parts.iter().rev() {
            writer.next().write_set(|writer| {
                writer.next().write_sequence(|writer| {
                    writer.next().write_oid(&ObjectIdentifier::from_slice(identifier(*attribute)));
                    // RFC 5280 fixes the string type of these three and wants UTF8String for all others.
                    match attribute {
                        NameAttribute::Country => writer.next().write_printable_string(value),
                        NameAttribute::DomainComponent | NameAttribute::Email => {
                            writer.next().write_ia5_string(value);
                        }
                        NameAttribute::CommonName
                        | NameAttribute::Organization
                        | NameAttribute::OrganizationalUnit
                        | NameAttribute::Locality
                        | NameAttribute::State => writer.next().write_utf8_string(value),
                    }
                });
            });
        }
    });
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
