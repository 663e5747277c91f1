//! Microsoft Graph: one request in, one answer and the changes to the world out.
//!
//! Pure: no I/O, no clock. `route` is the map of what is served; each file below is one kind of resource.

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
mod extensions;
mod federated;
mod grants;
mod groups;
mod keys;
mod memberships;
mod objects;
mod owners;
mod ownership;
mod policies;
mod proof;
mod relations;
mod role_definitions;
mod roles;
mod secrets;
mod service_principals;
mod unserved;
mod users;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    clock,
    credentials::shown_keys,
    odata::{self, Listing, Query},
    refusal::Refusal,
    schema::{Kind, Property},
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
    let mut answer = route(request, &names)?;
    if !answer.changes.is_empty() {
        answer.changes.extend(deleted::expired(request.world, request.now));
        delta::stamp(request.world, &clock::seconds(request.now), &mut answer.changes);
    }
    Ok(answer)
}

/// What is served. An action may also be written with the namespace before it.
fn route(request: &Request<'_>, names: &[&str]) -> Result<Answer, Refusal> {
    let last = names.len().saturating_sub(1);
    let mut names = names.to_vec();
    if let Some(name) = names.get_mut(last).filter(|_| last == 2 || (last == 1)) {
        *name = name.strip_prefix("microsoft.graph.").filter(|name| ACTIONS.contains(name)).unwrap_or(name);
    }
    match *names {
        [_, .., "$count"] => Err(Refusal::bad_request("$count is not currently supported.")),
        [set @ ("applications" | "serviceprincipals" | "users" | "groups"), ref rest @ ..] => match set {
            "applications" => of_applications(request, rest),
            "serviceprincipals" => of_service_principals(request, rest),
            "users" => of_users(request, rest),
            _ => of_groups(request, rest),
        }
        .unwrap_or_else(|| Err(unserved::unknown(request, &names))),
        ["oauth2permissiongrants"] => grants::collection(request),
        ["oauth2permissiongrants", "delta" | "delta()"] => Err(Refusal::unsupported_query()),
        ["oauth2permissiongrants", _] => grants::one(request),
        ["rolemanagement", "directory", "roledefinitions"] => roles::definitions(request),
        ["rolemanagement", "directory", "roledefinitions", _] => roles::definition(request),
        ["rolemanagement", "directory", "roleassignments"] => roles::assignments(request),
        ["rolemanagement", "directory", "roleassignments", _] => roles::assignment(request),
        ["directoryroletemplates"] => directory_roles::templates(request),
        ["directoryroletemplates", _] => directory_roles::template(request),
        ["directoryroles"] => directory_roles::collection(request),
        ["directoryroles", _] => directory_roles::one(request),
        ["directoryroles", _, "members", "$ref"] => directory_roles::member_references(request),
        ["directoryroles", _, "members"] => directory_roles::members(request),
        ["directoryroles", _, "members", _] if request.cast(3).is_ok() => directory_roles::members(request),
        ["directoryroles", _, "scopedmembers"] => directory_roles::scoped_members(request),
        ["directoryroles", _, "members", _, "$ref"] => directory_roles::member_reference(request),
        ["administrativeunits", ref rest @ ..] if request.version == "beta" => {
            of_units(request, rest).unwrap_or_else(|| Err(unserved::unknown(request, &names)))
        }
        ["directory", "administrativeunits", ref rest @ ..] => {
            of_units(request, rest).unwrap_or_else(|| Err(unserved::unknown(request, &names)))
        }
        ["policies", "defaultappmanagementpolicy"] => policies::the_default(request),
        ["policies", "appmanagementpolicies"] => policies::collection(request),
        ["policies", "appmanagementpolicies", _] => policies::one(request),
        ["policies", "appmanagementpolicies", _, "appliesto"] => policies::applies_to(request),
        ["policies", kind] if unserved::is_policy(kind) => unserved::no_policies(request, 1),
        ["organization"] => directory::organizations(request),
        ["organization", _] => directory::organization(request),
        ["domains"] => domains::collection(request),
        ["domains", _] => domains::one(request),
        ["domains", _, "verify"] => domains::verify(request),
        ["domains", _, "verificationdnsrecords"] => domains::verification_records(request),
        ["directoryobjects", "getbyids"] => directory::get_by_ids(request),
        ["directoryobjects", "getavailableextensionproperties"] => extensions::available(request),
        ["directoryobjects", _] => directory::object(request),
        ["directoryobjects", _, action] => {
            memberships_of(request, action).unwrap_or_else(|| Err(unserved::unknown(request, &names)))
        }
        ["directory", "deleteditems", cast] if cast.starts_with("microsoft.graph.") => {
            request.cast(2)?;
            deleted::list(request)
        }
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
        ["applicationtemplates", ..] => Err(unserved::not_supported()),
        ["me", ..] => Err(Refusal::malformed("/me request is only valid with delegated authentication flow.")),
        _ => Err(unserved::unknown(request, &names)),
    }
}

/// Actions that clients may write with the namespace before them.
const ACTIONS: &[&str] = &[
    "addkey",
    "addpassword",
    "checkmembergroups",
    "checkmemberobjects",
    "delta",
    "delta()",
    "getavailableextensionproperties",
    "getbyids",
    "getmembergroups",
    "getmemberobjects",
    "removekey",
    "removepassword",
    "setverifiedpublisher",
    "unsetverifiedpublisher",
    "verify",
];

type Routed = Option<Result<Answer, Refusal>>;

/// What applications and service principals have alike, after `/applications`.
fn of_holders(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [_, "addpassword"] => secrets::add(request),
        [_, "removepassword"] => secrets::remove(request),
        [_, "addkey"] => keys::add(request),
        [_, "removekey"] => keys::remove(request),
        [_, "owners", "$ref"] => owners::references(request),
        [_, "owners"] => owners::list(request),
        [_, "owners", _] if request.cast(3).is_ok() => owners::list(request),
        [_, "owners", _, "$ref"] => owners::reference(request),
        [_, "appmanagementpolicies"] => policies::of_object(request),
        [_, "appmanagementpolicies", "$ref"] => policies::assign(request),
        [_, "appmanagementpolicies", _, "$ref"] => policies::withdraw(request),
        [_, kind] if unserved::is_policy(kind) => unserved::no_policies(request, 2),
        [_, "checkmembergroups" | "checkmemberobjects"] => memberships::check(request),
        [_, "getmembergroups" | "getmemberobjects"] => memberships::get(request),
        _ => return None,
    })
}

fn of_applications(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => applications::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::APPLICATIONS),
        [_] => applications::one(request),
        [_, "federatedidentitycredentials"] => federated::collection(request),
        [_, "federatedidentitycredentials", _] => federated::one(request),
        [_, "extensionproperties"] => extensions::collection(request),
        [_, "extensionproperties", _] => extensions::one(request),
        [_, "setverifiedpublisher"] => unserved::set_verified_publisher(request),
        [_, "unsetverifiedpublisher"] => unserved::unset_verified_publisher(request),
        [_, "logo" | "synchronization", ..] => Err(unserved::not_supported()),
        _ => return of_holders(request, rest),
    })
}

fn of_service_principals(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => service_principals::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::SERVICE_PRINCIPALS),
        [_] => service_principals::one(request),
        [_, "approleassignments" | "approleassignedto"] => assignments::collection(request),
        [_, "approleassignments" | "approleassignedto", _] => assignments::one(request),
        [_, "oauth2permissiongrants"] => grants::of_client(request),
        [_, "ownedobjects", ..] => ownership::owned(request),
        [_, "createdobjects", ..] => ownership::created(request),
        [_, "synchronization", ..] => Err(unserved::not_supported()),
        _ => return of_members(request, rest).or_else(|| of_holders(request, rest)),
    })
}

fn of_users(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => users::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::USERS),
        [_] => users::one(request),
        [_, "manager"] => users::manager(request),
        [_, "manager", "$ref"] => users::manager_reference(request),
        [_, "directreports"] => users::direct_reports(request),
        [_, "scopedrolememberof"] => users::find(request)
            .and_then(|user| administrative_units::scoped_of(request, "principalId", text(user, "id"))),
        [_, "approleassignments"] => assignments::collection(request),
        [_, "approleassignments", _] => assignments::one(request),
        [_, "oauth2permissiongrants"] => grants::of_client(request),
        [_, "ownedobjects", ..] => ownership::owned(request),
        [_, "createdobjects", ..] => ownership::created(request),
        _ => return of_members(request, rest),
    })
}

fn of_groups(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => groups::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::GROUPS),
        [_] => groups::one(request),
        [_, "members", "$ref"] => groups::member_references(request),
        [_, "members"] => memberships::members(request, false),
        [_, "members", _] if request.cast(3).is_ok() => memberships::members(request, false),
        [_, "members", _, "$ref"] => groups::member_reference(request),
        [_, "transitivemembers"] => memberships::members(request, true),
        [_, "transitivemembers", _] if request.cast(3).is_ok() => memberships::members(request, true),
        [_, "owners", "$ref"] => owners::references(request),
        [_, "owners"] => owners::list(request),
        [_, "owners", _] if request.cast(3).is_ok() => owners::list(request),
        [_, "owners", _, "$ref"] => owners::reference(request),
        [_, "approleassignments"] => assignments::collection(request),
        [_, "approleassignments", _] => assignments::one(request),
        _ => return of_members(request, rest),
    })
}

/// After `/directory/administrativeUnits`.
fn of_units(request: &Request<'_>, rest: &[&str]) -> Routed {
    Some(match *rest {
        [] => administrative_units::collection(request),
        ["delta" | "delta()"] => delta::changes(request, &objects::UNITS),
        [_] => administrative_units::one(request),
        [_, "members"] => administrative_units::members(request),
        [_, "members", "$ref"] => administrative_units::member_references(request),
        [_, "members", _] => administrative_units::member(request, false),
        [_, "members", _, "$ref"] => administrative_units::member(request, true),
        [_, "scopedrolemembers"] => administrative_units::scoped_role_members(request),
        [_, "scopedrolemembers", _] => administrative_units::scoped_role_member(request),
        _ => return None,
    })
}

/// What users, groups and service principals can be asked about their memberships.
fn of_members(request: &Request<'_>, rest: &[&str]) -> Routed {
    match *rest {
        [_, action] => memberships_of(request, action),
        [_, action @ ("memberof" | "transitivememberof"), _] if request.cast(3).is_ok() => {
            memberships_of(request, action)
        }
        _ => None,
    }
}

/// What any member of something can be asked, after `/users/{id}`.
fn memberships_of(request: &Request<'_>, action: &str) -> Routed {
    Some(match action {
        "memberof" => memberships::member_of(request, false),
        "transitivememberof" => memberships::member_of(request, true),
        "checkmembergroups" | "checkmemberobjects" => memberships::check(request),
        "getmembergroups" | "getmemberobjects" => memberships::get(request),
        _ => return None,
    })
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
        }
    }

    /// One object as the answer to a GET: `$select`ed, with its context first.
    fn entity(&self, kind: &Kind, set: &str, document: &Document) -> Result<Answer, Refusal> {
        self.query.allow(&["$select"])?;
        let selected = self.query.selected(kind)?;
        let chose_keys = selected
            .as_deref()
            .is_some_and(|selected| selected.iter().any(|property| property.name == "keyCredentials"));
        let context = self.context(&format!("{set}{}/$entity", odata::selection(selected.as_deref())));
        let shown = shown(kind, document, selected.as_deref(), chose_keys);
        Ok(Answer::ok(with_context(&context, shown)))
    }
}

/// What a client sees of a stored object.
pub(crate) fn shown(
    kind: &Kind,
    document: &Document,
    selected: Option<&[&'static Property]>,
    with_keys: bool,
) -> Document {
    let mut shown = odata::project(kind, document, selected);
    shown_keys(&mut shown, with_keys);
    // The creation time has decimals in the answer to the creation alone.
    if ["application", "servicePrincipal"].contains(&kind.name)
        && let Some((seconds, _)) = text(&shown, "createdDateTime").split_once('.')
    {
        let seconds = format!("{seconds}Z");
        shown.insert("createdDateTime".into(), seconds.into());
    }
    shown
}

fn with_context(context: &str, document: Document) -> Value {
    let mut body = Map::new();
    body.insert("@odata.context".into(), context.into());
    body.extend(document);
    Value::Object(body)
}
