//! Microsoft Graph: one request in, one answer and the changes to the world out.
//!
//! Pure: no I/O, no clock. `routes` is the map of what is served; most of the files below are one kind of resource.

mod access;
mod administrative_units;
mod application_rules;
mod applications;
mod assignments;
mod batch;
mod credential_rules;
mod deleted;
mod delta;
mod directory;
mod directory_roles;
mod domains;
mod exchange_roles;
mod extensions;
mod federated;
mod grants;
mod groups;
mod keys;
mod memberships;
mod navigation;
mod objects;
mod owners;
mod ownership;
mod policies;
mod proof;
mod property;
mod relations;
mod role_definitions;
mod roles;
mod routes;
mod secrets;
mod service_principals;
mod unlicensed;
mod unserved;
mod users;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(crate) use super::odata::shown;
use super::{
    clock,
    credentials::shown_keys,
    odata::{self, Connections, Listing, Query, Related},
    refusal::Refusal,
    schema::Kind,
    tables::DIRECTORY_OBJECT,
    unsettled::Unsettled,
    world::{Change, Collection, Document, View, World, text},
};
pub(crate) use access::Caller;
pub(crate) use batch::{read as read_batch, responses as batch_responses};
pub(crate) use directory_roles::activated;
pub(crate) use service_principals::new_service_principal;
pub(crate) use users::new_user;

/// One segment of a path: `applications`, an id, or the key of `applications(appId='…')`.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) text: String,
    /// The property and value of a key in parentheses; the property is empty in `users('…')`.
    key: Option<(String, String)>,
}

/// A request to Graph.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The truth: what writes are checked against. Reads go through one of the three views below.
    pub(crate) world: &'a World,
    /// Where an object is looked up that the path names.
    pub(crate) by_id: View<'a>,
    /// Where lists are read.
    pub(crate) lists: View<'a>,
    /// Where an object is looked up that the body refers to.
    pub(crate) references: View<'a>,
    pub(crate) now: Timestamp,
    /// `http://host` as the client wrote it.
    pub(crate) origin: &'a str,
    pub(crate) method: &'a str,
    pub(crate) version: String,
    pub(crate) segments: Vec<Segment>,
    pub(crate) query: Query,
    pub(crate) body: Option<Value>,
    pub(crate) caller: &'a Caller,
    pub(crate) page_size: usize,
    /// Whether Exchange's organization refuses changes to its roles.
    pub(crate) dehydrated: bool,
    /// How open questions are answered.
    pub(crate) unsettled: Unsettled,
    pub(crate) create_if_missing: bool,
    pub(crate) eventual: bool,
}

/// What Graph answers, and what it changes.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    /// The body of a long list, written as text already; then there is no other.
    pub(crate) written: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) changes: Vec<Change>,
    pub(crate) units: u32,
    /// The body is a text that goes out as it is.
    pub(crate) plain: bool,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body), units: 1, ..Self::default() }
    }

    fn written(text: String) -> Self {
        Self { status: 200, written: Some(text), units: 1, ..Self::default() }
    }

    fn no_content(changes: Vec<Change>) -> Self {
        Self { status: 204, changes, units: 1, ..Self::default() }
    }

    fn created(body: Value, location: String, changes: Vec<Change>) -> Self {
        Self { status: 201, body: Some(body), location: Some(location), changes, units: 1, ..Self::default() }
    }

    fn costing(mut self, units: u32) -> Self {
        self.units = units;
        self
    }
}

/// Splits `/v1.0/applications(appId='x')/owners` into the version and its segments; none when it is no Graph path.
pub(crate) fn segments(path: &str) -> Option<(String, Vec<Segment>)> {
    let mut parts = path.trim_matches('/').split('/');
    let version = parts.next()?.to_ascii_lowercase();
    if version != "v1.0" && version != "beta" {
        return None;
    }
    let mut segments = Vec::new();
    for part in parts {
        let part = odata::decode(part, false);
        let keyed = part.strip_suffix(')').and_then(|part| part.split_once('(')).filter(|(name, _)| !name.is_empty());
        match keyed {
            None => segments.push(Segment { text: in_full(part), key: None }),
            Some((name, key)) => {
                segments.push(Segment { text: name.to_owned(), key: None });
                let (property, value) = key.split_once('=').unwrap_or(("", key));
                let value = value.trim().trim_matches('\'').replace("''", "'");
                let property = property.trim().to_ascii_lowercase();
                segments.push(Segment { text: value.clone(), key: Some((property, value)) });
            }
        }
    }
    Some((version, segments))
}

/// A type or an action may be written with the short name of the namespace, as the SDKs do: `graph.application`.
fn in_full(part: String) -> String {
    match part.split_at_checked("graph.".len()) {
        Some((alias, name))
            if alias.eq_ignore_ascii_case("graph.") && name.chars().all(|letter| letter.is_ascii_alphabetic()) =>
        {
            format!("microsoft.graph.{name}")
        }
        _ => part,
    }
}

/// The body of a write to an object or a collection, with its properties named as their type has them: some clients
/// send `mailNickName`.
pub(crate) fn spelled(segments: &[Segment], body: Value) -> Value {
    match (segments, body) {
        ([set] | [set, _], Value::Object(body)) => Value::Object(match objects::by_name(&set.text) {
            Some(set) => set.kind.spelled(body),
            None => body,
        }),
        (_, body) => body,
    }
}

/// Serves one request.
pub(crate) fn serve(request: &Request<'_>) -> Result<Answer, Refusal> {
    let lower: Vec<String> = request.segments.iter().map(|segment| segment.text.to_ascii_lowercase()).collect();
    let names: Vec<&str> = lower.iter().map(String::as_str).collect();
    let mut answer = match names.split_last() {
        Some((&"$count", collection)) if !collection.is_empty() => return count(request, collection),
        _ => match property::serve(request, &names) {
            Some(read) => read?,
            None => routes::route(request, &names)?,
        },
    };
    if !answer.changes.is_empty() {
        answer.changes.extend(deleted::expired(request.world, request.now));
        delta::stamp(request.world, &clock::seconds(request.now), &mut answer.changes);
    }
    Ok(answer)
}

/// `/$count` behind a collection: its number as plain text, for those who asked for eventual consistency.
fn count(request: &Request<'_>, collection: &[&str]) -> Result<Answer, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    if !request.eventual {
        return Err(Refusal::bad_request("$count is not currently supported."));
    }
    let counting = Request {
        segments: request.segments[..collection.len()].to_vec(),
        query: request.query.counting(),
        body: None,
        version: request.version.clone(),
        ..*request
    };
    let answer = routes::route(&counting, collection)?;
    // Whatever is no list has nothing to count.
    match answer.body {
        Some(Value::Number(_)) => Ok(answer),
        _ => Err(Refusal::unknown_segment("$count")),
    }
}

/// Actions take the parameters that they declare and no other.
fn only(body: &Map<String, Value>, parameters: &[&str], action: &str) -> Result<(), Refusal> {
    match body.keys().find(|name| !parameters.contains(&name.as_str())) {
        None => Ok(()),
        Some(other) => Err(Refusal::malformed(format!(
            "The parameter '{other}' in the request payload is not a valid parameter for the operation '{action}'."
        ))),
    }
}

impl<'a> Request<'a> {
    /// The root of the version that was asked for: `http://host/v1.0`.
    fn base(&self) -> String {
        format!("{}/{}", self.origin, self.version)
    }

    fn metadata(&self) -> String {
        format!("{}/$metadata#", self.base())
    }

    fn context(&self, what: &str) -> String {
        format!("{}{what}", self.metadata())
    }

    /// The text of a segment as the client wrote it.
    fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", |segment| segment.text.as_str())
    }

    /// A segment's key property (lower case) and value, when it is one of `(property='value')`.
    fn named_key(&self, index: usize) -> Option<(&str, &str)> {
        let (property, value) = self.segments.get(index)?.key.as_ref()?;
        (!property.is_empty()).then_some((property, value))
    }

    /// What an object that a view found is by now: a write changes that, so that it never loses a newer one. Not found
    /// when it has gone meanwhile.
    fn truth(&self, collection: Collection, found: &Document) -> Result<&'a Document, Refusal> {
        let id = text(found, "id");
        self.world.get(collection, id).ok_or_else(|| Refusal::not_found(id))
    }

    /// The kind that a list is narrowed to by a type at this segment; none when the path ends before it.
    fn cast(&self, index: usize) -> Result<Option<&'static objects::Set>, Refusal> {
        let Some(segment) = self.segments.get(index) else {
            return Ok(None);
        };
        let lower = segment.text.to_ascii_lowercase();
        let name = lower.strip_prefix("microsoft.graph.").or_else(|| lower.strip_prefix("graph."));
        name.and_then(objects::named).map(Some).ok_or_else(|| Refusal::unknown_segment(&segment.text))
    }

    /// The body as an object; refused when it is something else or nothing.
    fn object(&self) -> Result<&Map<String, Value>, Refusal> {
        self.body
            .as_ref()
            .and_then(Value::as_object)
            .ok_or_else(|| Refusal::malformed("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format."))
    }

    /// Where the directory says that a new object is. No address that Graph itself serves; the service does so too.
    fn location(&self, collection: &str, id: &str, cast: &str) -> String {
        let tenant = self.world.tenant_id();
        format!("{}/v2/{tenant}/{collection}/{id}{cast}", self.origin)
    }

    /// The address of the collection that was asked for, without its query.
    fn listing(&self, kind: &'a Kind, name: &str) -> Listing<'a> {
        let path: String = self.segments.iter().fold(self.base(), |path, segment| match &segment.key {
            Some((property, value)) if property.is_empty() => format!("{path}('{value}')"),
            Some((property, value)) => format!("{path}({property}='{value}')"),
            None => format!("{path}/{}", segment.text),
        });
        Listing {
            kind,
            address: path,
            metadata: self.metadata(),
            name: name.to_owned(),
            page_size: self.page_size,
            eventual: self.eventual,
            connections: self.connections(kind),
        }
    }

    /// Directory objects of several kinds, each with its type, as a list; they come in the order of their ids.
    fn objects(&self, found: &[Related<'_>]) -> Result<Value, Refusal> {
        let query = &self.query;
        if query.filter.is_some() && !(self.eventual && (query.count || query.counting)) {
            return Err(Refusal::new(
                400,
                "Request_UnsupportedQuery",
                "The specified filter to the reference property query is currently not supported.",
            ));
        }
        let documents = found.iter().map(|(_, document)| *document);
        let listing = self.listing(&DIRECTORY_OBJECT, "directoryObjects");
        listing.page(query, documents, |document, _| owners::directory_object(self, document))
    }

    fn connections(&self, kind: &Kind) -> Connections<'a> {
        Connections { all: navigation::of(kind), view: self.lists }
    }

    /// One object as the answer to a GET: `$select`ed and `$expand`ed, with its context first.
    fn entity(&self, kind: &Kind, set: &str, document: &Document) -> Result<Answer, Refusal> {
        self.query.allow(&["$select", "$expand"])?;
        let connections = self.connections(kind);
        let selection = self.query.selection(kind, connections.all)?;
        let expansion = self.query.expanded(kind, connections)?;
        let chose_keys = selection.as_ref().is_some_and(|selection| selection.has("keyCredentials"));
        let properties = selection.as_ref().map(|selection| selection.properties.as_slice());
        let mut shown = shown(kind, document, properties, chose_keys);
        if let Some(selection) = &selection {
            selection.narrow(&mut shown);
        }
        if let Some(expansion) = &expansion {
            shown.insert(expansion.navigation.name.to_owned(), expansion.member(connections, document));
        }
        let chosen = odata::context(selection.as_ref(), expansion.as_ref());
        Ok(Answer::ok(with_context(&self.context(&format!("{set}{chosen}/$entity")), shown)))
    }
}

fn with_context(context: &str, document: Document) -> Value {
    let mut body = Map::new();
    body.insert("@odata.context".into(), context.into());
    body.extend(document);
    Value::Object(body)
}
