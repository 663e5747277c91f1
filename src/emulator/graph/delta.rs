//! `delta`: all objects of a set, then only what has changed since.
//!
//! Every write stamps the objects that it changes with the next number. A delta link holds the number up to which its
//! client knows everything; an object with a higher one is new to it. What was deleted for good leaves a mark for
//! thirty days among the deleted objects.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::{
    super::{
        odata::{self, Query},
        refusal::Refusal,
        world::stored::Members,
        world::{CHANGED, Change, Collection, Document, KIND, Listed, World, text},
    },
    Answer, Request,
    objects::{self, Set},
    shown,
};

/// The kind of an object that is gone for good, of which only this mark is left.
const PURGED: &str = "purged";

/// Stamps what a write changes, and leaves a mark of what it purges.
pub(super) fn stamp(world: &World, now: &str, changes: &mut Vec<Change>) {
    let next = world.latest_change() + 1;
    let mut marks = Vec::new();
    for change in changes.iter_mut() {
        match change {
            Change::Put { collection, document, .. } if is_tracked(*collection) => {
                document.insert(CHANGED.into(), next.into());
            }
            Change::Remove { collection: Collection::Deleted, id } => {
                let gone = world.get(Collection::Deleted, id).filter(|gone| objects::named(text(gone, KIND)).is_some());
                marks.extend(gone.map(|gone| mark(gone, next, now)));
            }
            _ => {}
        }
    }
    // An object that is restored leaves the deleted ones too, but is there again.
    marks.retain(|mark| {
        !changes.iter().any(|change| match change {
            Change::Put { collection, id, .. } => is_tracked(*collection) && *id == text(mark, "id"),
            Change::Remove { .. } => false,
        })
    });
    changes.extend(marks.into_iter().map(|mark| Change::put(Collection::Deleted, mark)));
}

fn is_tracked(collection: Collection) -> bool {
    use Collection::{AdministrativeUnits, Applications, Deleted, Groups, ServicePrincipals, Users};
    matches!(collection, Applications | ServicePrincipals | Users | Groups | AdministrativeUnits | Deleted)
}

fn mark(gone: &Document, number: u64, now: &str) -> Document {
    let mark = json!({
        "id": gone["id"],
        "deletedDateTime": now,
        (KIND): PURGED,
        "~was": gone[KIND],
        (CHANGED): number,
    });
    mark.as_object().cloned().unwrap_or_default()
}

fn changed(document: &Document) -> u64 {
    document.get(CHANGED).and_then(Value::as_u64).unwrap_or_default()
}

/// What a link says, in one opaque word.
struct Token {
    /// What the client knows already; none in the first round.
    since: Option<u64>,
    /// What it knows when this round has ended.
    until: u64,
    /// The last id of the page before.
    after: String,
    select: Option<String>,
    ids: Vec<String>,
}

impl Token {
    fn write(&self, set: &Set) -> String {
        let token = json!([set.kind.name, self.since, self.until, self.after, self.select, self.ids]);
        BASE64_URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn read(text: &str, set: &Set) -> Option<Self> {
        let token: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (token[0] == set.kind.name).then_some(())?;
        let ids = token[5].as_array()?.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect();
        Some(Self {
            since: token[1].as_u64(),
            until: token[2].as_u64()?,
            after: token[3].as_str()?.to_owned(),
            select: token[4].as_str().map(str::to_owned),
            ids,
        })
    }
}

/// The ids of `id eq '…' or id eq '…'`, the one filter that a delta query takes.
fn ids(filter: Option<&str>) -> Result<Vec<String>, Refusal> {
    let id = |part: &str| {
        let mut words = part.split_whitespace();
        let (property, operator, value) = (words.next()?, words.next()?, words.next()?);
        let fits = property.eq_ignore_ascii_case("id") && operator.eq_ignore_ascii_case("eq") && words.next().is_none();
        Some(value.strip_prefix('\'')?.strip_suffix('\'')?.to_lowercase()).filter(|_| fits)
    };
    let ids = filter.map(|filter| filter.split(" or ").map(id).collect::<Option<_>>());
    ids.map_or(Ok(Vec::new()), |ids| ids.ok_or_else(Refusal::unsupported_query))
}

/// Up to which change the lists of this replica show everything. What they do not show yet must come in a later round,
/// even when something newer is shown already.
fn seen_until(request: &Request<'_>, set: &Set) -> u64 {
    let members = Members::new(vec![CHANGED]);
    let (mut shown, mut first_unseen) = (0, None::<u64>);
    for collection in [set.collection, Collection::Deleted] {
        let seen: BTreeMap<&str, u64> =
            request.lists.listed(collection).map(|listed| (listed.id(), changed(&listed.part(&members)))).collect();
        shown = shown.max(seen.values().copied().max().unwrap_or_default());
        for listed in request.world.listed(collection) {
            let number = changed(&listed.part(&members));
            if seen.get(listed.id()) != Some(&number) {
                first_unseen = Some(first_unseen.map_or(number, |first| first.min(number)));
            }
        }
    }
    first_unseen.map_or(shown, |first| shown.min(first.saturating_sub(1)))
}

pub(super) fn changes(request: &Request<'_>, set: &'static Set) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(set.read)?;
    let query = &request.query;
    query.allow(&["$select", "$filter", "$top", "$deltatoken"])?;
    let latest = seen_until(request, set);
    let token = match (query.delta_token.as_deref(), query.skip_token.as_deref()) {
        (Some("latest"), _) => {
            let token = Token {
                since: Some(latest),
                until: latest,
                after: String::new(),
                select: query.select.clone(),
                ids: ids(query.filter.as_deref())?,
            };
            return Ok(answer(request, set, Vec::new(), &delta_link(request, set, &token)));
        }
        (Some(text), _) => {
            let token = Token::read(text, set).ok_or_else(expired)?;
            Token { since: Some(token.until), until: latest, after: String::new(), ..token }
        }
        (None, Some(text)) => {
            let token = Token::read(text, set).ok_or_else(expired)?;
            // The replica that answers now may be behind the one of the page before.
            Token { until: token.until.min(latest), ..token }
        }
        (None, None) => {
            let ids = ids(query.filter.as_deref())?;
            Token { since: None, until: latest, after: String::new(), select: query.select.clone(), ids }
        }
    };
    page(request, set, token)
}

fn expired() -> Refusal {
    Refusal::new(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
}

fn page(request: &Request<'_>, set: &'static Set, token: Token) -> Result<Answer, Refusal> {
    let mut query = Query::default();
    query.select.clone_from(&token.select);
    let selected = query.selected(set.kind)?;
    let members = Members::new(vec![CHANGED, KIND, "~was"]);
    let live = request.lists.listed(set.collection);
    let gone = request.lists.listed(Collection::Deleted).filter(|listed| {
        let document = listed.part(&members);
        token.since.is_some() && [text(&document, KIND), text(&document, "~was")].contains(&set.kind.name)
    });
    let mut found: Vec<Listed<'_>> = live
        .chain(gone)
        .filter(|listed| listed.id() > token.after.as_str())
        .filter(|listed| token.ids.is_empty() || token.ids.iter().any(|id| id == listed.id()))
        .filter(|listed| token.since.is_none_or(|since| changed(&listed.part(&members)) > since))
        .collect();
    found.sort_by_key(Listed::id);
    let size = request.query.page_size(request.page_size)?;
    let more = found.len() > size;
    found.truncate(size);
    let value = found
        .iter()
        .map(|listed| {
            let document = listed.whole();
            let Some(kind) = document.get(KIND) else {
                let mut object = shown(set.kind, &document, selected.as_deref(), false);
                object.insert("id".into(), document["id"].clone());
                return Value::Object(object);
            };
            let reason = if kind == PURGED { "deleted" } else { "changed" };
            json!({ "id": document["id"], "@removed": { "reason": reason } })
        })
        .collect();
    let link = match found.last().filter(|_| more) {
        Some(last) => {
            let next = Token { after: last.id().to_owned(), ..token };
            let top = request.query.top.as_ref().map(|top| format!("$top={top}&")).unwrap_or_default();
            ("@odata.nextLink", format!("{}?{top}$skiptoken={}", address(request, set), next.write(set)))
        }
        None => delta_link(request, set, &token),
    };
    Ok(answer(request, set, value, &link))
}

fn address(request: &Request<'_>, set: &Set) -> String {
    format!("{}/{}/delta", request.base(), set.name)
}

fn delta_link(request: &Request<'_>, set: &Set, token: &Token) -> (&'static str, String) {
    ("@odata.deltaLink", format!("{}?$deltatoken={}", address(request, set), token.write(set)))
}

fn answer(request: &Request<'_>, set: &Set, value: Vec<Value>, link: &(&str, String)) -> Answer {
    let mut body = Map::new();
    let selection = odata::selection(None);
    body.insert("@odata.context".into(), request.context(&format!("{}{selection}", set.name)).into());
    body.insert(link.0.into(), link.1.clone().into());
    body.insert("value".into(), value.into());
    Answer::ok(Value::Object(body)).costing(2)
}
