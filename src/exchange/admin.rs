//! One cmdlet and its rows, with the token, and with patience where Exchange asks for it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION};
use serde_json::{Value as Json, json};

use crate::patience::{Patience, backoff};
use crate::transport::{TokenSource, Transport, bearer, retry_after};

use super::ExchangeError;

/// How often a request is sent that finds no answer or a busy Exchange.
const TRIES: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Rows on one page.
const PAGE: usize = 1000;

/// The mailbox by which requests of applications find the servers of their organization: the same in every tenant.
const ANCHOR: &str = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

/// Of the module whose requests these are like.
const MODULE_VERSION: &str = "3.9.2";

/// Runs cmdlets in one organization, at Exchange Online or at Security & Compliance.
#[derive(Clone)]
pub struct AdminEndpoint {
    transport: Arc<dyn Transport>,
    token: TokenSource,
    /// The service's host without a scheme, such as `outlook.office365.com`.
    host: String,
    /// The tenant's id.
    tenant_id: String,
    /// The mailbox by which requests find the servers of the organization.
    anchor: String,
    patience: Patience,
    /// The label before `host` of the region that the service sent us to.
    region: Arc<Mutex<Option<String>>>,
}

impl std::fmt::Debug for AdminEndpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AdminEndpoint {{ host: {:?}, tenant_id: {:?} }}", self.host, self.tenant_id)
    }
}

/// What is sent.
#[derive(Clone, Copy)]
struct Outgoing<'a> {
    method: &'a str,
    /// Below the tenant's part of the path, or a link's path and query whole.
    path: &'a str,
    /// For messages.
    cmdlet: &'a str,
    body: Option<&'a Json>,
    repeatable: bool,
}

/// What came back.
struct Answer {
    json: Option<Json>,
    request_id: String,
}

impl AdminEndpoint {
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        token: TokenSource,
        host: &str,
        tenant_id: &str,
        patience: Patience,
    ) -> Self {
        let (host, tenant_id, anchor) = (host.to_owned(), tenant_id.to_owned(), format!("APP:{ANCHOR}@{tenant_id}"));
        Self { transport, token, host, tenant_id, anchor, patience, region: Arc::default() }
    }

    /// The same where the organization goes by its initial domain, as it does at Security & Compliance.
    #[must_use]
    pub fn of_domain(self, initial_domain: &str) -> Self {
        Self { anchor: format!("UPN:{ANCHOR}@{initial_domain}"), ..self }
    }

    /// Runs a cmdlet and gives all its rows, over all pages; where the parameters hold a `ResultSize`, no more than that. Exchange
    /// links to a next page all the same.
    ///
    /// # Errors
    /// What reads is sent again while Exchange is busy; what writes, only when it was certainly not done.
    pub async fn run(&self, cmdlet: &str, parameters: &Json) -> Result<Vec<Json>, ExchangeError> {
        let body = json!({ "CmdletInput": { "CmdletName": cmdlet, "Parameters": parameters } });
        let reads = reads(cmdlet);
        let mut path = format!("/adminapi/beta/{}/InvokeCommand", self.tenant_id);
        let size = &parameters["ResultSize"];
        let size = size.as_u64().or_else(|| size.as_str()?.parse().ok()).and_then(|size| usize::try_from(size).ok());
        let size = size.unwrap_or(usize::MAX);
        let unreadable = |reason: &str, request_id: &str| ExchangeError::Unreadable {
            cmdlet: cmdlet.to_owned(),
            reason: reason.to_owned(),
            request_id: Some(request_id.to_owned()),
        };
        let mut rows = Vec::new();
        let mut read = BTreeSet::new();
        loop {
            let outgoing = Outgoing { method: "POST", path: &path, cmdlet, body: Some(&body), repeatable: reads };
            let Answer { json, request_id } = self.send(outgoing).await?;
            let unreadable = |reason: &str| unreadable(reason, &request_id);
            let (values, next) = page(json, reads).map_err(unreadable)?;
            rows.extend(values);
            rows.truncate(size);
            if rows.len() == size {
                return Ok(rows);
            }
            let Some(link) = next else { return Ok(rows) };
            let next =
                self.path_of_link(&link).ok_or_else(|| unreadable("the next page is said to be at another host"))?;
            if !read.insert(std::mem::replace(&mut path, next)) || read.contains(&path) {
                return Err(unreadable("its pages lead back to one that was read already"));
            }
        }
    }

    /// The names of the cmdlets that the holder of the token may run: the outcome of all its roles.
    pub async fn cmdlets(&self) -> Result<BTreeSet<String>, ExchangeError> {
        const CMDLET: &str = "EXOModuleFile";
        let path = format!("/adminapi/v1.0/{}/{CMDLET}?Version={MODULE_VERSION}", self.tenant_id);
        let outgoing = Outgoing { method: "GET", path: &path, cmdlet: CMDLET, body: None, repeatable: true };
        let Answer { json, request_id } = self.send(outgoing).await?;
        let answer = json.unwrap_or_default();
        // Reading by index takes whatever JSON it is.
        let mut values = answer["value"].as_array().into_iter().flatten().chain([&answer["value"], &answer]);
        let names = values.find_map(|value| value["exportedCmdlets"].as_str()).ok_or_else(|| {
            let reason = "it names no cmdlets".to_owned();
            ExchangeError::Unreadable { cmdlet: CMDLET.to_owned(), reason, request_id: Some(request_id) }
        })?;
        Ok(names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    /// The path of a link, if it leads to this service.
    fn path_of_link(&self, link: &str) -> Option<String> {
        let uri: http::Uri = link.parse().ok()?;
        let host = uri.host()?;
        let is_ours = host == self.host || label_below(host, &self.host).is_some();
        (uri.scheme_str() == Some("https") && is_ours).then(|| uri.path_and_query().map(ToString::to_string))?
    }

    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Answer, ExchangeError> {
        let mut failures = 0;
        loop {
            let (error, asked_for) = match self.send_once(outgoing).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            failures += 1;
            let usual = backoff(FIRST_WAIT, LONGEST_WAIT, failures);
            let again = error.was_not_begun() || (outgoing.repeatable && error.is_passing());
            if !again || failures == TRIES {
                return Err(error);
            }
            if let Err(source) = self.patience.pause(asked_for.unwrap_or(usual), &error.in_brief()).await {
                return Err(ExchangeError::OutOfTime {
                    cmdlet: outgoing.cmdlet.to_owned(),
                    last: Some(Box::new(error)),
                    source,
                });
            }
        }
    }

    /// Sends a request, and once more where the service says that another region's host serves this organization.
    async fn send_once(&self, outgoing: Outgoing<'_>) -> Result<Answer, (ExchangeError, Option<Duration>)> {
        let mut last = None;
        for _ in 0..2 {
            let answer = self.ask(outgoing).await.map_err(|error| (error, None))?;
            let request_id =
                answer.headers().get("client-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
            let request_id = request_id.to_owned();
            let unreadable = |reason: String| {
                let request_id = Some(request_id.clone());
                (ExchangeError::Unreadable { cmdlet: outgoing.cmdlet.to_owned(), reason, request_id }, None)
            };
            let status = answer.status();
            tracing::debug!("Exchange {}: {status}", outgoing.cmdlet);
            if status.is_success() {
                if answer.body().is_empty() {
                    return Ok(Answer { json: None, request_id });
                }
                let json = serde_json::from_slice(answer.body());
                let json = json.map_err(|_| unreadable("the answer is no JSON".to_owned()))?;
                return Ok(Answer { json: Some(json), request_id });
            }
            let region = answer.headers().get(LOCATION).filter(|_| status.is_redirection());
            let location = region.and_then(|location| location.to_str().ok());
            let Some(region) = location.and_then(|location| region_of(location, &self.host)) else {
                if let Some(host) =
                    location.and_then(|location| location.parse::<http::Uri>().ok()?.host().map(str::to_owned))
                {
                    return Err(unreadable(format!("it leads to `{host}`, which is no region of `{}`", self.host)));
                }
                return Err((ExchangeError::refused(outgoing.cmdlet, &answer), retry_after(answer.headers())));
            };
            *self.region.lock().unwrap_or_else(PoisonError::into_inner) = Some(region);
            last = Some(request_id);
        }
        let (cmdlet, reason) = (outgoing.cmdlet.to_owned(), "it leads from region to region".to_owned());
        Err((ExchangeError::Unreadable { cmdlet, reason, request_id: last }, None))
    }

    async fn ask(&self, outgoing: Outgoing<'_>) -> Result<http::Response<Bytes>, ExchangeError> {
        let Outgoing { method, path, cmdlet, body, repeatable } = outgoing;
        let unreadable =
            |reason: String| ExchangeError::Unreadable { cmdlet: cmdlet.to_owned(), reason, request_id: None };
        let out_of_time = |source| ExchangeError::OutOfTime { cmdlet: cmdlet.to_owned(), last: None, source };
        let token = self.patience.attend("a token for Exchange", (self.token)()).await.map_err(out_of_time)?;
        let token = token.map_err(|source| ExchangeError::SignIn { cmdlet: cmdlet.to_owned(), source })?;
        let bearer = bearer(&token).ok_or_else(|| unreadable("the token cannot stand in a header".to_owned()))?;
        let region = self.region.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let host = region.map_or_else(|| self.host.clone(), |region| format!("{region}.{}", self.host));
        let request_id = uuid::Uuid::new_v4().to_string();
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("https://{host}{path}"))
            .header(AUTHORIZATION, bearer)
            .header(ACCEPT, "application/json")
            .header("Prefer", format!("odata.maxpagesize={PAGE}"))
            .header("X-ResponseFormat", "json")
            .header("X-AnchorMailbox", &self.anchor)
            .header("X-CmdletName", cmdlet)
            // Which names the list of cmdlets is to hold.
            .header("CommandName", "*")
            .header("client-request-id", &request_id);
        let bytes = match body {
            Some(body) => {
                request = request.header(CONTENT_TYPE, "application/json; charset=utf-8");
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let request = request.body(bytes).map_err(|error| unreadable(error.to_string()))?;
        let sending = self.transport.send(request);
        // A write is waited for even beyond the deadline: what became of it has to be known.
        let answer = if repeatable { self.patience.within(sending).await.map_err(out_of_time)? } else { sending.await };
        let mut answer = answer.map_err(|source| ExchangeError::Lost { cmdlet: cmdlet.to_owned(), source })?;
        // The services themselves name a request by what the client called it.
        if let Ok(request_id) = HeaderValue::from_str(&request_id) {
            answer.headers_mut().entry("client-request-id").or_insert(request_id);
        }
        Ok(answer)
    }
}

/// Whether a cmdlet reads and no more. PowerShell tells no capitals from small letters.
fn reads(cmdlet: &str) -> bool {
    let cmdlet = cmdlet.to_ascii_lowercase();
    cmdlet.starts_with("get-") || cmdlet.starts_with("test-")
}

/// The rows of a page and the link to the next one. Cmdlets that write may answer with nothing; an answer of one that reads which
/// is no list must never pass for an empty one.
fn page(answer: Option<Json>, reads: bool) -> Result<(Vec<Json>, Option<String>), &'static str> {
    match answer {
        None if reads => Err("the answer is empty"),
        None => Ok((Vec::new(), None)),
        Some(Json::Object(mut page)) => {
            let next = page.get("@odata.nextLink").and_then(Json::as_str).map(str::to_owned);
            match page.remove("value") {
                Some(Json::Array(rows)) => Ok((rows, next)),
                Some(_) | None if reads => Err("the answer is no list of rows"),
                Some(_) | None => Ok((Vec::new(), next)),
            }
        }
        Some(_) => Err("the answer has not the form it should"),
    }
}

/// The first label of the host that an address leads to. It counts below the service's own host, so that a token goes nowhere
/// else: `https://eurprd05.admin.protection.outlook.com:446` says `eurprd05`.
fn region_of(location: &str, host: &str) -> Option<String> {
    let uri: http::Uri = location.parse().ok()?;
    let (label, rest) = uri.host()?.split_once('.')?;
    let is_label = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    // The service's own name, or one like it elsewhere, is no region of it.
    let is_own = host.split('.').next().is_some_and(|own| own.eq_ignore_ascii_case(label));
    (is_label && !is_own && !rest.is_empty()).then(|| label.to_ascii_lowercase())
}

/// What stands before a host in one that is one label below it.
fn label_below<'a>(host: &'a str, parent: &str) -> Option<&'a str> {
    let label = host.strip_suffix(parent)?.strip_suffix('.')?;
    (!label.is_empty() && !label.contains('.')).then_some(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_list_is_no_empty_list() {
        let rows = json!({ "value": [{ "Name": "one" }], "@odata.nextLink": "https://next" });
        assert_eq!(page(Some(rows), true), Ok((vec![json!({ "Name": "one" })], Some("https://next".to_owned()))));
        for odd in [json!([]), json!(5), json!(true), json!("x"), Json::Null] {
            assert!(page(Some(odd.clone()), true).is_err(), "{odd}");
            assert!(page(Some(odd.clone()), false).is_err(), "{odd}");
        }
        for empty in [None, Some(json!({})), Some(json!({ "value": "x" })), Some(json!({ "error": { "code": "x" } }))] {
            assert!(page(empty.clone(), true).is_err(), "{empty:?}");
            assert_eq!(page(empty, false), Ok((Vec::new(), None)));
        }
    }

    #[test]
    fn small_letters_read_too() {
        assert!(reads("get-mailbox") && reads("TEST-ServicePrincipalAuthorization") && reads("Get-Mailbox"));
        assert!(!reads("Set-Mailbox") && !reads("Getaway"));
    }

    #[test]
    fn a_region_is_a_label_and_no_more() {
        assert_eq!(
            region_of("https://EURPRD05.outlook.office365.com/x", "outlook.office365.com").as_deref(),
            Some("eurprd05")
        );
        assert_eq!(
            region_of("https://eur02b.admin.protection.outlook.com:446/PowerShell", "outlook.office365.com").as_deref(),
            Some("eur02b")
        );
        for nowhere in [
            "/relative",
            "https://localhost/",
            "https://ev_il.example/",
            "",
            "https://user@/",
            "https://outlook.office.com/x",
        ] {
            assert_eq!(region_of(nowhere, "outlook.office365.com"), None, "{nowhere}");
        }
    }
}
