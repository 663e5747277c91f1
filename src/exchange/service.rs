//! A service that runs cmdlets, whoever asks and whatever the organization.

use std::sync::Arc;

use crate::patience::Patience;
use crate::transport::{TokenSource, Transport};

use super::AdminEndpoint;

/// Exchange Online or Security & Compliance of one cloud.
#[derive(Clone)]
pub struct Service {
    transport: Arc<dyn Transport>,
    /// With its scheme; what tokens are for.
    resource: String,
    patience: Patience,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Service {{ resource: {:?} }}", self.resource)
    }
}

impl Service {
    /// `resource` is its address, such as `https://outlook.office365.com`. `transport` has to lead there and to the hosts one
    /// label below it, by which regions are told apart.
    pub fn new(transport: Arc<dyn Transport>, resource: &str, patience: Patience) -> Self {
        Self { transport, resource: resource.to_owned(), patience }
    }

    /// What tokens for it are for.
    pub fn resource(&self) -> &str {
        &self.resource
    }

    /// Where whoever `token` is of runs cmdlets in one organization.
    pub fn of_tenant(&self, tenant_id: &str, token: TokenSource) -> AdminEndpoint {
        let host = self.resource.trim_start_matches("https://");
        AdminEndpoint::new(Arc::clone(&self.transport), token, host, tenant_id, self.patience.clone())
    }
}
