//! Delta queries: everything first, then what changed.

use super::client::*;
use accredit::emulator::{self, Options};
use serde_json::{Value, json};

async fn follow(client: &Client, address: &str) -> Answer {
    let answer = Answer::read(client.http.get(address).bearer_auth(&client.token).send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer
}

/// All pages from this address: the objects and the delta link.
async fn round(client: &Client, address: String) -> (Vec<Value>, String) {
    let (mut objects, mut address) = (Vec::new(), address);
    loop {
        let page = follow(client, &address).await.body;
        objects.extend(page["value"].as_array().unwrap().clone());
        if let Some(link) = page["@odata.deltaLink"].as_str() {
            return (objects, link.to_owned());
        }
        page["@odata.nextLink"].as_str().unwrap().clone_into(&mut address);
    }
}

#[tokio::test]
async fn a_delta_link_brings_only_what_changed_since() {
    let options = Options { now: Some(NOW.parse().unwrap()), page_size: 2, ..Options::new(DOMAIN) };
    let emulator = emulator::start(options).await.unwrap();
    let client = Client::operator(&emulator).await;
    let mut made = Vec::new();
    for number in 0..4 {
        let answer = client.post("/applications", json!({ "displayName": format!("Delta {number}") })).await;
        made.push(answer.body["id"].as_str().unwrap().to_owned());
    }
    let start = format!("{}/v1.0/applications/delta?$select=displayName", client.url);
    let (all, link) = round(&client, start).await;
    assert_eq!(all.len(), 5);
    assert!(all.iter().all(|object| object.as_object().unwrap().len() == 2));
    let (nothing, link) = round(&client, link).await;
    assert_eq!(nothing, [] as [Value; 0]);

    client.patch(&format!("/applications/{}", made[0]), json!({ "displayName": "Renamed" })).await;
    client.delete(&format!("/applications/{}", made[1])).await;
    client.delete(&format!("/applications/{}", made[2])).await;
    client.delete(&format!("/directory/deletedItems/{}", made[2])).await;
    let (changed, link) = round(&client, link).await;
    let of = |id: &str| changed.iter().find(|object| object["id"] == id).unwrap().clone();
    assert_eq!(changed.len(), 3);
    assert_eq!(of(&made[0])["displayName"], "Renamed");
    assert_eq!(of(&made[1])["@removed"]["reason"], "changed");
    assert_eq!(of(&made[2])["@removed"]["reason"], "deleted");
    assert_eq!(client.get(&format!("/directory/deletedItems/{}", made[2])).await.status, 404);

    client.post(&format!("/directory/deletedItems/{}/restore", made[1]), json!({})).await;
    let (changed, _) = round(&client, link).await;
    assert_eq!(changed, [json!({ "id": made[1], "displayName": "Delta 1" })]);

    let latest = client.get("/servicePrincipals/delta?$deltatoken=latest").await.body;
    assert_eq!(latest["value"], json!([]));
    client
        .post(
            "/servicePrincipals",
            json!({ "appId": client.get(&format!("/applications/{}", made[3])).await.body["appId"] }),
        )
        .await;
    let (changed, _) = round(&client, latest["@odata.deltaLink"].as_str().unwrap().to_owned()).await;
    assert_eq!(changed.len(), 1);
    let refused = client.get("/applications/delta?$deltatoken=nonsense").await;
    assert_eq!(refused.said(), (400, "Directory_ExpiredPageToken"));
}
