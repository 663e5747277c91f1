//! The estate's certificates on one line of time each, those that end first before the others.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::model::{CertificateLife, Generation, GenerationState, Plan};

use super::super::paint::Paint;
use super::super::rotation;
use super::element::{element, escaped, section};

/// So many lines are shown at once.
const FEW: usize = 40;

/// How wide a line of time is, in units of its own.
const WIDTH: f64 = 1000.0;

pub(super) fn timeline(plan: &Plan) -> String {
    if plan.certificates.is_empty() && plan.rotations.is_empty() {
        return String::new();
    }
    let axis = Axis::of(plan);
    let mut lives: Vec<&CertificateLife> = plan.certificates.iter().collect();
    lives.sort_by_key(|life| (end(life), life.address.clone()));
    let rows: Vec<String> = lives.into_iter().map(|life| row(life, &axis, plan)).collect();
    let (first, rest) = rows.split_at(rows.len().min(FEW));
    let mut out = legend() + &axis.ticks();
    out += &element("ul", "lives", &first.concat());
    if !rest.is_empty() {
        let summary = element("summary", "", &format!("{} more, which end later", rest.len()));
        out += &element("details", "", &(summary + &axis.ticks() + &element("ul", "lives", &rest.concat())));
    }
    for one in &plan.rotations {
        let lines: Vec<String> = rotation(one, Paint::PLAIN).iter().map(|line| escaped(line)).collect();
        out += &element("h3", "", &escaped(&one.address.to_string()));
        out += &element("pre", "", &lines.join("\n"));
    }
    section("certificates", &format!("Certificates ({})", plan.certificates.len()), &out)
}

fn legend() -> String {
    let entry = |class: &str, words: &str| {
        let sample = format!(
            "<svg class=\"sample\" viewBox=\"0 0 1 1\"><rect class=\"{class}\" width=\"1\" height=\"1\"/></svg>"
        );
        element("li", "", &format!("{sample} {words}"))
    };
    let entries = [
        entry("active", "in use"),
        entry("next", "to come"),
        entry("retiring", "on its way out"),
        entry("expired", "ended"),
        entry("window", "a plan renews it"),
        entry("now", "now"),
    ];
    element("ul", "legend", &entries.concat())
}

/// When the last of its generations ends.
fn end(life: &CertificateLife) -> Timestamp {
    life.generations.iter().filter_map(|generation| generation.not_after).max().unwrap_or(Timestamp::MAX)
}

/// From the first beginning to the last end, and now.
struct Axis {
    from: i64,
    to: i64,
}

impl Axis {
    fn of(plan: &Plan) -> Self {
        let generations = plan.certificates.iter().flat_map(|life| &life.generations);
        let instants = generations.flat_map(|generation| [generation.not_before, generation.not_after]).flatten();
        let now = plan.now.as_second();
        let (from, to) =
            instants.map(Timestamp::as_second).fold((now, now), |(from, to), at| (from.min(at), to.max(at)));
        // Whatever is there, there is a day to show.
        Self { from, to: to.max(from + 86_400) }
    }

    #[expect(clippy::cast_precision_loss, reason = "a second more or less is not seen")]
    fn place(&self, at: Timestamp) -> f64 {
        let share = (at.as_second() - self.from) as f64 / (self.to - self.from) as f64;
        share.clamp(0.0, 1.0) * WIDTH
    }

    /// Months or years above the lines of time, no more than can be read on a phone.
    fn ticks(&self) -> String {
        let month = |second: i64| {
            let said = Timestamp::from_second(second).map(|at| at.strftime("%Y %m").to_string()).unwrap_or_default();
            let mut numbers = said.split(' ').filter_map(|number| number.parse::<i64>().ok());
            numbers.next().unwrap_or(1970) * 12 + numbers.next().unwrap_or(1) - 1
        };
        let (first, last) = (month(self.from), month(self.to));
        let stride = [1, 2, 3, 6, 12, 24, 60].into_iter().find(|stride| (last - first) / stride < 6).unwrap_or(120);
        let mut out = String::new();
        for month in (first + 1..=last).filter(|month| month % stride == 0) {
            let label = format!("{:04}-{:02}", month / 12, month % 12 + 1);
            let Ok(at) = format!("{label}-01T00:00:00Z").parse::<Timestamp>() else { continue };
            let _ = write!(out, "<span style=\"left:{:.1}%\">{label}</span>", self.place(at) / WIDTH * 100.0);
        }
        format!("<div class=\"ticks\" aria-hidden=\"true\">{out}</div>\n")
    }
}

fn row(life: &CertificateLife, axis: &Axis, plan: &Plan) -> String {
    let CertificateLife { address, generations, renewed_from } = life;
    let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
    let mut bars = String::new();
    let mut said = Vec::new();
    for (lane, generation) in generations.iter().enumerate() {
        let Generation { state, thumbprint, not_before, not_after, removed_from: _ } = generation;
        let (Some(from), Some(to)) = (not_before, not_after) else { continue };
        bars += &bar(state.as_str(), (axis.place(*from), axis.place(*to)), lane);
        let which: String = match thumbprint {
            Some(thumbprint) => thumbprint.as_str().chars().take(8).collect(),
            None => "to be made".to_owned(),
        };
        said.push(format!("{} {which}: {} to {}", state.as_str(), day(*from), day(*to)));
        if let (Some(renewed), true) = (renewed_from, lane + 1 == generations.len()) {
            bars += &bar("window", (axis.place(*renewed), axis.place(*to)), lane);
            said.push(format!("renewed from {} on", day(*renewed)));
        }
    }
    let height = generations.len().max(1) * 12;
    let now = axis.place(plan.now);
    let name = escaped(&format!("{}/{}", address.holder, address.name));
    let words = escaped(&said.join("; "));
    let svg = format!(
        "<svg viewBox=\"0 0 1000 {height}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{words}\" \
         style=\"height:{height}px\">{bars}<rect class=\"now\" x=\"{now:.1}\" width=\"3\" height=\"{height}\"/></svg>\n"
    );
    let left = left(generations, plan.now);
    element("li", "", &format!("<b>{name}</b> {left}{svg}{}", element("small", "", &words)))
}

/// How long the certificate in use still lasts.
fn left(generations: &[Generation], now: Timestamp) -> String {
    let active = generations.iter().find(|generation| generation.state == GenerationState::Active);
    let Some(end) = active.and_then(|generation| generation.not_after) else { return String::new() };
    let days = end.duration_since(now).as_hours().div_euclid(24);
    let class = match days {
        ..30 => "badge destroy",
        30..90 => "badge change",
        _ => "badge",
    };
    element("span", class, &format!("{days} days left"))
}

fn bar(class: &str, (from, to): (f64, f64), lane: usize) -> String {
    // Even an hour is seen.
    let width = (to - from).max(2.0);
    format!("<rect class=\"{class}\" x=\"{from:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"10\"/>", lane * 12 + 1)
}
