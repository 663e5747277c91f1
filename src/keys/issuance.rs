//! Who issued whom among certificates that lie side by side.

use super::facts;

/// Chains of certificates are not longer.
const MAXIMUM_CHAIN: usize = 10;

/// A certificate with the two names that tie it to others. They are compared before any signature is checked: a bundle
/// of authorities holds hundreds.
pub(super) struct Link<'a> {
    pub(super) der: &'a [u8],
    subject: Vec<u8>,
    issuer: Vec<u8>,
}

impl<'a> Link<'a> {
    /// `None` for what is no certificate.
    pub(super) fn of(der: &'a [u8]) -> Option<Self> {
        let (subject, issuer) = facts::names(der)?;
        Some(Self { der, subject, issuer })
    }

    fn is_issued_by(&self, other: &Self) -> bool {
        self.issuer == other.subject && facts::is_signed_with_key_of(self.der, other.der)
    }

    /// Whether one of these, other than itself, was issued by this one.
    pub(super) fn issued_one_of(&self, links: &[Self]) -> bool {
        links.iter().any(|other| other.der != self.der && other.is_issued_by(self))
    }

    /// Those that issued it, the nearest first, without itself.
    pub(super) fn chain<'b>(&'b self, links: &'b [Self]) -> Vec<&'b Self> {
        let mut chain: Vec<&Self> = Vec::new();
        while chain.len() < MAXIMUM_CHAIN {
            let last = *chain.last().unwrap_or(&self);
            let is_new = |issuer: &Self| issuer.der != self.der && chain.iter().all(|link| link.der != issuer.der);
            match links.iter().find(|issuer| is_new(issuer) && last.is_issued_by(issuer)) {
                Some(issuer) => chain.push(issuer),
                None => break,
            }
        }
        chain
    }
}
