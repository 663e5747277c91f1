//! Which of the given manifests make an estate together, where several estates were given.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::files;
use super::source::Source;
use super::tree::{self, Content};

/// Manifests that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EstatePaths {
    /// As the manifests say it; none, where they do not.
    pub tenant: Option<String>,
    pub estate: Option<String>,
    /// What to give to [`super::load`].
    pub paths: Vec<PathBuf>,
}

/// Files that say nothing of an estate, where there are several.
#[derive(Debug, thiserror::Error)]
#[error("`{}` says neither `tenant` nor `estate`, and there are several estates that it could belong to", .0.display())]
pub struct OfNoEstate(pub PathBuf);

/// Tells the estates among manifests apart.
///
/// Where all of them name one tenant and one estate they are one, wherever they lie. Otherwise each directory with
/// manifests that name a tenant or an estate is one, with all below it; those of the same tenant and name are one again.
/// Manifests in one directory that name different ones stay together, and [`super::load`] says what is wrong with them.
pub fn estates(paths: &[PathBuf], working_directory: &Path) -> Result<Vec<EstatePaths>, OfNoEstate> {
    let files: Vec<Stated> = paths.iter().flat_map(|path| stated(path, working_directory)).collect();
    let tenants: BTreeSet<String> =
        files.iter().filter_map(|file| file.tenant.as_ref()).map(|it| it.to_lowercase()).collect();
    let names: BTreeSet<&String> = files.iter().filter_map(|file| file.estate.as_ref()).collect();
    if tenants.len() < 2 && names.len() < 2 {
        let of = |text: fn(&Stated) -> Option<&String>| files.iter().find_map(text).cloned();
        let (tenant, estate) = (of(|file| file.tenant.as_ref()), of(|file| file.estate.as_ref()));
        return Ok(vec![EstatePaths { tenant, estate, paths: paths.to_vec() }]);
    }
    let roots: BTreeSet<&Path> =
        files.iter().filter(|file| file.says_something()).map(|file| &*file.directory).collect();
    let mut groups: BTreeMap<&Path, Vec<&Stated>> = BTreeMap::new();
    let mut order: Vec<&Path> = Vec::new();
    for file in &files {
        // The one nearest to the top, so that nobody takes an estate apart by a slip of the pen further down.
        let above = file.directory.ancestors().take_while(|directory| directory.starts_with(file.top()));
        let root = above.filter(|directory| roots.contains(directory)).last();
        let root = root.ok_or_else(|| OfNoEstate(file.path.clone()))?;
        if !groups.contains_key(root) {
            order.push(root);
        }
        groups.entry(root).or_default().push(file);
    }
    let mut estates: Vec<EstatePaths> = Vec::new();
    for root in order {
        let members = groups.remove(root).unwrap_or_default();
        let of = |text: fn(&Stated) -> Option<&String>| members.iter().find_map(|file| text(file)).cloned();
        let (tenant, estate) = (of(|file| file.tenant.as_ref()), of(|file| file.estate.as_ref()));
        let mut places: Vec<PathBuf> = Vec::new();
        for member in &members {
            let place = if member.was_given { member.path.clone() } else { root.to_owned() };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let is_same = |other: &&mut EstatePaths| {
            let lower = |tenant: &Option<String>| tenant.as_ref().map(|tenant| tenant.to_lowercase());
            tenant.is_some() && estate.is_some() && lower(&other.tenant) == lower(&tenant) && other.estate == estate
        };
        match estates.iter_mut().find(is_same) {
            Some(other) => other.paths.extend(places),
            None => estates.push(EstatePaths { tenant, estate, paths: places }),
        }
    }
    Ok(estates)
}

/// A manifest and what it says of its estate.
struct Stated {
    path: PathBuf,
    directory: PathBuf,
    /// The path that was given and led to it.
    argument: PathBuf,
    /// Whether the file itself was given, and no directory.
    was_given: bool,
    tenant: Option<String>,
    estate: Option<String>,
}

impl Stated {
    fn says_something(&self) -> bool {
        self.tenant.is_some() || self.estate.is_some()
    }

    /// The directory above which nothing is looked at.
    fn top(&self) -> &Path {
        if self.was_given { &self.directory } else { &self.argument }
    }
}

fn stated(argument: &Path, working_directory: &Path) -> Vec<Stated> {
    let (files, _) = files::read(&[argument.to_owned()], working_directory);
    let is_here = argument == Path::new(".");
    let files = files.into_iter().map(|file| {
        let of = |key: &str| value_of(&file.source, key);
        Stated {
            tenant: of("tenant"),
            estate: of("estate"),
            was_given: file.path == argument,
            argument: if is_here { PathBuf::new() } else { argument.components().collect() },
            directory: file.directory.components().collect(),
            path: file.path,
        }
    });
    files.collect()
}

/// What a manifest says under a key at its top. One that is broken elsewhere still says it.
fn value_of(source: &Source, key: &str) -> Option<String> {
    if let (Some(tree), _) = tree::parse(source) {
        return match &tree.entry(key)?.value.value {
            Content::Text(text) => Some(text.clone()),
            Content::Null | Content::Bool(_) | Content::Number(_) | Content::List(_) | Content::Map(_) => None,
        };
    }
    let line = source.text().lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'))?;
    let value = line.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}
