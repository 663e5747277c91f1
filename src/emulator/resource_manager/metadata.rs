//! The document from which clients learn where a cloud's services are, in each of its forms.
//!
//! Addresses are on the host that the client used. Names that are only ever put into a token request keep their real
//! values, except where clients use the same value as an address: Microsoft Graph and the resource manager itself.
//! The latter lies under `/arm`, so that a token for it can be told from one for Graph.

use serde_json::{Value, json};

/// What tokens for the resource manager may be asked for by.
const AUDIENCES: [&str; 2] = ["https://management.core.windows.net/", "https://management.azure.com/"];

/// The document in the form of a version, `2015-01-01` or later.
pub(super) fn document(origin: &str, version: &str) -> Value {
    if version < "2018-01-01" {
        return json!({
            "galleryEndpoint": format!("{origin}/gallery/"),
            "graphEndpoint": "https://graph.windows.net/",
            "portalEndpoint": format!("{origin}/"),
            "authentication": { "loginEndpoint": format!("{origin}/"), "audiences": AUDIENCES },
        });
    }
    let cloud = cloud(origin);
    if version < "2020-01-01" { json!([cloud]) } else { cloud }
}

fn cloud(origin: &str) -> Value {
    let host = origin.split_once("://").map_or(origin, |(_, host)| host);
    json!({
        "portal": origin,
        "authentication": {
            "loginEndpoint": format!("{origin}/"),
            "audiences": AUDIENCES,
            "tenant": "common",
            "identityProvider": "AAD",
        },
        "media": "https://rest.media.azure.net",
        "graphAudience": "https://graph.windows.net/",
        "graph": format!("{origin}/"),
        "name": "Emulator",
        "suffixes": {
            "azureDataLakeStoreFileSystem": format!("azuredatalakestore.{host}"),
            "acrLoginServer": format!("azurecr.{host}"),
            "sqlServerHostname": format!("database.{host}"),
            "azureDataLakeAnalyticsCatalogAndJob": format!("azuredatalakeanalytics.{host}"),
            "keyVaultDns": format!("vault.{host}"),
            "storage": format!("core.{host}"),
            "azureFrontDoorEndpointSuffix": format!("azurefd.{host}"),
            "storageSyncEndpointSuffix": format!("afs.{host}"),
            "mhsmDns": format!("managedhsm.{host}"),
            "mysqlServerEndpoint": format!("mysql.database.{host}"),
            "postgresqlServerEndpoint": format!("postgres.database.{host}"),
            "mariadbServerEndpoint": format!("mariadb.database.{host}"),
            "synapseAnalytics": format!("dev.azuresynapse.{host}"),
            "attestationEndpoint": format!("attest.{host}"),
        },
        "batch": "https://batch.core.windows.net/",
        "resourceManager": format!("{origin}/arm/"),
        "vmImageAliasDoc": format!("{origin}/arm/aliases.json"),
        "activeDirectoryDataLake": "https://datalake.azure.net/",
        "sqlManagement": "https://management.core.windows.net:8443/",
        "microsoftGraphResourceId": format!("{origin}/"),
        "appInsightsResourceId": "https://api.applicationinsights.io",
        "appInsightsTelemetryChannelResourceId": "https://dc.applicationinsights.azure.com/v2/track",
        "attestationResourceId": "https://attest.azure.net",
        "synapseAnalyticsResourceId": "https://dev.azuresynapse.net",
        "logAnalyticsResourceId": "https://api.loganalytics.io",
        "ossrDbmsResourceId": "https://ossrdbms-aad.database.windows.net",
        "gallery": format!("{origin}/gallery/"),
    })
}
