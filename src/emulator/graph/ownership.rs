//! `ownedObjects` and `createdObjects` of users and service principals.

use super::{
    super::{
        refusal::Refusal,
        world::{Collection, OWNERS, text, texts},
    },
    Answer, Request,
    access::READ_APPLICATIONS,
    owners, service_principals, users,
};

/// Which service principal created an application, service principal or group.
pub(super) const CREATED_BY: &str = "~createdBy";

const OWNED: [Collection; 3] = [Collection::Applications, Collection::ServicePrincipals, Collection::Groups];

fn subject<'a>(request: &Request<'a>) -> Result<&'a str, Refusal> {
    if request.method != "GET" {
        return Err(Refusal::method_not_allowed());
    }
    request.caller.needs(READ_APPLICATIONS)?;
    let found = if request.segment(0).eq_ignore_ascii_case("users") {
        users::find(request)
    } else {
        service_principals::find(request)
    };
    found.map(|object| text(object, "id"))
}

pub(super) fn owned(request: &Request<'_>) -> Result<Answer, Refusal> {
    let id = subject(request)?;
    let owned = OWNED.into_iter().flat_map(|collection| request.lists.all(collection));
    let owned = owned.filter(|object| texts(object, OWNERS).any(|owner| owner == id));
    owners::mixed(request, owned.map(|object| text(object, "id")), 3)
}

pub(super) fn created(request: &Request<'_>) -> Result<Answer, Refusal> {
    let id = subject(request)?;
    let created = OWNED.into_iter().flat_map(|collection| request.lists.all(collection));
    let created = created.filter(|object| text(object, CREATED_BY) == id);
    owners::mixed(request, created.map(|object| text(object, "id")), 3)
}
