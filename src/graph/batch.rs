//! Many reads in few requests. Each read has an answer of its own; only those that Graph did not serve are asked for again.
//! <https://learn.microsoft.com/graph/json-batching>

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::{Value as Json, json};

use super::encode::without_spaces;
use super::exchange::{BETA, Outgoing};
use super::{Client, GraphError};

/// Graph takes no more in one.
const MOST: usize = 20;
/// Batches under way at once.
const AT_ONCE: usize = 4;
const PATH: &str = "/$batch";
const BETA_PATH: &str = "/beta/$batch";

/// What each path was answered with, or the first refusal that is not a 404; `None` is what does not exist.
pub(super) async fn get_all(client: &Client, paths: Vec<String>) -> Result<BTreeMap<String, Option<Json>>, GraphError> {
    // A batch is of one version.
    let (beta, v1): (Vec<String>, Vec<String>) = paths.into_iter().partition(|path| path.starts_with(BETA));
    let batches: Vec<Vec<String>> = v1.chunks(MOST).chain(beta.chunks(MOST)).map(<[String]>::to_vec).collect();
    let answered: Vec<BTreeMap<String, Option<Json>>> =
        stream::iter(batches).map(|batch| one_batch(client, batch)).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(answered.into_iter().flatten().collect())
}

async fn one_batch(client: &Client, mut open: Vec<String>) -> Result<BTreeMap<String, Option<Json>>, GraphError> {
    let mut answered = BTreeMap::new();
    let mut failures = 0;
    while !open.is_empty() {
        let answers = send(client, &open).await?;
        failures += 1;
        let mut again = Vec::new();
        let mut longest = Duration::ZERO;
        let mut last = None;
        for (path, answer) in open.into_iter().zip(answers) {
            match client.judged(&path, &answer, failures) {
                Ok(json) => {
                    answered.insert(path, json);
                }
                Err((error, _)) if error.is_not_found() => {
                    answered.insert(path, None);
                }
                Err((error, Some(wait))) => {
                    longest = longest.max(wait);
                    last = Some(error);
                    again.push(path);
                }
                Err((error, None)) => return Err(error),
            }
        }
        if let Some(error) = last {
            let why = error.in_brief();
            client.wait(longest, &why, Outgoing::get(PATH), &mut Some(error)).await?;
        }
        open = again;
    }
    Ok(answered)
}

/// Sends one batch; gives the answers in the order of the paths.
async fn send(client: &Client, paths: &[String]) -> Result<Vec<http::Response<Bytes>>, GraphError> {
    let is_beta = paths.first().is_some_and(|path| path.starts_with(BETA));
    let requests: Vec<Json> = paths
        .iter()
        .map(|path| path.strip_prefix(BETA.trim_end_matches('/')).unwrap_or(path))
        .enumerate()
        .map(|(id, path)| json!({ "id": id.to_string(), "method": "GET", "url": without_spaces(path) }))
        .collect();
    let body = json!({ "requests": requests });
    let weight = u32::try_from(paths.len()).unwrap_or(u32::MAX);
    let outgoing =
        Outgoing { method: "POST", body: Some(&body), weight, ..Outgoing::get(if is_beta { BETA_PATH } else { PATH }) };
    let mut answer = client.send(outgoing).await?.unwrap_or_default();
    let mut by_id: BTreeMap<String, http::Response<Bytes>> = BTreeMap::new();
    for answer in answer["responses"].as_array_mut().into_iter().flatten() {
        let Some(id) = answer["id"].as_str().map(str::to_owned) else { continue };
        if let Some(read) = response(answer) {
            by_id.insert(id, read);
        }
    }
    let unanswered = || GraphError::Unreadable {
        method: "POST".to_owned(),
        path: PATH.to_owned(),
        reason: "it does not answer every request in it".to_owned(),
    };
    (0..paths.len()).map(|id| by_id.remove(&id.to_string()).ok_or_else(unanswered)).collect()
}

/// One answer in a batch as it would have come by itself.
fn response(answer: &Json) -> Option<http::Response<Bytes>> {
    let status = u16::try_from(answer["status"].as_u64()?).ok()?;
    let mut response = http::Response::builder().status(status);
    for (name, value) in answer["headers"].as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        response = response.header(name, value);
    }
    let body = if answer["body"].is_null() { Bytes::new() } else { answer["body"].to_string().into() };
    response.body(body).ok()
}
