//! Query options over real HTTP: filters, order, search, counts, pages, and what is expanded.

use super::client::*;
use accredit::emulator::Emulator;
use reqwest::Method;
use serde_json::{Value, json};

const EVENTUAL: [(&str, &str); 1] = [("ConsistencyLevel", "eventual")];

async fn advanced(client: &Client, path: &str) -> Answer {
    client.send(Method::GET, path, None, &EVENTUAL).await
}

fn texts(answer: &Answer, name: &str) -> Vec<String> {
    let values = answer.body["value"].as_array().unwrap_or_else(|| panic!("{}", answer.body));
    values.iter().map(|value| value[name].as_str().unwrap_or_default().to_owned()).collect()
}

/// Five applications, of which the first has an owner and a federated credential.
async fn five(emulator: &Emulator, client: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    let zoe = client.get(&format!("/users/zoe.howard@{DOMAIN}")).await.body["id"].clone();
    for (number, name) in ["Echo", "alpha", "Delta", "bravo", "Charlie"].into_iter().enumerate() {
        let mut body = json!({
            "displayName": name, "tags": ["five", format!("n{number}")],
            "info": { "termsOfServiceUrl": format!("https://terms/{number}") },
        });
        if number == 0 {
            let owner = format!("{}/v1.0/directoryObjects/{}", emulator.url(), zoe.as_str().unwrap());
            body["owners@odata.bind"] = json!([owner]);
            body["keyCredentials"] = json!([Certificate::new().credential()]);
        }
        let made = client.post("/applications", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        ids.push(made.body["id"].as_str().unwrap().to_owned());
    }
    let credential = json!({
        "name": "one", "issuer": "https://issuer", "subject": "s", "audiences": ["api://AzureADTokenExchange"],
    });
    let made = client.post(&format!("/applications/{}/federatedIdentityCredentials", ids[0]), credential).await;
    assert_eq!(made.status, 201, "{}", made.body);
    ids
}

#[tokio::test]
async fn filters_beyond_the_default_need_an_advanced_query() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    five(&emulator, &client).await;
    let only = "tags/any(t:t eq 'five')";
    for (filter, found) in [
        ("owners/$count eq 1", vec!["Echo"]),
        ("displayName ne 'Echo' and startswith(displayName,'e')", vec![]),
        ("not startswith(displayName,'b') and not(displayName in ('alpha','delta'))", vec!["Charlie", "Echo"]),
        ("keyCredentials/any(k:k/endDateTime lt 2041-01-01T00:00:00Z)", vec!["Echo"]),
        ("info/termsOfServiceUrl eq 'https://TERMS/3'", vec!["bravo"]),
    ] {
        let path = format!("/applications?$filter={only} and {filter}&$select=displayName");
        assert_eq!(client.get(&path).await.said(), (400, "Request_UnsupportedQuery"), "{path}");
        assert_eq!(advanced(&client, &path).await.status, 400, "without $count: {path}");
        let mut names = texts(&advanced(&client, &format!("{path}&$count=true")).await, "displayName");
        names.sort();
        assert_eq!(names, found, "{filter}");
    }
    let zoe = client.get(&format!("/users/zoe.howard@{DOMAIN}")).await.body["id"].clone();
    let owned = format!("/applications?$count=true&$filter=owners/any(o:o/id eq '{}')", zoe.as_str().unwrap());
    assert_eq!(texts(&advanced(&client, &owned).await, "displayName"), ["Echo"]);
    // A count that was not asked for eventually is silently left out.
    let counted = client.get("/applications?$count=true&$top=1").await;
    assert_eq!((counted.status, &counted.body["@odata.count"]), (200, &Value::Null));
}

#[tokio::test]
async fn lists_are_sorted_searched_and_counted() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    five(&emulator, &client).await;
    let only = "$filter=tags/any(t:t eq 'five')&$count=true";
    let sorted = advanced(&client, &format!("/applications?{only}&$orderby=displayName")).await;
    assert_eq!(texts(&sorted, "displayName"), ["alpha", "bravo", "Charlie", "Delta", "Echo"]);
    assert_eq!(sorted.body["@odata.count"], 5);
    let first = advanced(&client, &format!("/applications?{only}&$orderby=displayName desc&$top=2")).await;
    assert_eq!(texts(&first, "displayName"), ["Echo", "Delta"]);
    let next = first.body["@odata.nextLink"].as_str().unwrap().split_once("/v1.0").unwrap().1.to_owned();
    assert!(next.contains("&$orderby=displayName+desc&$top=2&$skiptoken=RFNwdA"), "{next}");
    // What is made or deleted in between moves nothing else.
    client.post("/applications", json!({ "displayName": "Zulu", "tags": ["five"] })).await;
    assert_eq!(texts(&advanced(&client, &next).await, "displayName"), ["Charlie", "bravo"]);
    let other = next.replace("displayName+desc", "displayName");
    assert_eq!(advanced(&client, &other).await.said(), (400, "Directory_ExpiredPageToken"));

    let search = r#"/applications?$search="displayName:cha" OR "displayName:del"&$select=displayName"#;
    let refused = client.get(search).await;
    assert_eq!(refused.said(), (400, "Request_UnsupportedQuery"));
    assert!(refused.message().starts_with("Request with $search query parameter only works"));
    let mut found = texts(&advanced(&client, search).await, "displayName");
    found.sort();
    assert_eq!(found, ["Charlie", "Delta"]);

    assert_eq!(client.get("/users?$orderby=displayName").await.status, 200);
    // A list of several kinds keeps its selection from page to page.
    let echo =
        client.get("/applications?$filter=displayName eq 'Echo'&$select=id").await.body["value"][0]["id"].clone();
    let path = format!("/applications/{}/owners", echo.as_str().unwrap());
    let people = client.get("/users?$select=id&$top=3").await;
    for id in texts(&people, "id") {
        let owner = json!({ "@odata.id": format!("{}/v1.0/directoryObjects/{id}", client.url) });
        client.post(&format!("{path}/$ref"), owner).await;
    }
    let first = client.get(&format!("{path}?$select=displayName&$top=1")).await;
    assert_eq!(first.body["value"][0].as_object().unwrap().len(), 2);
    let next = first.body["@odata.nextLink"].as_str().unwrap();
    assert!(next.contains("?$select=displayName&$top=1&$skiptoken="), "{next}");
    for path in ["/applications?$orderby=displayName", "/users?$orderby=displayName&$filter=accountEnabled eq true"] {
        let refused = client.get(path).await;
        assert_eq!(refused.message(), "Sorting not supported for current query.");
    }
}

#[tokio::test]
async fn a_count_is_plain_text() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let ids = five(&emulator, &client).await;
    let number = async |path: &str| {
        let answer = advanced(&client, path).await;
        assert_eq!((answer.status, answer.headers["content-type"].to_str().unwrap()), (200, "text/plain"), "{path}");
        answer.body.as_u64().unwrap()
    };
    assert_eq!(number("/applications/$count?$filter=tags/any(t:t eq 'five')").await, 5);
    assert_eq!(number("/applications/$count?$filter=tags/any(t:t eq 'five') and displayName ne 'Echo'").await, 4);
    assert_eq!(number(&format!("/applications/{}/owners/$count", ids[0])).await, 1);
    assert!(number("/roleManagement/directory/roleDefinitions/$count").await > 100);
    let refused = client.get("/applications/$count").await;
    assert_eq!(
        (refused.said(), refused.message()),
        ((400, "Request_BadRequest"), "$count is not currently supported.")
    );
    assert_eq!(advanced(&client, &format!("/applications/{}/$count", ids[0])).await.status, 400);
    let posted = client.send(Method::POST, "/applications/$count", Some(json!({})), &EVENTUAL).await;
    assert_eq!(posted.status, 405);
}

#[tokio::test]
async fn what_an_object_is_connected_with_can_be_expanded() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let ids = five(&emulator, &client).await;
    let listed = client.get("/applications?$filter=displayName eq 'Echo'&$expand=owners&$select=id").await;
    assert!(listed.body["@odata.context"].as_str().unwrap().ends_with("#applications(id,owners())"));
    let object = &listed.body["value"][0];
    assert_eq!(object.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "owners"]);
    assert_eq!(object["owners"][0]["@odata.type"], "#microsoft.graph.user");
    let path = format!("/applications/{}", ids[0]);
    let nested = client.get(&format!("{path}?$expand=owners($select=id,userPrincipalName)")).await;
    assert!(nested.body["@odata.context"].as_str().unwrap().ends_with("(owners(id,userPrincipalName))/$entity"));
    let owner = nested.body["owners"][0].as_object().unwrap();
    assert_eq!(owner.keys().collect::<Vec<_>>(), ["@odata.type", "id", "userPrincipalName"]);
    let credentials = client.get(&format!("{path}?$expand=federatedIdentityCredentials")).await;
    assert_eq!(credentials.body["federatedIdentityCredentials"][0]["name"], "one");
    assert_eq!(client.get(&format!("/applications/{}?$expand=owners", ids[1])).await.body["owners"], json!([]));

    let assignment = client.get("/roleManagement/directory/roleAssignments?$expand=principal").await;
    assert_eq!(assignment.status, 200, "{}", assignment.body);
    let operator = emulator.operator();
    let principal =
        client.get(&format!("/servicePrincipals(appId='{}')?$expand=appRoleAssignments", operator.client_id)).await;
    assert_eq!(principal.body["appRoleAssignments"].as_array().unwrap().len(), 14, "{}", principal.body);
    let graph = resource(&client, GRAPH).await;
    let assigned = client.get(&format!("/servicePrincipals/{graph}?$expand=appRoleAssignedTo&$select=id")).await;
    assert_eq!(assigned.body["appRoleAssignedTo"].as_array().unwrap().len(), 13);
    let user = client.get(&format!("/users/zoe.howard@{DOMAIN}?$expand=ownedObjects($select=displayName)")).await;
    assert_eq!(user.body["ownedObjects"][0]["displayName"], "Echo", "{}", user.body);

    for (expand, message) in [
        ("owners,federatedIdentityCredentials", "contained at least 2 items, but the maximum allowed is 1."),
        ("nonsense", "Could not find a property named 'nonsense' on type 'microsoft.graph.application'."),
        ("web", "is not a navigation property"),
        (
            "owners($select=nonsense)",
            "Could not find a property named 'nonsense' on type 'microsoft.graph.directoryObject'.",
        ),
        ("owners(", "is not valid in a $select or $expand expression."),
    ] {
        let refused = client.get(&format!("{path}?$expand={expand}")).await;
        assert_eq!(refused.said(), (400, "BadRequest"), "{expand}");
        assert!(refused.message().contains(message), "{}", refused.message());
    }
}

#[tokio::test]
async fn a_selection_names_properties_members_and_each_once() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    let ids = five(&emulator, &client).await;
    let path = format!("/applications/{}?$select=", ids[3]);
    let chosen = client.get(&format!("{path}displayName, ID,displayname,info/termsOfServiceUrl,owners")).await;
    let context = chosen.body["@odata.context"].as_str().unwrap();
    assert!(context.ends_with("#applications(displayName,id,info/termsOfServiceUrl,owners)/$entity"), "{context}");
    assert_eq!(chosen.body["info"], json!({ "termsOfServiceUrl": "https://terms/3" }));
    assert_eq!(chosen.body.as_object().unwrap().len(), 4, "{}", chosen.body);
    // What no default answer shows is there when it is asked for.
    let more = client.get(&format!("{path}isDisabled,oauth2RequirePostResponse")).await;
    assert_eq!((&more.body["isDisabled"], &more.body["oauth2RequirePostResponse"]), (&Value::Null, &json!(false)));
    for (select, message) in [
        ("nonsense", "Could not find a property named 'nonsense'"),
        ("info/nonsense", "Could not find a property named 'nonsense'"),
        ("@odata.type", "Term '@odata.type' is not valid in a $select or $expand expression."),
        ("id,,appId", "Term '' is not valid"),
    ] {
        let refused = client.get(&format!("{path}{select}")).await;
        assert_eq!(refused.said(), (400, "BadRequest"));
        assert!(refused.message().contains(message), "{}", refused.message());
    }
}

#[tokio::test]
async fn options_that_are_none_are_refused() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    for (options, said) in [
        ("$skip=5", (400, "Request_BadRequest")),
        ("$top=0", (400, "Request_UnsupportedQuery")),
        ("$top=-1", (400, "BadRequest")),
        ("$top=many", (400, "BadRequest")),
        ("$count=perhaps", (400, "BadRequest")),
        ("$apply=x", (400, "BadRequest")),
        ("nonsense=x", (400, "BadRequest")),
        ("$select=id&$select=appId", (400, "BadRequest")),
        ("$skiptoken=x", (400, "Directory_ExpiredPageToken")),
        ("$format=xml", (400, "BadRequest")),
        ("$orderby=nonsense", (400, "BadRequest")),
    ] {
        assert_eq!(client.get(&format!("/applications?{options}")).await.said(), said, "{options}");
    }
    assert_eq!(client.get("/applications?$format=json&top=1").await.body["value"].as_array().unwrap().len(), 1);
    let made = client.post("/applications?$select=id", json!({ "displayName": "x" })).await;
    assert_eq!(made.status, 400);
}

/// Worth knowing, and true in a release build only: `cargo test --release --test emulator -- --ignored ten_thousand`.
#[tokio::test]
#[ignore = "makes ten thousand applications and looks at the clock"]
async fn a_page_of_ten_thousand_applications_is_quick() {
    let emulator = start().await;
    let client = Client::operator(&emulator).await;
    for batch in 0..500 {
        let requests: Vec<Value> = (0..20)
            .map(|number| {
                json!({ "id": number.to_string(), "method": "POST", "url": "/applications",
                        "headers": { "Content-Type": "application/json" },
                        "body": { "displayName": format!("Application {batch} {number}"), "tags": ["one", "two"] } })
            })
            .collect();
        assert_eq!(client.post("/$batch", json!({ "requests": requests })).await.status, 200);
    }
    for path in [
        "/applications?$top=999",
        "/applications?$top=999&$select=id,displayName",
        "/applications?$top=999&$filter=tags/any(t:t eq 'two')&$count=true",
        "/applications?$top=999&$orderby=displayName&$count=true",
        "/applications?$filter=displayName eq 'application 7 7'",
        "/applications?$top=999&$expand=owners",
        "/applications?$search=\"displayName:appl 17\"&$count=true",
        "/applications/$count",
    ] {
        let mut best = std::time::Duration::MAX;
        for _ in 0..7 {
            let before = std::time::Instant::now();
            let answer = client
                .http
                .get(format!("{}/v1.0{path}", client.url))
                .bearer_auth(&client.token)
                .header("ConsistencyLevel", "eventual")
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            let size = answer.bytes().await.unwrap().len();
            best = best.min(before.elapsed());
            assert!(size > 0);
        }
        println!("{best:?} {path}");
    }
}
