//! The text form of an X.500 name: reading what people write, and the one spelling that is kept and compared.

use std::collections::BTreeSet;
use std::fmt;
use std::iter::Peekable;
use std::str::{Chars, FromStr};

use serde::{Deserialize, Serialize};

/// An X.500 name in the usual text form, most specific part first: `CN=m365info.com, O=Contoso`.
///
/// Parsing accepts what `New-SelfSignedCertificate` and OpenSSL accept (a bare `EXOcertificate` is `CN=EXOcertificate`,
/// `S` is `ST`, values may be quoted) and keeps the canonical spelling: RFC 4514 escapes, parts joined by a comma and
/// a space. A value put together without parsing is checked when a certificate is made from it.
///
/// Each attribute may occur once: `OU=a, OU=b` and `DC=contoso, DC=com` are refused, because rcgen, which makes the
/// certificates, keeps a subject as a map by attribute and would drop all but the last. Names read from foreign
/// certificates are not parsed and may repeat what they like.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DistinguishedName(pub String);

impl DistinguishedName {
    /// The parts, most specific first, with their values unescaped.
    pub fn attributes(&self) -> Result<Vec<(NameAttribute, String)>, InvalidDistinguishedName> {
        parse(&self.0)
    }

    /// Whether the two have the same parts, in whichever order.
    pub fn has_parts_of(&self, other: &Self) -> bool {
        let parts = |name: &Self| name.attributes().map(|parts| parts.into_iter().collect::<BTreeSet<_>>());
        self == other || matches!((parts(self), parts(other)), (Ok(one), Ok(other)) if one == other)
    }

    /// The canonical spelling of labels and plain values, most specific first.
    ///
    /// Labels are taken as they are, so that a name read from a foreign certificate can hold attributes that
    /// [`NameAttribute`] does not know.
    pub fn from_parts<Label: AsRef<str>>(parts: impl IntoIterator<Item = (Label, String)>) -> Self {
        let parts: Vec<String> =
            parts.into_iter().map(|(label, value)| format!("{}={}", label.as_ref(), escape(&value))).collect();
        Self(parts.join(", "))
    }
}

impl FromStr for DistinguishedName {
    type Err = InvalidDistinguishedName;

    fn from_str(text: &str) -> Result<Self, InvalidDistinguishedName> {
        Ok(Self::from_parts(parse(text)?.into_iter().map(|(attribute, value)| (attribute.as_str(), value))))
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A kind of part that a subject may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameAttribute {
    CommonName,
    Organization,
    OrganizationalUnit,
    Locality,
    State,
    Country,
    DomainComponent,
    Email,
}

impl NameAttribute {
    pub const ALL: [Self; 8] = [
        Self::CommonName,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::Locality,
        Self::State,
        Self::Country,
        Self::DomainComponent,
        Self::Email,
    ];

    /// The label in the canonical spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CommonName => "CN",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
            Self::Locality => "L",
            Self::State => "ST",
            Self::Country => "C",
            Self::DomainComponent => "DC",
            Self::Email => "E",
        }
    }

    /// The most characters a value may have: the upper bounds of RFC 5280, which OpenSSL and Windows enforce.
    fn limit(self) -> usize {
        match self {
            Self::CommonName | Self::Organization | Self::OrganizationalUnit => 64,
            Self::Locality | Self::State => 128,
            Self::Country => 2,
            Self::DomainComponent => 63,
            Self::Email => 255,
        }
    }

    fn check(self, value: &str) -> Result<(), InvalidDistinguishedName> {
        let name = self.as_str();
        let own = || value.to_owned();
        if value.is_empty() {
            return Err(InvalidDistinguishedName::EmptyValue { name });
        }
        if value.chars().any(char::is_control) {
            return Err(InvalidDistinguishedName::ControlCharacter { name });
        }
        let ascii_only = matches!(self, Self::Country | Self::DomainComponent | Self::Email);
        if ascii_only && !value.is_ascii() {
            return Err(InvalidDistinguishedName::NotAscii { name, value: own() });
        }
        if self == Self::Country && !(value.len() == 2 && value.chars().all(|c| c.is_ascii_alphabetic())) {
            return Err(InvalidDistinguishedName::NotACountry { value: own() });
        }
        if value.chars().count() > self.limit() {
            return Err(InvalidDistinguishedName::TooLong { name, limit: self.limit() });
        }
        Ok(())
    }
}

impl FromStr for NameAttribute {
    type Err = InvalidDistinguishedName;

    fn from_str(label: &str) -> Result<Self, InvalidDistinguishedName> {
        let known = match label.to_ascii_uppercase().as_str() {
            "S" => Some(Self::State),
            "EMAIL" | "EMAILADDRESS" => Some(Self::Email),
            upper => Self::ALL.into_iter().find(|attribute| attribute.as_str() == upper),
        };
        known.ok_or_else(|| InvalidDistinguishedName::UnknownAttribute { name: label.to_owned() })
    }
}

/// A text that cannot be the subject of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDistinguishedName {
    #[error("a subject cannot be empty: write at least `CN=name`")]
    Empty,
    #[error("`{part}` in the subject is not of the form `NAME=value`; a comma inside a value is written `\\,`")]
    NotAnAttribute { part: String },
    #[error("the subject ends in a comma: remove it, or name the part that is missing")]
    TrailingComma,
    #[error("`{name}` in the subject is unknown: use CN, O, OU, L, ST (or S), C, DC or E")]
    UnknownAttribute { name: String },
    #[error("`{name}` occurs more than once in the subject, and Accredit can write each attribute only once: keep one")]
    Repeated { name: &'static str },
    #[error("`{name}` in the subject has no value")]
    EmptyValue { name: &'static str },
    #[error("`{name}` in the subject is longer than {limit} characters, which certificates do not allow")]
    TooLong { name: &'static str, limit: usize },
    #[error("`{value}` is not a country: `C` takes two letters such as `US`")]
    NotACountry { value: String },
    #[error("`{name}={value}` in the subject has letters outside ASCII, which `{name}` cannot hold")]
    NotAscii { name: &'static str, value: String },
    #[error("`{name}` in the subject holds a control character such as a line break")]
    ControlCharacter { name: &'static str },
    #[error("`{character}` in the subject has a meaning of its own: inside a value write `\\{character}`")]
    Unescaped { character: char },
    #[error("`\\` in the subject must be followed by a special character or two hex digits; for itself write `\\\\`")]
    BadEscape,
    #[error("a quoted value in the subject is not closed, or something other than a comma follows its end")]
    BadQuotes,
}

fn parse(text: &str) -> Result<Vec<(NameAttribute, String)>, InvalidDistinguishedName> {
    // Not `trim`: a space at the end may be escaped, and `read_value` knows.
    let text = text.trim_start().trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(InvalidDistinguishedName::Empty);
    }
    if !text.contains('=') {
        let text = text.trim_end();
        NameAttribute::CommonName.check(text)?;
        return Ok(vec![(NameAttribute::CommonName, text.to_owned())]);
    }
    let mut parts: Vec<(NameAttribute, String)> = Vec::new();
    let mut rest = text.chars().peekable();
    loop {
        let attribute = read_label(&mut rest)?;
        let (value, more) = read_value(&mut rest)?;
        attribute.check(&value)?;
        if parts.iter().any(|(earlier, _)| *earlier == attribute) {
            return Err(InvalidDistinguishedName::Repeated { name: attribute.as_str() });
        }
        parts.push((attribute, value));
        if !more {
            return Ok(parts);
        }
    }
}

/// Reads up to and including `=`.
fn read_label(rest: &mut Peekable<Chars<'_>>) -> Result<NameAttribute, InvalidDistinguishedName> {
    let mut label = String::new();
    loop {
        match rest.next() {
            Some('=') => return label.trim().parse(),
            None if label.trim().is_empty() => return Err(InvalidDistinguishedName::TrailingComma),
            None | Some(',') => {
                return Err(InvalidDistinguishedName::NotAnAttribute { part: label.trim().to_owned() });
            }
            Some(character) => label.push(character),
        }
    }
}

/// Reads a value and the comma after it; the flag says whether there was one.
fn read_value(rest: &mut Peekable<Chars<'_>>) -> Result<(String, bool), InvalidDistinguishedName> {
    while rest.next_if_eq(&' ').is_some() {}
    if rest.next_if_eq(&'"').is_some() {
        return read_quoted(rest);
    }
    if rest.peek() == Some(&'#') {
        return Err(InvalidDistinguishedName::Unescaped { character: '#' });
    }
    let mut bytes = Vec::new();
    // Spaces at the end count only when escaped.
    let mut kept = 0;
    let more = loop {
        match rest.next() {
            None => break false,
            Some(',') => break true,
            Some(character @ ('+' | ';' | '"')) => return Err(InvalidDistinguishedName::Unescaped { character }),
            Some('\\') => {
                read_escape(rest, &mut bytes)?;
                kept = bytes.len();
            }
            Some(character) => {
                push(character, &mut bytes);
                if character != ' ' {
                    kept = bytes.len();
                }
            }
        }
    };
    bytes.truncate(kept);
    Ok((text_of(bytes)?, more))
}

/// Reads the rest of a quoted value; a quote inside is written `\"` or, as Windows does, `""`.
fn read_quoted(rest: &mut Peekable<Chars<'_>>) -> Result<(String, bool), InvalidDistinguishedName> {
    let mut bytes = Vec::new();
    loop {
        match rest.next() {
            None => return Err(InvalidDistinguishedName::BadQuotes),
            Some('"') if rest.next_if_eq(&'"').is_some() => bytes.push(b'"'),
            Some('"') => break,
            Some('\\') => read_escape(rest, &mut bytes)?,
            Some(character) => push(character, &mut bytes),
        }
    }
    while rest.next_if_eq(&' ').is_some() {}
    match rest.next() {
        None => Ok((text_of(bytes)?, false)),
        Some(',') => Ok((text_of(bytes)?, true)),
        Some(_) => Err(InvalidDistinguishedName::BadQuotes),
    }
}

fn read_escape(rest: &mut Peekable<Chars<'_>>, bytes: &mut Vec<u8>) -> Result<(), InvalidDistinguishedName> {
    let first = rest.next().ok_or(InvalidDistinguishedName::BadEscape)?;
    if matches!(first, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#' | ' ') {
        push(first, bytes);
        return Ok(());
    }
    let digit = |character: Option<char>| character.and_then(|c| c.to_digit(16)).and_then(|d| u8::try_from(d).ok());
    match (digit(Some(first)), digit(rest.next())) {
        (Some(high), Some(low)) => bytes.push(high << 4 | low),
        (None, _) | (_, None) => return Err(InvalidDistinguishedName::BadEscape),
    }
    Ok(())
}

fn push(character: char, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
}

fn text_of(bytes: Vec<u8>) -> Result<String, InvalidDistinguishedName> {
    String::from_utf8(bytes).map_err(|_| InvalidDistinguishedName::BadEscape)
}

fn escape(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut escaped = String::with_capacity(value.len());
    for (index, character) in value.chars().enumerate() {
        let special = matches!(character, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        let at_edge = (index == 0 && matches!(character, ' ' | '#')) || (index == last && character == ' ');
        if special || at_edge {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn canonical(text: &str) -> Result<String, InvalidDistinguishedName> {
        text.parse::<DistinguishedName>().map(|name| name.0)
    }

    #[test]
    fn canonical_spelling_of_what_people_write() {
        for (written, want) in [
            ("EXOcertificate", "CN=EXOcertificate"),
            ("CN=m365info.com", "CN=m365info.com"),
            ("  cn = pre_prod.woshub.com  ,o=Contoso", "CN=pre_prod.woshub.com, O=Contoso"),
            ("CN=a,O=Contoso\\, Ltd.,S=Washington,C=US", "CN=a, O=Contoso\\, Ltd., ST=Washington, C=US"),
            ("CN=a, O=\"Contoso, \"\"Ltd.\"\"\" , C=US", "CN=a, O=Contoso\\, \\\"Ltd.\\\", C=US"),
            ("CN=a,OU=x,DC=contoso", "CN=a, OU=x, DC=contoso"),
            ("CN=M\\C3\\BCller", "CN=Müller"),
            ("CN=\\ edge\\ ", "CN=\\ edge\\ "),
            ("CN=a=b", "CN=a=b"),
            ("Contoso, Ltd.", "CN=Contoso\\, Ltd."),
        ] {
            assert_eq!(canonical(written).as_deref(), Ok(want), "{written}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_name() {
        use InvalidDistinguishedName as Invalid;
        for (written, want) in [
            ("  ", Invalid::Empty),
            ("CN=Contoso, Ltd.", Invalid::NotAnAttribute { part: "Ltd.".into() }),
            ("CN=Contoso, Ltd., C=US", Invalid::NotAnAttribute { part: "Ltd.".into() }),
            ("CN=a,", Invalid::TrailingComma),
            ("XY=a", Invalid::UnknownAttribute { name: "XY".into() }),
            ("CN=", Invalid::EmptyValue { name: "CN" }),
            ("CN=a, OU=x, OU=y", Invalid::Repeated { name: "OU" }),
            ("CN=a, dc=contoso, DC=com", Invalid::Repeated { name: "DC" }),
            ("S=a, ST=a", Invalid::Repeated { name: "ST" }),
            ("C=USA", Invalid::NotACountry { value: "USA".into() }),
            ("DC=münchen", Invalid::NotAscii { name: "DC", value: "münchen".into() }),
            ("CN=a+OU=b", Invalid::Unescaped { character: '+' }),
            ("CN=a;O=b", Invalid::Unescaped { character: ';' }),
            ("CN=#04", Invalid::Unescaped { character: '#' }),
            ("CN=a\\", Invalid::BadEscape),
            ("CN=a\\zz", Invalid::BadEscape),
            ("CN=\\ff", Invalid::BadEscape),
            ("CN=\"a", Invalid::BadQuotes),
            ("CN=\"a\" b", Invalid::BadQuotes),
            ("CN=a\nb", Invalid::ControlCharacter { name: "CN" }),
        ] {
            assert_eq!(canonical(written), Err(want), "{written}");
        }
        assert_eq!(canonical(&"a".repeat(65)), Err(Invalid::TooLong { name: "CN", limit: 64 }));
    }

    proptest! {
        #[test]
        fn canonical_spelling_reads_back_to_the_same_value(value in "[ -~äöü€😀]{1,60}") {
            let name = DistinguishedName::from_parts([("CN", value.clone()), ("O", "Contoso".to_owned())]);
            prop_assert_eq!(name.attributes().map(|parts| parts[0].1.clone()), Ok(value));
            prop_assert_eq!(name.0.parse::<DistinguishedName>(), Ok(name));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _outcome = text.parse::<DistinguishedName>();
        }
    }
}
