//! One comparison for all kinds of resources: the fields that are managed, as declared and as found.

use crate::model::{FieldChange, Fields, Value};

/// The fields of `desired` that `actual` does not have so, in the order of their names.
///
/// Fields that only `actual` has are not managed and never differ.
pub fn diff(desired: &Fields, actual: &Fields, forces_replacement: &[&str]) -> Vec<FieldChange> {
    desired
        .iter()
        .filter_map(|(path, after)| {
            let before = actual.get(path).unwrap_or(&Value::Null);
            (before != after).then(|| FieldChange {
                path: path.clone(),
                before: before.clone(),
                after: after.clone(),
                forces_replacement: forces_replacement.contains(&path.as_str()),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, Value)]) -> Fields {
        pairs.iter().map(|(path, value)| ((*path).to_owned(), value.clone())).collect()
    }

    #[test]
    fn only_declared_fields_can_differ() {
        let actual = fields(&[("displayName", Value::text("a")), ("notes", Value::text("by hand"))]);
        assert!(diff(&fields(&[("displayName", Value::text("a"))]), &actual, &[]).is_empty());
        let changes = diff(&fields(&[("displayName", Value::text("b"))]), &actual, &["displayName"]);
        assert_eq!(changes.len(), 1);
        assert!(changes[0].forces_replacement);
    }

    #[test]
    fn sets_compare_without_order_and_names_by_their_id() {
        let one = Value::set([Value::named("1", "Zoe"), Value::named("2", "Amanda")]);
        let other = Value::set([Value::named("2", "Amanda Morgan"), Value::named("1", "Zoe Howard")]);
        assert!(diff(&fields(&[("owners", one)]), &fields(&[("owners", other)]), &[]).is_empty());
    }
}
