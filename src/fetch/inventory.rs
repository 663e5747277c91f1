//! All applications of the tenant, page by page.

use serde_json::Value as Json;

use crate::graph::Reader;
use crate::kinds::wire;
use crate::model::{ListedApplication, ListedCredential};

use super::{FetchError, form};

/// A page of 999 is the largest. Lists with `keyCredentials` are limited to 150 requests a minute for a whole tenant, which is
/// 150,000 applications; whoever is told to wait waits as for everything else.
/// <https://learn.microsoft.com/graph/api/application-get>
const ALL: &str = "/applications?$select=id,appId,displayName,uniqueName,createdDateTime,tags,keyCredentials,\
                   passwordCredentials&$top=999";

/// Has `take` look at every application of the tenant, of which no more than a page is held at once.
pub async fn inventory(reader: &Reader, mut take: impl FnMut(ListedApplication)) -> Result<(), FetchError> {
    let mut unreadable = None;
    let page = |page: Vec<Json>| {
        for json in &page {
            match wire::application(json) {
                Ok(application) => take(listed(application)),
                Err(error) => unreadable = unreadable.take().or(Some(error)),
            }
        }
    };
    reader.page_by_page(ALL, page).await?;
    unreadable.map_or(Ok(()), |error| Err(form("an application")(error)))
}

fn listed(application: crate::model::ObservedApplication) -> ListedApplication {
    let certificates = application.key_credentials.into_iter().map(|credential| ListedCredential {
        kind: "certificate",
        key_id: credential.key_id,
        display_name: credential.display_name,
        start: credential.start,
        end: credential.end,
    });
    let secrets = application.password_credentials.into_iter().map(|secret| ListedCredential {
        kind: "secret",
        key_id: secret.key_id,
        display_name: secret.display_name,
        start: secret.start,
        end: secret.end,
    });
    ListedApplication {
        id: application.id,
        app_id: application.app_id,
        display_name: application.display_name,
        unique_name: Some(application.unique_name).filter(|name| !name.is_empty()),
        created: application.created,
        tags: application.tags,
        estate: None,
        credentials: certificates.chain(secrets).collect(),
    }
}
