//! What Graph returns for a `customAppScope`.

use serde::Deserialize;
use serde_json::Value as Json;

use crate::model::ObservedExchangeScope;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    id: String,
    display_name: Option<String>,
    #[serde(default)]
    custom_attributes: Option<Attributes>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    recipient_filter: Option<String>,
    exclusive: Option<bool>,
}

pub fn exchange_scope(json: &Json) -> Result<ObservedExchangeScope, serde_json::Error> {
    let Wire { id, display_name, custom_attributes } = Wire::deserialize(json)?;
    let Attributes { recipient_filter, exclusive } = custom_attributes.unwrap_or_default();
    Ok(ObservedExchangeScope {
        id,
        display_name: display_name.unwrap_or_default(),
        recipient_filter: recipient_filter.unwrap_or_default(),
        is_exclusive: exclusive.unwrap_or(false),
    })
}
