//! Recipients: every user of the directory with a mail address has a mailbox.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    super::{
        identifiers,
        world::{Collection, Document, View, text},
    },
    Answer, ExchangeRefusal, Output, Request,
    parameters::Call,
    selected,
};

/// The properties of a mailbox that a read over OData returns when it does not choose.
const MINIMUM: [&str; 15] = [
    "ExternalDirectoryObjectId",
    "UserPrincipalName",
    "Alias",
    "DisplayName",
    "EmailAddresses",
    "PrimarySmtpAddress",
    "RecipientType",
    "RecipientTypeDetails",
    "Identity",
    "Id",
    "ExchangeVersion",
    "Name",
    "DistinguishedName",
    "OrganizationId",
    "Guid",
];
const PAGE: usize = 1000;

fn with_mailbox(seen: View<'_>) -> impl Iterator<Item = &Document> {
    seen.all(Collection::Users).filter(|user| !text(user, "mail").is_empty())
}

/// Finds a recipient by any of its names.
pub(super) fn find<'a>(seen: View<'a>, key: &str) -> Option<&'a Document> {
    with_mailbox(seen).find(|user| {
        ["id", "userPrincipalName", "mail", "mailNickname", "displayName"]
            .iter()
            .any(|name| text(user, name).eq_ignore_ascii_case(key))
    })
}

fn chosen<'a>(call: &Call<'a>) -> Result<Vec<&'a Document>, ExchangeRefusal> {
    let seen = call.request.seen;
    match call.text("Identity") {
        None => Ok(with_mailbox(seen).collect()),
        Some(key) => Ok(vec![find(seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?]),
    }
}

fn common(user: &Document) -> Map<String, Value> {
    let (id, mail) = (text(user, "id"), text(user, "mail"));
    let row = json!({
        "ExternalDirectoryObjectId": id,
        "Alias": user["mailNickname"],
        "DisplayName": user["displayName"],
        "Identity": id,
        "Id": id,
        "Name": id,
        "Guid": identifiers::derived_guid(&[id, "recipient"]),
        "EmailAddresses": [format!("SMTP:{mail}")],
        "PrimarySmtpAddress": mail,
        "RecipientType": "UserMailbox",
        "RecipientTypeDetails": "UserMailbox",
        "HiddenFromAddressListsEnabled": false,
        "ExchangeVersion": "0.20 (15.0.0.0)",
        "IsDirSynced": false,
        "IsValid": true,
    });
    row.as_object().cloned().unwrap_or_default()
}

/// A row of `Get-Recipient`.
pub(super) fn recipient(user: &Document) -> Value {
    let mut row = common(user);
    for (name, member) in [("FirstName", "givenName"), ("LastName", "surname"), ("Title", "jobTitle")] {
        row.insert(name.into(), user.get(member).cloned().unwrap_or(Value::Null));
    }
    row.into()
}

fn mailbox(user: &Document) -> Value {
    let mut row = common(user);
    let id = text(user, "id");
    let more = json!({
        "UserPrincipalName": user["userPrincipalName"],
        "DistinguishedName": format!("CN={id},OU=EMULATOR"),
        "OrganizationId": "EMULATOR",
        "ExchangeGuid": identifiers::derived_guid(&[id, "mailbox"]),
        "LitigationHoldEnabled": false,
        "LitigationHoldDuration": "Unlimited",
        "LitigationHoldDate": null,
        "LitigationHoldOwner": "",
        "InPlaceHolds": [],
        "RetentionHoldEnabled": false,
        "SingleItemRecoveryEnabled": true,
        "RetainDeletedItemsFor": "14.00:00:00",
        "ComplianceTagHoldApplied": false,
        "ForwardingAddress": null,
        "ForwardingSmtpAddress": null,
        "DeliverToMailboxAndForward": false,
        "AuditEnabled": true,
        "AuditLogAgeLimit": "90.00:00:00",
        "ArchiveStatus": "None",
        "ArchiveState": "None",
        "ArchiveGuid": "00000000-0000-0000-0000-000000000000",
        "IsMailboxEnabled": true,
        "AccountDisabled": user.get("accountEnabled").is_some_and(|enabled| *enabled == false),
        "WhenMailboxCreated": user["createdDateTime"],
        "MessageCopyForSentAsEnabled": false,
        "MessageCopyForSendOnBehalfEnabled": false,
        "GrantSendOnBehalfTo": [],
        "ProhibitSendQuota": "99 GB (106,300,440,576 bytes)",
        "ProhibitSendReceiveQuota": "100 GB (107,374,182,400 bytes)",
        "IssueWarningQuota": "98 GB (105,226,698,752 bytes)",
        "MailboxPlan": "ExchangeOnlineEnterprise-EMULATOR",
        "IsShared": false,
        "IsResource": false,
        "IsInactiveMailbox": false,
    });
    row.extend(more.as_object().cloned().unwrap_or_default());
    row.into()
}

/// `Get-Mailbox`.
pub(super) fn mailboxes(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let begins = |user: &Document, start: &str| {
        ["displayName", "mailNickname", "givenName", "surname"]
            .iter()
            .any(|name| text(user, name).to_lowercase().starts_with(&start.to_lowercase()))
    };
    let is_user = call.text("RecipientTypeDetails").is_none_or(|kind| kind.eq_ignore_ascii_case("UserMailbox"));
    let rows = chosen(call)?
        .into_iter()
        .filter(|user| is_user && call.text("Anr").is_none_or(|start| begins(user, start)))
        .map(mailbox)
        .collect();
    Ok(Output { rows, ..Output::default() })
}

/// `Get-Recipient`.
pub(super) fn recipients(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    Ok(Output { rows: chosen(call)?.into_iter().map(recipient).collect(), ..Output::default() })
}

/// `Get-User`.
pub(super) fn users(call: &Call<'_>) -> Result<Output, ExchangeRefusal> {
    let row = |user: &Document| {
        let mut row = recipient(user);
        row["UserPrincipalName"] = user["userPrincipalName"].clone();
        row["Department"] = user.get("department").cloned().unwrap_or(Value::Null);
        row
    };
    Ok(Output { rows: chosen(call)?.into_iter().map(row).collect(), ..Output::default() })
}

/// The OData reads of mailboxes.
pub(super) fn odata(request: &Request<'_>, key: Option<&str>) -> Result<Answer, ExchangeRefusal> {
    const OPTIONS: [&str; 7] = ["$top", "$select", "$skiptoken", "$count", "propertyset", "propertysets", "isencoded"];
    let query: BTreeMap<String, &str> =
        request.query.iter().map(|(name, value)| (name.to_lowercase(), value.as_str())).collect();
    if let Some(option) = query.keys().find(|option| !OPTIONS.contains(&option.as_str())) {
        return Err(ExchangeRefusal::invalid(
            "Microsoft.OData.ODataException",
            format!("The query parameter '{option}' is not supported."),
        ));
    }
    let all_properties = ["propertyset", "propertysets"]
        .iter()
        .any(|name| query.get(*name).is_some_and(|sets| sets.split(',').any(|set| set.eq_ignore_ascii_case("All"))));
    let columns: Option<Vec<&str>> = match (query.get("$select"), all_properties) {
        (Some(names), _) => Some(names.split(',').map(str::trim).collect()),
        (None, true) => None,
        (None, false) => Some(MINIMUM.to_vec()),
    };
    let shown = |user: &Document| selected(mailbox(user), columns.as_deref());
    let context = format!("{}/$metadata#Mailbox", request.address);
    if let Some(key) = key {
        let user = find(request.seen, key).ok_or_else(|| ExchangeRefusal::not_found(key))?;
        let mut body = json!({ "@odata.context": format!("{context}/$entity") });
        if let (Some(body), Value::Object(row)) = (body.as_object_mut(), shown(user)) {
            body.extend(row);
        }
        return Ok(Answer { status: 200, body, changes: Vec::new() });
    }
    let users: Vec<&Document> = with_mailbox(request.seen).collect();
    let number = |name: &str| match query.get(name) {
        None => Ok(None),
        Some(text) => text.parse::<usize>().map(Some).map_err(|_| ExchangeRefusal::expired_page()),
    };
    let start = number("$skiptoken")?.unwrap_or(0);
    let size = number("$top")?.unwrap_or(PAGE).min(request.page_size.unwrap_or(PAGE)).clamp(1, PAGE);
    let end = users.len().min(start.saturating_add(size));
    let mut body = json!({ "@odata.context": context });
    if end < users.len() {
        let mut options: Vec<String> = query
            .iter()
            .filter(|(name, _)| *name != "$skiptoken")
            .map(|(name, value)| format!("{}={value}", name.replace('$', "%24")))
            .collect();
        options.push(format!("%24skiptoken={end}"));
        body["@odata.nextLink"] = format!("{}/Mailbox?{}", request.address, options.join("&")).into();
    }
    body["value"] = users.into_iter().skip(start).take(end.saturating_sub(start)).map(shown).collect();
    Ok(Answer { status: 200, body, changes: Vec::new() })
}
