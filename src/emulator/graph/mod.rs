//! Microsoft Graph: one request in, one answer and the changes to the world out.
//!
//! Pure: no I/O, no clock. `route` is the map of what is served; each file below is one kind of resource.

mod access;
mod applications;
mod assignments;
mod batch;
mod deleted;
mod directory;
mod federated;
mod grants;
mod navigation;
mod owners;
mod roles;
mod secrets;
mod service_principals;
mod users;

use jiff::Timestamp;
use serde_json::{Map, Value};

pub(crate) use super::odata::shown;
use super::{
    credentials::shown_keys,
    odata::{self, Connections, Listing, Query, Related},
    refusal::Refusal,
    schema::Kind,
    tables::DIRECTORY_OBJECT,
    world::{Change, Document, View, World},
};
pub(crate) use access::Caller;
pub(crate) use batch::{read as read_batch, responses as batch_responses};
pub(crate) use service_principals::new_service_principal;
pub(crate) use users::new_user;

/// One segment of a path: `applications`, an id, or the key of `applications(appId='…')`.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    text: String,
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
    pub(crate) create_if_missing: bool,
    pub(crate) eventual: bool,
}

/// What Graph answers, and what it changes.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
    pub(crate) location: Option<String>,
    pub(crate) changes: Vec<Change>,
    pub(crate) units: u32,
}

impl Answer {
    fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body), units: 1, ..Self::default() }
    }

    fn no_content(changes: Vec<Change>) -> Self {
        Self { status: 204, changes, units: 1, ..Self::default() }
    }

    fn created(body: Value, location: String, changes: Vec<Change>) -> Self {
        Self { status: 201, body: Some(body), location: Some(location), changes, units: 1 }
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
            None => segments.push(Segment { text: part, key: None }),
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

/// Serves one request.
pub(crate) fn serve(request: &Request<'_>) -> Result<Answer, Refusal> {
    let lower: Vec<String> = request.segments.iter().map(|segment| segment.text.to_ascii_lowercase()).collect();
    let names: Vec<&str> = lower.iter().map(String::as_str).collect();
    match names.split_last() {
        Some((&"$count", collection)) if !collection.is_empty() => count(request, collection),
        _ => route(request, &names),
    }
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
    let answer = route(&counting, collection)?;
    // Whatever is no list has nothing to count.
    match answer.body {
        Some(Value::Number(_)) => Ok(answer),
        _ => Err(Refusal::unknown_segment("$count")),
    }
}

fn route(request: &Request<'_>, names: &[&str]) -> Result<Answer, Refusal> {
    match *names {
        ["applications"] => applications::collection(request),
        ["applications", _] => applications::one(request),
        ["applications", _, "federatedidentitycredentials"] => federated::collection(request),
        ["applications", _, "federatedidentitycredentials", _] => federated::one(request),
        ["serviceprincipals"] => service_principals::collection(request),
        ["serviceprincipals", _] => service_principals::one(request),
        ["applications" | "serviceprincipals", _, "addpassword" | "microsoft.graph.addpassword"] => {
            secrets::add(request)
        }
        ["applications" | "serviceprincipals", _, "removepassword" | "microsoft.graph.removepassword"] => {
            secrets::remove(request)
        }
        ["applications" | "serviceprincipals", _, "owners"] => owners::list(request),
        ["applications" | "serviceprincipals", _, "owners", "$ref"] => owners::add(request),
        ["applications" | "serviceprincipals", _, "owners", _, "$ref"] => owners::remove(request),
        ["serviceprincipals", _, "approleassignments" | "approleassignedto"] => assignments::collection(request),
        ["serviceprincipals", _, "approleassignments" | "approleassignedto", _] => assignments::one(request),
        ["serviceprincipals", _, "oauth2permissiongrants"] => grants::of_client(request),
        ["oauth2permissiongrants"] => grants::collection(request),
        ["oauth2permissiongrants", _] => grants::one(request),
        ["rolemanagement", "directory", "roledefinitions"] => roles::definitions(request),
        ["rolemanagement", "directory", "roledefinitions", _] => roles::definition(request),
        ["rolemanagement", "directory", "roleassignments"] => roles::assignments(request),
        ["rolemanagement", "directory", "roleassignments", _] => roles::assignment(request),
        ["directoryroletemplates"] => roles::templates(request),
        ["users"] => users::collection(request),
        ["users", _] => users::one(request),
        ["organization"] => directory::organizations(request),
        ["organization", _] => directory::organization(request),
        ["domains"] => directory::domains(request),
        ["domains", _] => directory::domain(request),
        ["directoryobjects", "getbyids" | "microsoft.graph.getbyids"] => directory::get_by_ids(request),
        ["directoryobjects", _] => directory::object(request),
        [
            "directory",
            "deleteditems",
            "microsoft.graph.application" | "microsoft.graph.serviceprincipal" | "microsoft.graph.user",
        ] => deleted::list(request),
        ["directory", "deleteditems", _] => deleted::one(request),
        ["directory", "deleteditems", _, "restore" | "microsoft.graph.restore"] => deleted::restore(request),
        ["directoryobjects"] | ["directory", "deleteditems"] => Err(Refusal::new(
            400,
            "Request_UnsupportedQuery",
            "Searches against this resource are not supported. Only specific instances can be queried.",
        )),
        ["approleassignments", ..] => Err(Refusal::new(
            400,
            "Request_UnsupportedQuery",
            "Direct queries to this resource type are not supported.",
        )),
        ["me", ..] => Err(Refusal::malformed("/me request is only valid with delegated authentication flow.")),
        _ => Err(unserved(request, names)),
    }
}

/// The first segment that nothing serves.
fn unserved(request: &Request<'_>, names: &[&str]) -> Refusal {
    let known = |depth: usize| match depth {
        0 => names.first().is_some_and(|name| {
            ["applications", "serviceprincipals", "oauth2permissiongrants", "users", "organization", "domains"]
                .contains(name)
                || ["rolemanagement", "directory", "directoryobjects", "directoryroletemplates"].contains(name)
        }),
        1 => {
            !["rolemanagement", "directory"].contains(&names[0])
                || ["deleteditems"].contains(&names[1])
                || names[1] == "directory"
        }
        _ => false,
    };
    let depth = (0..names.len()).find(|depth| !known(*depth)).unwrap_or_default();
    let segment = request.segments.get(depth).map_or("", |segment| segment.text.as_str());
    Refusal::unknown_segment(segment)
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
