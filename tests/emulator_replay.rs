//! Recorded exchanges with the real service, replayed: status, error code, context and property names must agree.
//!
//! `interop/recorded.jsonl` holds what was asked and the shape of what came back. Ids of the recording stand in braces.

#![allow(clippy::unwrap_used, reason = "a failed step is a failed test")]

use std::collections::{BTreeMap, BTreeSet};

use accredit::emulator::{self, Options};
use serde_json::{Value, json};

/// Properties that the service has added since the recording; an older answer may lack them.
const LATER: [&str; 6] = [
    "nativeAuthenticationApisEnabled",
    "uniqueName",
    "samlMetadataUrl",
    "servicePrincipalLockConfiguration",
    "requestSignatureVerification",
    "redirectUriSettings",
];

fn names(object: &Value) -> BTreeSet<String> {
    let members = object.as_object().into_iter().flatten();
    members
        .map(|(name, _)| name.clone())
        .filter(|name| !name.starts_with('@') && !LATER.contains(&name.as_str()))
        .collect()
}

fn fill(text: &str, known: &BTreeMap<String, String>) -> String {
    known.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

#[tokio::test]
async fn recorded_exchanges_come_out_as_recorded() {
    let steps: Vec<Value> =
        include_str!("interop/recorded.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let scenarios: BTreeSet<&str> = steps.iter().map(|step| step["scenario"].as_str().unwrap()).collect();
    for scenario in scenarios {
        let steps: Vec<&Value> = steps.iter().filter(|step| step["scenario"] == scenario).collect();
        let at = format!("{}T12:00:00Z", steps[0]["at"].as_str().unwrap());
        let options = Options { now: Some(at.parse().unwrap()), ..Options::new("contoso.onmicrosoft.com") };
        let emulator = emulator::start(options).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let call = async |method: &str, path: &str, body: Value| {
            let call = json!({ "method": method, "path": path, "body": body });
            let request = http.post(format!("{}/_emulator/graph", emulator.url())).json(&call);
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let text = response.text().await.unwrap();
            (status, serde_json::from_str::<Value>(&text).unwrap_or_default())
        };
        let mut known = BTreeMap::from([("domain".to_owned(), emulator.domain().to_owned())]);
        let operator = emulator.operator().client_id.as_str();
        for (name, set, app_id) in [
            ("graph", "servicePrincipals", "00000003-0000-0000-c000-000000000000"),
            ("client", "servicePrincipals", operator),
            ("application", "applications", operator),
        ] {
            let (_, found) = call("GET", &format!("/v1.0/{set}(appId='{app_id}')"), Value::Null).await;
            known.insert(name.to_owned(), found["id"].as_str().unwrap().to_owned());
        }
        for step in steps {
            let about = format!("{scenario} step {}", step["step"]);
            let path = fill(step["path"].as_str().unwrap(), &known);
            let body = serde_json::from_str(&fill(&step["body"].to_string(), &known)).unwrap();
            let (status, answer) = call(step["method"].as_str().unwrap(), &path, body).await;
            let expected = &step["expected"];
            assert_eq!(status, expected["status"], "{about}: {answer}");
            if let Some(code) = expected.get("code") {
                assert_eq!(&answer["error"]["code"], code, "{about}");
            }
            for (name, property) in step["captures"].as_object().unwrap() {
                let value = answer[property.as_str().unwrap()].as_str().unwrap().to_owned();
                known.insert(name.clone(), value);
            }
            if let Some(context) = expected["context"].as_str() {
                let context = fill(context, &known);
                assert!(answer["@odata.context"].as_str().unwrap().ends_with(&context), "{about}: {answer}");
            }
            if let Some(count) = expected["count"].as_u64() {
                assert_eq!(answer["value"].as_array().unwrap().len() as u64, count, "{about}");
            }
            // The newest recording is the standard for defaults and for order.
            if let Some(values) = expected["values"].as_object() {
                for (name, value) in values {
                    assert_eq!(&answer[name], value, "{about}: {name}");
                }
                let order: Vec<&String> = answer.as_object().unwrap().keys().skip(1).collect();
                assert_eq!(json!(order), expected["properties"], "{about}");
            }
            if let Some(properties) = expected["properties"].as_array() {
                let have = match answer["value"].get(0) {
                    Some(first) => names(first),
                    None => names(&answer),
                };
                let want: BTreeSet<String> = properties
                    .iter()
                    .filter_map(|name| name.as_str().map(str::to_owned))
                    .filter(|name| !LATER.contains(&name.as_str()))
                    .collect();
                assert_eq!(have, want, "{about}");
            }
        }
    }
}
