//! Reading Graph. Nothing here can write: printing a plan never builds a [`super::Writer`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

use crate::catalog::least_privilege;

use super::exchange::Outgoing;
use super::{Client, GraphError, batch};

#[derive(Clone, Debug)]
pub struct Reader {
    client: Client,
    /// What was asked for: forms of requests, not single ones.
    reads: Arc<Mutex<BTreeSet<String>>>,
}

impl Reader {
    /// How often what should be there is looked for once more.
    const LOOKS_MORE: usize = 4;

    pub fn new(client: Client) -> Self {
        Self { client, reads: Arc::default() }
    }

    /// What was read so far, as paths of the table of least privilege: what it takes to read the same again.
    pub fn reads(&self) -> BTreeSet<String> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub async fn get(&self, path: &str) -> Result<Json, GraphError> {
        self.note(path);
        let answer = self.client.send(Outgoing::get(path)).await?;
        answer.ok_or_else(|| GraphError::Unreadable {
            method: "GET".to_owned(),
            path: path.to_owned(),
            reason: "the answer is empty".to_owned(),
        })
    }

    /// Remembers what was asked for.
    fn note(&self, path: &str) {
        let form = least_privilege::find("GET", path).map_or(path, |entry| entry.path);
        self.reads.lock().unwrap_or_else(PoisonError::into_inner).insert(form.to_owned());
    }

    /// The object at `path`, or `None` where there is none.
    pub async fn find(&self, path: &str) -> Result<Option<Json>, GraphError> {
        match self.get(path).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The objects at `path`: all of a list, over all its pages, or the one that is there.
    pub async fn all_at(&self, path: &str) -> Result<Vec<Json>, GraphError> {
        match self.find(path).await? {
            Some(page) if page["value"].is_array() => self.rest(path, page).await,
            Some(object) => Ok(vec![object]),
            None => Ok(Vec::new()),
        }
    }

    /// The objects at `paths`, in as few requests as can be; `None` where there is none.
    pub async fn find_all(&self, paths: Vec<String>) -> Result<BTreeMap<String, Option<Json>>, GraphError> {
        if let [path] = paths.as_slice() {
            return Ok(BTreeMap::from([(path.clone(), self.find(path).await?)]));
        }
        for path in &paths {
            self.note(path);
        }
        batch::get_all(&self.client, paths).await
    }

    /// The same of objects that should be there, because others say so: what one replica does not know yet another one may.
    /// What is not found is asked for some more times within seconds.
    pub async fn find_all_expected(&self, paths: Vec<String>) -> Result<BTreeMap<String, Option<Json>>, GraphError> {
        let mut found = self.find_all(paths).await?;
        let mut waits = self.client.patience().propagation_waits().take(Self::LOOKS_MORE);
        loop {
            let open: Vec<String> = found.iter().filter(|(_, it)| it.is_none()).map(|(path, _)| path.clone()).collect();
            if open.is_empty() {
                return Ok(found);
            }
            let Some(wait) = waits.next() else { return Ok(found) };
            if self.client.patience().pause(wait, "what should be there cannot be read yet").await.is_err() {
                return Ok(found);
            }
            found.extend(self.find_all(open).await?);
        }
    }

    /// Every item of each of the lists at `paths`, in as few requests as can be.
    pub async fn list_all(&self, paths: Vec<String>) -> Result<BTreeMap<String, Vec<Json>>, GraphError> {
        let mut lists = BTreeMap::new();
        for (path, first) in self.find_all_expected(paths).await? {
            // What is gone has no list, and an empty one would be a claim: it is asked for by itself, and says so.
            let items = match first {
                Some(page) => self.rest(&path, page).await?,
                None => self.list(&path).await?,
            };
            lists.insert(path, items);
        }
        Ok(lists)
    }

    /// Every item of the list at `path`, over all its pages.
    pub async fn list(&self, path: &str) -> Result<Vec<Json>, GraphError> {
        let first = self.get(path).await?;
        self.rest(path, first).await
    }

    /// The items of a page that was read at `path`, and of all that follow it.
    async fn rest(&self, path: &str, page: Json) -> Result<Vec<Json>, GraphError> {
        let mut items = Vec::new();
        self.pages_from(path, page, &mut |page| items.extend(page)).await?;
        Ok(items)
    }

    /// Every item of the list at `path`, a page at a time, so that no more than a page is ever held.
    pub async fn page_by_page(&self, path: &str, mut take: impl FnMut(Vec<Json>)) -> Result<(), GraphError> {
        let first = self.get(path).await?;
        self.pages_from(path, first, &mut take).await
    }

    async fn pages_from(&self, path: &str, mut page: Json, take: &mut impl FnMut(Vec<Json>)) -> Result<(), GraphError> {
        let mut read = BTreeSet::new();
        let mut next = path.to_owned();
        loop {
            let unreadable = |reason: &str| GraphError::Unreadable {
                method: "GET".to_owned(),
                path: next.clone(),
                reason: reason.to_owned(),
            };
            // An answer that is no list must never pass for an empty one: nothing would seem to exist.
            let Some(Json::Array(values)) = page.get_mut("value").map(Json::take) else {
                return Err(unreadable("the answer is not a list"));
            };
            take(values);
            let Some(link) = page["@odata.nextLink"].as_str() else { return Ok(()) };
            // A token goes only to the host it was meant for.
            let Some(path) = self.client.path_of_link(link) else {
                return Err(unreadable("the link to its next page leads to another host"));
            };
            if !read.insert(path.to_owned()) {
                return Err(unreadable("its pages go round in a circle"));
            }
            next = path.to_owned();
            page = self.get(&next).await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use crate::patience::Patience;
    use crate::transport::{Sending, TokenSource, Transport};

    use super::*;

    /// Gives the same answer to every request.
    struct Always(&'static str);

    impl Transport for Always {
        fn send(&self, _: http::Request<Bytes>) -> Sending<'_> {
            Box::pin(async { Ok(http::Response::new(Bytes::from_static(self.0.as_bytes()))) })
        }
    }

    async fn list(answer: &'static str) -> Result<Vec<Json>, String> {
        let token: TokenSource = Arc::new(|| Box::pin(async { Ok("token".into()) }));
        let client = Client::new(Arc::new(Always(answer)), token, "https://graph.example", Patience::default());
        Reader::new(client).list("/applications").await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn what_is_no_list_never_passes_for_an_empty_one() {
        assert_eq!(list(r#"{"value":[]}"#).await, Ok(Vec::new()));
        for answer in ["{}", "[]", r#"{"value":null}"#, r#"{"value":{}}"#, "1", ""] {
            assert!(list(answer).await.is_err(), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_link_to_another_host_or_in_a_circle_is_not_followed() {
        let elsewhere = list(r#"{"value":[],"@odata.nextLink":"https://evil.example/v1.0/applications"}"#).await;
        assert!(elsewhere.unwrap_err().contains("another host"));
        let circle = list(r#"{"value":[],"@odata.nextLink":"https://graph.example/v1.0/applications?p=2"}"#).await;
        assert!(circle.unwrap_err().contains("in a circle"));
    }
}
