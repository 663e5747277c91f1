//! Reads BER, the lax notation of which DER is the strict part.
//!
//! Files from NSS, older Windows and some appliances have lengths that are only known at the end and octet strings in
//! pieces. Every reader of foreign files in this room stands on this one; it is bounded in depth and never panics.

use zeroize::Zeroizing;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// `[0]` around another element.
pub(super) const EXPLICIT_0: u8 = 0xa0;
/// `[1]` around another element.
pub(super) const EXPLICIT_1: u8 = 0xa1;
/// `[0]` in the place of a primitive element's own tag.
pub(super) const IMPLICIT_0: u8 = 0x80;

const CONSTRUCTED: u8 = 0x20;

/// No format read here nests deeper; a hostile file would.
const MAXIMUM_DEPTH: usize = 48;

/// Bytes that are no element, or another one than belongs there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("it was cut off: {missing} more bytes belong to it")]
    CutOff { missing: usize },
    #[error("{what} is missing")]
    Missing { what: &'static str },
    #[error("{what} is expected where something else stands")]
    Unexpected { what: &'static str },
    #[error("{count} bytes follow after its end")]
    Trailing { count: usize },
    #[error("it is nested too deeply")]
    Deep,
}

/// One element: what it is and what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    /// Without the mark that ends contents of unknown length.
    contents: &'a [u8],
    /// With its header.
    pub(super) whole: &'a [u8],
}

/// Elements that stand side by side.
#[derive(Clone, Debug)]
pub(super) struct Elements<'a> {
    rest: &'a [u8],
}

/// The one element that `bytes` are.
pub(super) fn read(bytes: &[u8]) -> Result<Element<'_>, Malformed> {
    let (element, rest) = split(bytes, 0)?;
    if rest.is_empty() { Ok(element) } else { Err(Malformed::Trailing { count: rest.len() }) }
}

/// The first element, whatever follows it.
pub(super) fn read_first(bytes: &[u8]) -> Result<Element<'_>, Malformed> {
    Ok(split(bytes, 0)?.0)
}

impl<'a> Element<'a> {
    /// What a constructed element holds.
    pub(super) fn children(self) -> Elements<'a> {
        Elements { rest: self.contents }
    }

    /// The children of a sequence that is called `what`.
    pub(super) fn sequence(self, what: &'static str) -> Result<Elements<'a>, Malformed> {
        if self.tag == SEQUENCE { Ok(self.children()) } else { Err(Malformed::Unexpected { what }) }
    }

    /// The bytes of a string, put together where it comes in pieces.
    pub(super) fn octets(self) -> Result<Zeroizing<Vec<u8>>, Malformed> {
        // Room for all of it at once, so that nothing is left behind unwiped.
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.contents.len()));
        self.collect_octets(&mut bytes, 0)?;
        Ok(bytes)
    }

    fn collect_octets(self, bytes: &mut Vec<u8>, depth: usize) -> Result<(), Malformed> {
        if self.tag & CONSTRUCTED == 0 {
            bytes.extend_from_slice(self.contents);
            return Ok(());
        }
        if depth > MAXIMUM_DEPTH {
            return Err(Malformed::Deep);
        }
        let mut pieces = self.children();
        while let Some(piece) = pieces.next()? {
            piece.collect_octets(bytes, depth + 1)?;
        }
        Ok(())
    }

    /// The bytes of a primitive element.
    pub(super) fn primitive(self) -> &'a [u8] {
        self.contents
    }

    /// A number from 0 to 2³² - 1.
    pub(super) fn number(self) -> Option<u32> {
        let digits = self.contents.iter().position(|byte| *byte != 0).map_or(&[][..], |start| &self.contents[start..]);
        let is_number = self.tag == INTEGER && !self.contents.is_empty() && self.contents[0] & 0x80 == 0;
        (is_number && digits.len() <= 4).then(|| digits.iter().fold(0, |number, digit| number << 8 | u32::from(*digit)))
    }

    /// Whether this is that object identifier.
    pub(super) fn is(self, identifier: &[u64]) -> bool {
        self.tag == OBJECT_IDENTIFIER && self.contents == encode_identifier(identifier)
    }

    /// An object identifier in dotted form.
    pub(super) fn dotted(self) -> String {
        let mut numbers = Vec::new();
        let mut number: u64 = 0;
        for byte in self.contents {
            number = number.wrapping_shl(7) | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                numbers.push(number);
                number = 0;
            }
        }
        let Some(first) = numbers.first().copied() else { return String::new() };
        let root = (first / 40).min(2);
        numbers.splice(0..1, [root, first - root * 40]);
        numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
    }

    /// Text in UTF-16, big-endian, as Microsoft's attributes have it.
    pub(super) fn bmp_text(self) -> Option<String> {
        let units = self.contents.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        let text = String::from_utf16_lossy(&units.collect::<Vec<_>>());
        (self.tag == BMP_STRING).then(|| text.trim_end_matches('\0').to_owned())
    }
}

impl<'a> Elements<'a> {
    /// The next element, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (element, rest) = split(self.rest, 0)?;
        self.rest = rest;
        Ok(Some(element))
    }

    /// The next element, if there is one with this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.first() == Some(&tag) { self.next() } else { Ok(None) }
    }

    /// The next element, which must be there.
    pub(super) fn any(&mut self, what: &'static str) -> Result<Element<'a>, Malformed> {
        self.next()?.ok_or(Malformed::Missing { what })
    }

    /// The next element, which must be there and have this tag.
    pub(super) fn tagged(&mut self, tag: u8, what: &'static str) -> Result<Element<'a>, Malformed> {
        let element = self.any(what)?;
        if element.tag == tag { Ok(element) } else { Err(Malformed::Unexpected { what }) }
    }

    /// The next element, which must be an octet string.
    pub(super) fn octets(&mut self, what: &'static str) -> Result<Zeroizing<Vec<u8>>, Malformed> {
        let element = self.any(what)?;
        if element.tag & !CONSTRUCTED != OCTET_STRING {
            return Err(Malformed::Unexpected { what });
        }
        element.octets()
    }

    /// The next element, which must be a small number.
    pub(super) fn number(&mut self, what: &'static str) -> Result<u32, Malformed> {
        self.any(what)?.number().ok_or(Malformed::Unexpected { what })
    }

    /// All that are left.
    pub(super) fn all(mut self) -> Result<Vec<Element<'a>>, Malformed> {
        let mut found = Vec::new();
        while let Some(element) = self.next()? {
            found.push(element);
        }
        Ok(found)
    }
}

/// The first element, and what follows it.
fn split(bytes: &[u8], depth: usize) -> Result<(Element<'_>, &[u8]), Malformed> {
    if depth > MAXIMUM_DEPTH {
        return Err(Malformed::Deep);
    }
    let (&tag, after_tag) = bytes.split_first().ok_or(Malformed::CutOff { missing: 2 })?;
    let (&first, after_first) = after_tag.split_first().ok_or(Malformed::CutOff { missing: 1 })?;
    if tag & 0x1f == 0x1f || tag == 0 {
        return Err(Malformed::Unexpected { what: "an element" });
    }
    let (length, body) = match first {
        0x80 => return split_unbounded(bytes, depth),
        0x81..=0xff => {
            let count = usize::from(first & 0x7f);
            let digits = after_first.get(..count).ok_or(Malformed::CutOff { missing: count })?;
            let digits = digits.iter().skip_while(|digit| **digit == 0);
            let length = digits.clone().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            if digits.count() > 4 {
                return Err(Malformed::Unexpected { what: "a length below four gigabytes" });
            }
            (length, &after_first[count..])
        }
        short => (usize::from(short), after_first),
    };
    let Some((contents, rest)) = body.split_at_checked(length) else {
        return Err(Malformed::CutOff { missing: length - body.len() });
    };
    Ok((Element { tag, contents, whole: &bytes[..bytes.len() - rest.len()] }, rest))
}

/// An element whose contents end where two zeros stand in the place of the next.
fn split_unbounded(bytes: &[u8], depth: usize) -> Result<(Element<'_>, &[u8]), Malformed> {
    let tag = bytes[0];
    if tag & CONSTRUCTED == 0 {
        return Err(Malformed::Unexpected { what: "a length" });
    }
    let body = &bytes[2..];
    let mut rest = body;
    loop {
        if let [0, 0, after @ ..] = rest {
            let contents = &body[..body.len() - rest.len()];
            return Ok((Element { tag, contents, whole: &bytes[..bytes.len() - after.len()] }, after));
        }
        (_, rest) = split(rest, depth + 1)?;
    }
}

fn encode_identifier(identifier: &[u64]) -> Vec<u8> {
    let first = identifier[0] * 40 + identifier[1];
    let mut bytes = Vec::new();
    for number in std::iter::once(first).chain(identifier[2..].iter().copied()) {
        let groups = (0..10).rev().map(|group| (number >> (group * 7)) & 0x7f);
        let groups: Vec<u64> = groups.skip_while(|group| *group == 0).collect();
        let last = groups.last().copied().unwrap_or_default();
        let leading = groups.split_last().map_or(&[][..], |(_, leading)| leading);
        bytes.extend(leading.iter().chain([&last]).enumerate().map(|(index, group)| {
            let continues = if index < leading.len() { 0x80 } else { 0 };
            u8::try_from(*group).expect("seven bits") | continues
        }));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_known_by_their_bytes_and_print_dotted() {
        let bytes = [0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x11, 0x01, 0x00];
        let element = read(&bytes).unwrap();
        assert!(element.is(&[1, 3, 6, 1, 4, 1, 311, 17, 1, 0]));
        assert_eq!(element.dotted(), "1.3.6.1.4.1.311.17.1.0");
        assert_eq!(read(&[0x06, 0x03, 0x55, 0x04, 0x03]).unwrap().dotted(), "2.5.4.3");
        assert_eq!(read(&[0x06, 0x03, 0x88, 0x37, 0x03]).unwrap().dotted(), "2.999.3");
    }

    #[test]
    fn strings_in_pieces_and_lengths_that_come_last() {
        let bytes = [0x30, 0x80, 0x24, 0x80, 0x04, 0x01, b'a', 0x04, 0x01, b'b', 0, 0, 0x02, 0x01, 7, 0, 0];
        let mut children = read(&bytes).unwrap().sequence("it").unwrap();
        assert_eq!(children.octets("text").unwrap().as_slice(), b"ab");
        assert_eq!(children.number("seven"), Ok(7));
        assert!(children.next().unwrap().is_none());
    }

    #[test]
    fn says_how_much_is_missing() {
        assert_eq!(read(&[0x30, 0x82, 0x01, 0x00, 1]).unwrap_err(), Malformed::CutOff { missing: 255 });
        assert_eq!(read(&[]).unwrap_err(), Malformed::CutOff { missing: 2 });
        assert_eq!(read(&[0x02, 0x01, 0x05, 0x00]).unwrap_err(), Malformed::Trailing { count: 1 });
    }

    #[test]
    fn depth_is_bounded() {
        let hostile = [0x30, 0x80].repeat(100_000);
        assert_eq!(read(&hostile).unwrap_err(), Malformed::Deep);
    }
}
