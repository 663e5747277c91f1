//! What an application is for: the least that does it.

use clap::ValueEnum;

/// What the first application of a manifest is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Purpose {
    /// Cmdlets of Exchange Online that read, and none that write.
    ExchangeRead,
    /// All of Exchange Online, as an Exchange Administrator.
    ExchangeAdmin,
    /// The mail of some mailboxes by Microsoft Graph, to read.
    GraphMail,
    /// The users of the tenant by Microsoft Graph, to read.
    GraphUsers,
    /// Chosen sites of SharePoint by Microsoft Graph.
    SharepointSites,
    /// The audit log by Microsoft Graph, to read.
    AuditLog,
    /// A certificate to sign in with, and no permission at all.
    SignIn,
}

impl Purpose {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ExchangeRead => "exchange-read",
            Self::ExchangeAdmin => "exchange-admin",
            Self::GraphMail => "graph-mail",
            Self::GraphUsers => "graph-users",
            Self::SharepointSites => "sharepoint-sites",
            Self::AuditLog => "audit-log",
            Self::SignIn => "sign-in",
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::ExchangeRead => "cmdlets of Exchange Online that read",
            Self::ExchangeAdmin => "all of Exchange Online",
            Self::GraphMail => "the mail of some mailboxes, to read",
            Self::GraphUsers => "the users of the tenant, to read",
            Self::SharepointSites => "chosen sites of SharePoint",
            Self::AuditLog => "the audit log, to read",
            Self::SignIn => "a certificate and no permission",
        }
    }

    /// What stands in the manifest, indented for an application.
    pub(super) fn access(self) -> &'static str {
        match self {
            Self::ExchangeRead => {
                "    permissions:
      # To connect at all. What may be done then is said below.
      - api: Office 365 Exchange Online
        application: [Exchange.ManageAsApp]
    # No directory role: those of Exchange's own below allow less than the least of them. Whether they let a script in at
    # Connect-ExchangeOnline Microsoft does not document; `accredit verify` proves it. Otherwise: `roles: [Global Reader]`.
    roles: []
    exchange:
      roles: [View-Only Recipients, View-Only Configuration]
"
            }
            Self::ExchangeAdmin => {
                "    permissions:
      # To connect at all. What may be done then is said by the role.
      - api: Office 365 Exchange Online
        application: [Exchange.ManageAsApp]
    roles:
      # Everything in Exchange, every mailbox included. `accredit init --for exchange-read` writes something smaller.
      - role: Exchange Administrator
        justification: Say here which script needs it
"
            }
            Self::GraphMail => {
                "    # Nothing from Entra: `Mail.Read` consented there would reach every mailbox, whatever is said below.
    permissions: []
    roles: []
    exchange:
      roles:
        - role: Application Mail.Read
          # These mailboxes alone. Or `group`, `user`, `administrativeUnit`: docs/manifest.md.
          scope: { recipientFilter: \"CustomAttribute1 -eq 'reports'\" }
"
            }
            Self::GraphUsers => {
                "    permissions:
      - api: Microsoft Graph
        application: [User.Read.All]
    roles: []
"
            }
            Self::SharepointSites => {
                "    permissions:
      # No site by itself: an administrator then gives the application each of them, to read or to write.
      - api: Microsoft Graph
        application: [Sites.Selected]
    roles: []
"
            }
            Self::AuditLog => {
                "    permissions:
      - api: Microsoft Graph
        application: [AuditLogsQuery.Read.All]
    roles: []
"
            }
            Self::SignIn => {
                "    permissions: []
    roles: []
"
            }
        }
    }
}
