//! Exchange Online's admin endpoint: cmdlets over HTTP, as its PowerShell module calls them; and Security & Compliance's, which is
//! the same at another host.
//!
//! Pure: request and world in, answer and changes out. `cmdlets` is the list of what is served, `access` says who may
//! run it, and each file below runs one family of cmdlets.

mod access;
mod authorization;
mod cmdlets;
mod compliance;
mod filter;
mod organization;
mod parameters;
mod recipients;
mod refusal;
pub(crate) mod role_assignments;
pub(crate) mod role_groups;
pub(crate) mod roles;
pub(crate) mod scopes;
mod service_principals;

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::world::{Change, View, World};
pub(crate) use access::{Caller, Closed, admit};
use cmdlets::Cmdlet;
pub(crate) use compliance::{AUDIENCES as COMPLIANCE_AUDIENCES, HOST as COMPLIANCE_HOST, location};
pub(crate) use organization::{DEHYDRATED, is_dehydrated};
pub(crate) use refusal::ExchangeRefusal;

/// The audiences of tokens that Exchange takes.
pub(crate) const AUDIENCES: [&str; 5] = [
    "https://outlook.office365.com",
    "https://outlook.office365.com/",
    "https://outlook.office.com",
    "https://outlook.office.com/",
    "00000002-0000-0ff1-ce00-000000000000",
];

const PAGE: usize = 1000;

/// A request whose token was accepted.
pub(crate) struct Request<'a> {
    /// The truth, for what writes are checked against.
    pub(crate) world: &'a World,
    /// The world as reads find it.
    pub(crate) seen: View<'a>,
    pub(crate) now: Timestamp,
    /// `http://host/adminapi/beta/{tenant}` as the client wrote it.
    pub(crate) address: String,
    /// What follows it: `InvokeCommand`.
    pub(crate) route: &'a str,
    pub(crate) caller: &'a Caller,
    /// Which of the two services was called.
    pub(crate) service: Service,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) body: Option<Value>,
    /// What `Prefer: odata.maxpagesize` says.
    pub(crate) page_size: Option<usize>,
    /// Whether changes to roles are refused.
    pub(crate) dehydrated: bool,
}

/// The two services that run cmdlets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    ExchangeOnline,
    SecurityAndCompliance,
}

impl Service {
    fn cmdlets(self) -> &'static [Cmdlet] {
        match self {
            Self::ExchangeOnline => cmdlets::ALL,
            Self::SecurityAndCompliance => compliance::CMDLETS,
        }
    }

    /// Finds a cmdlet by its name in any case.
    fn find(self, name: &str) -> Option<&'static Cmdlet> {
        self.cmdlets().iter().find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name))
    }
}

/// What Exchange answers, and what it changes.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) changes: Vec<Change>,
}

/// What a cmdlet gives back.
#[derive(Default)]
struct Output {
    rows: Vec<Value>,
    changes: Vec<Change>,
}

/// `POST InvokeCommand`: one cmdlet. `only` is the one that the path allows, when it allows but one.
pub(crate) fn invoke(request: &Request<'_>, only: Option<&str>) -> Result<Answer, ExchangeRefusal> {
    if let Some(option) = request.query.keys().find(|option| !["$select", "$skiptoken"].contains(&option.as_str())) {
        return Err(ExchangeRefusal::invalid(
            "Microsoft.OData.ODataException",
            format!("The query parameter '{option}' is not supported."),
        ));
    }
    let input = request.body.as_ref().map_or(&Value::Null, |body| &body["CmdletInput"]);
    let name = input["CmdletName"].as_str().unwrap_or_default();
    if name.is_empty() {
        return Err(ExchangeRefusal::invalid(
            "System.ArgumentNullException",
            "Value cannot be null.\r\nParameter name: CmdletName".to_owned(),
        ));
    }
    let cmdlet = request
        .service
        .find(name)
        .filter(|cmdlet| only.is_none_or(|only| cmdlet.name.eq_ignore_ascii_case(only)))
        .ok_or_else(|| ExchangeRefusal::unknown_cmdlet(name))?;
    if !access::permits(request, cmdlet) {
        return Err(ExchangeRefusal::not_allowed(cmdlet.name));
    }
    if request.dehydrated && cmdlet.customizes {
        return Err(ExchangeRefusal::rejected(DEHYDRATED));
    }
    let no_parameters = Map::new();
    let sent = match &input["Parameters"] {
        Value::Null => &no_parameters,
        Value::Object(parameters) => parameters,
        _ => {
            return Err(ExchangeRefusal::invalid(
                "Microsoft.OData.ODataException",
                "The property 'Parameters' must be an object.".to_owned(),
            ));
        }
    };
    let call = parameters::read(request, cmdlet, sent)?;
    let mut output = (cmdlet.run)(&call)?;
    if call.flag("WhatIf") == Some(true) {
        output = Output::default();
    }
    let limit = call.limit("ResultSize").unwrap_or(usize::MAX);
    let body = page(request, cmdlet.name, output.rows, limit)?;
    Ok(Answer { status: 200, body, changes: output.changes })
}

/// One page of the rows: as many as the client prefers, and no more in all than it asked for.
fn page(request: &Request<'_>, cmdlet: &str, rows: Vec<Value>, limit: usize) -> Result<Value, ExchangeRefusal> {
    let start = match request.query.get("$skiptoken") {
        None => 0,
        Some(token) => {
            read_token(token, cmdlet).filter(|start| *start < rows.len()).ok_or_else(ExchangeRefusal::expired_page)?
        }
    };
    let size = request.page_size.unwrap_or(PAGE).clamp(1, PAGE);
    let end = rows.len().min(start.saturating_add(size.min(limit)));
    let is_cut = limit < size && end < rows.len();
    let is_last = end == rows.len() || limit == 0;
    let chosen: Option<Vec<&str>> = request.query.get("$select").map(|names| names.split(',').map(str::trim).collect());
    let shown: Vec<Value> =
        rows.into_iter().skip(start).take(end - start).map(|row| selected(row, chosen.as_deref())).collect();
    let mut body = Map::new();
    let context = format!("{}/$metadata#Collection(Exchange.GenericHashTable)", request.address);
    body.insert("@odata.context".into(), context.into());
    if !is_last {
        let token = BASE64_URL_SAFE_NO_PAD.encode(format!("{end}:{cmdlet}"));
        let columns = chosen.as_ref().map_or_else(String::new, |names| format!("%24select={}&", names.join(",")));
        let next = format!("{}/{}?{columns}%24skiptoken={token}", request.address, request.route);
        body.insert("@odata.nextLink".into(), next.into());
    }
    let warnings = if is_cut {
        json!([
            "There are more results available than are currently displayed. To view them, increase the value for the \
             ResultSize parameter."
        ])
    } else {
        json!([])
    };
    body.insert("adminapi.warnings@odata.type".into(), "#Collection(String)".into());
    body.insert("@adminapi.warnings".into(), warnings);
    body.insert("value".into(), shown.into());
    Ok(Value::Object(body))
}

fn read_token(token: &str, cmdlet: &str) -> Option<usize> {
    let text = String::from_utf8(BASE64_URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (start, of) = text.split_once(':')?;
    start.parse().ok().filter(|_| of == cmdlet)
}

fn selected(row: Value, chosen: Option<&[&str]>) -> Value {
    match (row, chosen) {
        (Value::Object(row), Some(chosen)) => row
            .into_iter()
            .filter(|(name, _)| chosen.iter().any(|chosen| chosen.eq_ignore_ascii_case(name)))
            .collect::<Map<String, Value>>()
            .into(),
        (row, _) => row,
    }
}

/// `GET EXOModuleFile`: which cmdlets this caller may run.
pub(crate) fn module_file(request: &Request<'_>) -> Answer {
    let names: Vec<&str> = request
        .service
        .cmdlets()
        .iter()
        .filter(|cmdlet| access::permits(request, cmdlet))
        .map(|cmdlet| cmdlet.name)
        .collect();
    let body = json!({
        "@odata.context": format!("{}/$metadata#EXOModuleFile", request.address),
        "value": [{ "@odata.type": "#Exchange.EXOModuleFile", "exportedCmdlets": names.join(",") }],
    });
    Answer { status: 200, body, changes: Vec::new() }
}

/// `GET Mailbox` and `GET Mailbox('…')`: what the module's own Get-EXOMailbox reads.
pub(crate) fn mailboxes(request: &Request<'_>, key: Option<&str>) -> Result<Answer, ExchangeRefusal> {
    if !Service::ExchangeOnline.find("Get-Mailbox").is_some_and(|cmdlet| access::permits(request, cmdlet)) {
        return Err(ExchangeRefusal::not_allowed("Get-EXOMailbox"));
    }
    recipients::odata(request, key)
}
