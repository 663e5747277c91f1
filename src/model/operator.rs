//! Who reads and writes the tenant, as far as it is known.

use std::collections::BTreeSet;

/// Who reads and writes the tenant, as the token for Microsoft Graph says it. Such tokens are opaque by contract: any part
/// of this may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// The id of the tenant that the token is of.
    pub tenant: Option<String>,
    /// The object id of its service principal, or of the user.
    pub object_id: Option<String>,
    /// The application that signed in, for itself or for a user.
    pub app_id: Option<String>,
    /// The application's display name, or the user's principal name.
    pub name: Option<String>,
    pub powers: Powers,
}

/// What the token allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Powers {
    /// The token cannot be read.
    #[default]
    Unknown,
    /// An application acts for itself: with its permissions, and with what its directory roles amount to.
    Application {
        permissions: BTreeSet<String>,
        /// Template ids of directory roles for the whole tenant.
        roles: BTreeSet<String>,
    },
    /// An application acts for a user: with what both the application's delegated permissions and the user's own rights
    /// allow.
    User { scopes: BTreeSet<String>, roles: BTreeSet<String> },
}
