//! One page of a list: filtered, searched, sorted, cut, and shown.

use std::borrow::Cow;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::{
    super::{
        refusal::Refusal,
        schema::{Kind, Property},
        tables::DIRECTORY_OBJECT,
        world::stored::Members,
        world::{Document, Listed},
    },
    Query, encode,
    expand::Expansion,
    filter::Filter,
    navigation::Connections,
    order::{Key, Order},
    search::Search,
    select::{Columns, Selection, add_member, context, shown},
};

/// What every token begins with, as the service's own do.
const TOKEN: &str = "DSpt\n";

/// How a collection is listed.
pub(crate) struct Listing<'a> {
    pub(crate) kind: &'a Kind,
    /// The address of the collection, on the host that the client used.
    pub(crate) address: String,
    /// `http://…/v1.0/$metadata#`, to which the name of the collection is added.
    pub(crate) metadata: String,
    /// The collection in the context: `applications`.
    pub(crate) name: String,
    pub(crate) page_size: usize,
    /// The client asked for eventual consistency, which allows more in a query.
    pub(crate) eventual: bool,
    /// What the objects are connected with.
    pub(crate) connections: Connections<'a>,
}

/// Where a page begins: behind the last object of the one before.
#[derive(Debug, Default)]
struct Place {
    keys: Vec<Key>,
    id: String,
}

/// A query with every option read.
struct Plan {
    selection: Option<Selection>,
    expansion: Option<Expansion>,
    filter: Option<Filter>,
    search: Option<Search>,
    order: Option<Order>,
    /// What filter, search and order look at; none when they may look at everything.
    looked_at: Option<Members>,
    size: usize,
    after: Option<Place>,
}

impl Listing<'_> {
    /// Filters, cuts one page and shows it. `documents` come in the order of their ids. For `/$count` the answer is a
    /// number.
    pub(crate) fn page<'d>(
        &self,
        query: &Query,
        documents: impl Iterator<Item = impl Into<Listed<'d>>>,
        shown: impl Fn(&Document, Option<&[&'static Property]>) -> Document,
    ) -> Result<Value, Refusal> {
        let plan = self.plan(query)?;
        let matching = documents.map(Into::into).filter(|listed| plan.holds(listed, self.connections));
        if query.counting {
            return Ok(matching.count().into());
        }
        let (mut body, page) = self.cut(query, &plan, matching);
        let value: Vec<Value> = page
            .into_iter()
            .map(|listed| {
                let document = listed.whole();
                let object = shown(&document, plan.properties());
                Value::Object(finished(object, &document, &plan, self.connections))
            })
            .collect();
        body.insert("value".into(), value.into());
        Ok(Value::Object(body))
    }

    /// The same as text, of objects that are shown as their kind is. It is copied from the stored text, member by member,
    /// which takes a fifth of the time that opening, copying and printing the objects takes.
    pub(crate) fn written<'d>(
        &self,
        query: &Query,
        documents: impl Iterator<Item = Listed<'d>>,
    ) -> Result<String, Refusal> {
        let plan = self.plan(query)?;
        let matching = documents.filter(|listed| plan.holds(listed, self.connections));
        let (body, page) = self.cut(query, &plan, matching);
        let columns = Columns::new(self.kind, plan.properties());
        let mut text = Value::Object(body).to_string();
        // There is a context in it already.
        text.pop();
        text.push_str(",\"value\":[");
        for (index, listed) in page.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            match listed {
                Listed::Packed { packed, .. } if !plan.narrows() => {
                    columns.write(packed, &mut text);
                    if let Some(expansion) = &plan.expansion {
                        let member = expansion.member(self.connections, &listed.whole());
                        add_member(expansion.navigation.name, &member.to_string(), &mut text);
                    }
                }
                _ => {
                    let document = listed.whole();
                    let object = shown(self.kind, &document, plan.properties(), false);
                    text.push_str(&Value::Object(finished(object, &document, &plan, self.connections)).to_string());
                }
            }
        }
        text.push_str("]}");
        Ok(text)
    }

    /// One page of what matches, and everything of the body that stands before its objects.
    fn cut<'d>(
        &self,
        query: &Query,
        plan: &Plan,
        matching: impl Iterator<Item = Listed<'d>>,
    ) -> (Document, Vec<Listed<'d>>) {
        let counted = query.count && self.eventual;
        let (page, total, next) = match &plan.order {
            None => by_id(matching, plan.size, plan.after.as_ref(), counted),
            Some(order) => {
                let keyed = matching.map(|listed| (order.keys(&plan.look(&listed)), listed)).collect();
                sorted(keyed, order, plan.size, plan.after.as_ref())
            }
        };
        let mut body = Map::new();
        let context = context(plan.selection.as_ref(), plan.expansion.as_ref());
        body.insert("@odata.context".into(), format!("{}{}{context}", self.metadata, self.name).into());
        if counted {
            body.insert("@odata.count".into(), total.into());
        }
        if let Some(next) = next {
            body.insert("@odata.nextLink".into(), self.next_link(query, &next).into());
        }
        (body, page)
    }

    fn plan(&self, query: &Query) -> Result<Plan, Refusal> {
        let advanced = self.eventual && (query.count || query.counting);
        let search = match &query.search {
            None => None,
            Some(_) if !self.eventual => {
                return Err(Refusal::new(
                    400,
                    "Request_UnsupportedQuery",
                    "Request with $search query parameter only works through MSGraph with a special request header: \
                     'ConsistencyLevel: eventual'",
                ));
            }
            Some(text) => Some(Search::parse(text, self.kind)?),
        };
        let filter = match &query.filter {
            None => None,
            // A search is an advanced query already.
            Some(text) => {
                let advanced = advanced || search.is_some();
                Some(Filter::parse(text, self.kind, Some(self.connections), advanced)?)
            }
        };
        let alone = filter.is_none() && search.is_none();
        let order = query.order.as_ref().map(|text| Order::parse(text, self.kind, advanced, alone)).transpose()?;
        let expansion = query.expanded(self.kind, self.connections)?;
        let needs_advanced = search.is_some() || filter.as_ref().is_some_and(|filter| filter.advanced);
        if expansion.is_some() && needs_advanced {
            return Err(Refusal::unsupported_query());
        }
        let looked_at = filter.as_ref().map_or_else(|| Some(Vec::new()), Filter::members).map(|mut members| {
            members.extend(search.iter().flat_map(Search::members));
            members.extend(order.iter().flat_map(Order::members));
            Members::new(members)
        });
        Ok(Plan {
            selection: query
                .selection(self.kind, self.connections.all)?
                // Among objects of several kinds each shows what its own kind has of it.
                .filter(|_| self.kind.name != DIRECTORY_OBJECT.name),
            expansion,
            filter,
            search,
            order,
            looked_at,
            size: query.page_size(self.page_size)?,
            after: after(query)?,
        })
    }

    fn next_link(&self, query: &Query, last: &Place) -> String {
        let mut options = Vec::new();
        if query.count {
            options.push("$count=true".to_owned());
        }
        for (name, value) in [
            ("$expand", &query.expand),
            ("$filter", &query.filter),
            ("$orderby", &query.order),
            ("$search", &query.search),
            ("$select", &query.select),
            ("$top", &query.top),
        ] {
            if let Some(value) = value {
                options.push(format!("{name}={}", encode(value)));
            }
        }
        options.push(format!("$skiptoken={}", token(query, last)));
        format!("{}?{}", self.address, options.join("&"))
    }
}

impl Plan {
    fn properties(&self) -> Option<&[&'static Property]> {
        self.selection.as_ref().map(|selection| selection.properties.as_slice())
    }

    /// Whether single members of properties were selected.
    fn narrows(&self) -> bool {
        self.selection.as_ref().is_some_and(Selection::narrows)
    }

    /// As much of the document as filter, search and order look at.
    fn look<'d>(&self, listed: &Listed<'d>) -> Cow<'d, Document> {
        match &self.looked_at {
            Some(members) => listed.part(members),
            None => listed.whole(),
        }
    }

    fn holds(&self, listed: &Listed<'_>, connections: Connections<'_>) -> bool {
        if self.filter.is_none() && self.search.is_none() {
            return true;
        }
        let document = self.look(listed);
        self.filter.as_ref().is_none_or(|filter| filter.holds(&document, Some(connections.view)))
            && self.search.as_ref().is_none_or(|search| search.holds(&document))
    }
}

/// Adds what was expanded, and leaves out members that were not selected.
fn finished(mut object: Document, document: &Document, plan: &Plan, connections: Connections<'_>) -> Document {
    if let Some(selection) = &plan.selection {
        selection.narrow(&mut object);
    }
    if let Some(expansion) = &plan.expansion {
        object.insert(expansion.navigation.name.to_owned(), expansion.member(connections, document));
    }
    object
}

type Cut<'d> = (Vec<Listed<'d>>, usize, Option<Place>);

/// One page in the order of ids. The rest is walked through only when it is counted.
fn by_id<'d>(matching: impl Iterator<Item = Listed<'d>>, size: usize, after: Option<&Place>, counted: bool) -> Cut<'d> {
    let (mut page, mut total, mut more) = (Vec::new(), 0, false);
    for listed in matching {
        total += 1;
        if after.is_some_and(|after| listed.id() <= after.id.as_str()) {
            continue;
        }
        if page.len() < size {
            page.push(listed);
            continue;
        }
        more = true;
        if !counted {
            break;
        }
    }
    let last = page.last().filter(|_| more).map(|listed| Place { keys: Vec::new(), id: listed.id().to_owned() });
    (page, total, last)
}

fn sorted<'d>(mut all: Vec<(Vec<Key>, Listed<'d>)>, order: &Order, size: usize, after: Option<&Place>) -> Cut<'d> {
    all.sort_by(|left, right| order.compare((&left.0, left.1.id()), (&right.0, right.1.id())));
    let total = all.len();
    let start = after.map_or(0, |after| {
        all.partition_point(|(keys, listed)| order.compare((keys, listed.id()), (&after.keys, &after.id)).is_le())
    });
    let end = total.min(start.saturating_add(size));
    let last = (end < total && end > start)
        .then(|| all.get(end - 1))
        .flatten()
        .map(|(keys, listed)| Place { keys: keys.clone(), id: listed.id().to_owned() });
    let page = all.get(start..end).unwrap_or_default().iter().map(|(_, listed)| *listed).collect();
    (page, total, last)
}

fn token(query: &Query, last: &Place) -> String {
    let content = match &query.order {
        None => last.id.clone(),
        Some(order) => serde_json::to_string(&(order, &last.keys, &last.id)).unwrap_or_default(),
    };
    BASE64_URL_SAFE_NO_PAD.encode(format!("{TOKEN}{content}"))
}

/// Where the page begins; a token of another order is none.
fn after(query: &Query) -> Result<Option<Place>, Refusal> {
    let Some(token) = &query.skip_token else {
        return Ok(None);
    };
    let expired = || Refusal::new(400, "Directory_ExpiredPageToken", "The specified page token value has expired.");
    let content = BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|token| Some(token.strip_prefix(TOKEN)?.to_owned()))
        .ok_or_else(expired)?;
    let Some(order) = &query.order else {
        return Ok(Some(Place { keys: Vec::new(), id: content }));
    };
    match serde_json::from_str::<(String, Vec<Key>, String)>(&content) {
        Ok((of, keys, id)) if of == *order => Ok(Some(Place { keys, id })),
        _ => Err(expired()),
    }
}
