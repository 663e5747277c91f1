//! Which of several runs an estate belongs to.

use std::fmt;
use std::str::FromStr;

use crate::model::sha256;

/// One of several runs that share the estates out among themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Counted from 1.
    pub number: u32,
    pub of: u32,
}

/// A text that names no shard.
#[derive(Debug, thiserror::Error)]
#[error("write a number and how many there are, such as `3/16`; the first is `1/16`")]
pub struct InvalidShard;

impl Shard {
    /// A shard that there is.
    pub fn new(number: u32, of: u32) -> Result<Self, InvalidShard> {
        if (1..=of).contains(&number) { Ok(Self { number, of }) } else { Err(InvalidShard) }
    }

    /// Whether an estate belongs to this run. That depends on its tenant and its name alone, so an estate stays where it is
    /// when others come and go.
    pub fn takes(self, tenant: &str, estate: &str) -> bool {
        let digest = sha256(&format!("{}\n{estate}", tenant.to_lowercase()));
        let number = digest.get(..15).and_then(|digits| u64::from_str_radix(digits, 16).ok()).unwrap_or_default();
        number % u64::from(self.of) + 1 == u64::from(self.number)
    }
}

impl FromStr for Shard {
    type Err = InvalidShard;

    fn from_str(text: &str) -> Result<Self, InvalidShard> {
        let (number, of) = text.split_once('/').ok_or(InvalidShard)?;
        let read = |text: &str| text.trim().parse().map_err(|_| InvalidShard);
        Self::new(read(number)?, read(of)?)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use super::*;

    #[test]
    fn every_estate_belongs_to_one_shard_whatever_the_case_of_its_tenant() {
        let mut sizes = [0; 16];
        for number in 0..1_600 {
            let tenant = format!("tenant{number}.onmicrosoft.com");
            let takers: Vec<u32> = (1..=16).filter(|it| Shard::new(*it, 16).unwrap().takes(&tenant, "x")).collect();
            let [only] = takers.as_slice() else { panic!("{tenant}: {takers:?}") };
            assert!(Shard::new(*only, 16).unwrap().takes(&tenant.to_uppercase(), "x"));
            sizes[usize::try_from(*only).unwrap() - 1] += 1;
        }
        assert!(sizes.iter().all(|size| (60..=140).contains(size)), "{sizes:?}");
    }

    #[test]
    fn a_tenant_stays_in_its_shard_from_one_version_to_the_next() {
        // Another number here breaks runs that are under way.
        let number =
            (1..=16).find(|it| Shard::new(*it, 16).unwrap().takes("contoso.onmicrosoft.com", "messaging-team"));
        assert_eq!(number, Some(SHARD_OF_CONTOSO));
    }

    const SHARD_OF_CONTOSO: u32 = 3;

    #[test]
    fn shards_are_counted_from_one() {
        assert_eq!("3/16".parse::<Shard>().unwrap().to_string(), "3/16");
        for text in ["0/16", "17/16", "3", "a/b", "-1/2", "1/0", ""] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }
}
