//! Which versions of a certificate there are, and which of them are worth reading.

use azure_core::time::OffsetDateTime;
use azure_security_keyvault_certificates::ResourceExt as _;
use azure_security_keyvault_certificates::models::CertificateProperties;

/// A version as a list of versions shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// 32 hex digits.
    pub(super) id: String,
    pub(super) enabled: bool,
    created: OffsetDateTime,
    ends: Option<OffsetDateTime>,
}

/// Why a version that the manifest pins cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unpinned {
    Missing,
    Disabled,
}

impl Version {
    /// `None` for what has no version in its address.
    pub(super) fn read(properties: &CertificateProperties) -> Option<Self> {
        let attributes = properties.attributes.clone().unwrap_or_default();
        Some(Self {
            id: properties.resource_id().ok()?.version?,
            // What does not say otherwise is enabled; a version that is still being made says so.
            enabled: attributes.enabled != Some(false),
            created: attributes.created.unwrap_or(OffsetDateTime::UNIX_EPOCH),
            ends: attributes.expires,
        })
    }
}

/// The enabled versions, oldest first: all of them, or those up to the pinned one.
///
/// Vaults say when a version was made to the second. Two of one second stand in the order of their ids, which is no
/// order in time, but always the same.
pub(super) fn usable(mut versions: Vec<Version>, pinned: Option<&str>) -> Result<Vec<Version>, Unpinned> {
    versions.sort_by(|one, other| (one.created, &one.id).cmp(&(other.created, &other.id)));
    if let Some(pinned) = pinned {
        let place = versions.iter().position(|version| version.id.eq_ignore_ascii_case(pinned));
        let place = place.ok_or(Unpinned::Missing)?;
        if !versions[place].enabled {
            return Err(Unpinned::Disabled);
        }
        versions.truncate(place + 1);
    }
    versions.retain(|version| version.enabled);
    Ok(versions)
}

/// Those that are worth reading, in the same order: the newest, and those that had not ended when it was made.
///
/// No clock is needed for this, and a name that was renewed for years costs two or three requests.
pub(super) fn worth_reading(mut usable: Vec<Version>) -> Vec<Version> {
    let Some(newest) = usable.pop() else { return usable };
    usable.retain(|version| version.ends.is_none_or(|ends| ends > newest.created));
    usable.push(newest);
    usable
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str, created: i64, ends: i64) -> Version {
        let at = |second| OffsetDateTime::from_unix_timestamp(second).unwrap();
        Version { id: id.to_owned(), enabled: true, created: at(created), ends: Some(at(ends)) }
    }

    fn ids(versions: &[Version]) -> Vec<&str> {
        versions.iter().map(|version| version.id.as_str()).collect()
    }

    #[test]
    fn versions_stand_in_the_order_they_were_made() {
        let off = Version { enabled: false, ..version("d", 40, 99) };
        let all = vec![version("c", 30, 99), off, version("b", 10, 99), version("a", 30, 99)];
        assert_eq!(ids(&usable(all.clone(), None).unwrap()), ["b", "a", "c"]);
        assert_eq!(ids(&usable(all.clone(), Some("A")).unwrap()), ["b", "a"]);
        assert_eq!(usable(all.clone(), Some("d")), Err(Unpinned::Disabled));
        assert_eq!(usable(all, Some("e")), Err(Unpinned::Missing));
        assert_eq!(usable(Vec::new(), None), Ok(Vec::new()));
    }

    #[test]
    fn what_had_ended_when_the_newest_was_made_is_not_read() {
        let mut all: Vec<Version> =
            (0..100).map(|year| version(&format!("{year:03}"), year * 360, year * 360 + 365)).collect();
        assert_eq!(ids(&worth_reading(all.clone())), ["098", "099"]);
        let endless = Version { ends: None, ..version("endless", 0, 0) };
        all.insert(0, endless);
        assert_eq!(ids(&worth_reading(all)), ["endless", "098", "099"]);
        // The newest is read even where it has ended long ago.
        assert_eq!(ids(&worth_reading(vec![version("only", 10, 5)])), ["only"]);
        assert!(worth_reading(Vec::new()).is_empty());
    }
}
