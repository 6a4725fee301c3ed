//! The custom properties of style/tokens.css, read from the file itself, so that none is forgotten here.

use super::panel;
use crate::dom::{El, el};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

const SOURCE: &str = include_str!("../../../../style/tokens.css");

/// One panel per kind of property.
pub fn panels() -> Vec<El> {
    let names = names();
    let starting = |prefixes: &[&str]| {
        names.iter().filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix))).copied().collect::<Vec<_>>()
    };
    let (spaces, sizes) =
        (starting(&["--space-"]), starting(&["--text-small", "--text-body", "--text-title", "--text-page"]));
    let radii = starting(&["--radius"]);
    let lengths = starting(&["--control", "--bar", "--column", "--quick", "--sans", "--mono"]);
    let shadows = starting(&["--shadow"]);
    let others = [&spaces, &sizes, &radii, &lengths, &shadows];
    let colours = names.iter().filter(|name| !others.iter().any(|list| list.contains(name)));
    vec![
        panel("Colour", grid(colours.map(|name| sample(name, "swatch", "background")).collect())),
        panel("Space", grid(spaces.iter().map(|name| sample(name, "measure-bar", "width")).collect())),
        panel("Type", el("div", "").child(sizes.iter().map(|name| type_sample(name)).collect::<Vec<_>>())),
        panel("Radius", grid(radii.iter().map(|name| sample(name, "swatch", "border-radius")).collect())),
        panel("Height", grid(shadows.iter().map(|name| sample(name, "swatch", "box-shadow")).collect())),
    ]
}

/// The names, in the order of the file.
fn names() -> Vec<&'static str> {
    SOURCE
        .lines()
        .filter_map(|line| line.trim().split_once(':').map(|(name, _)| name))
        .filter(|name| name.starts_with("--"))
        .collect()
}

fn grid(samples: Vec<El>) -> El {
    el("div", "samples-grid").child(samples)
}

fn sample(name: &str, class: &str, property: &str) -> El {
    el("div", "").child(with(el("div", class), property, name)).child(el("code", "sub").child(name))
}

fn type_sample(name: &str) -> El {
    let line = el("p", "").child("Which keys exist, and who uses them? ").child(el("code", "muted").child(name));
    with(line, "font-size", name)
}

/// Sets a property through the object model: the page's policy refuses style attributes.
fn with(element: El, property: &str, name: &str) -> El {
    let style = element.node().unchecked_ref::<HtmlElement>().style();
    let _ = style.set_property(property, &["var(", name, ")"].concat());
    element
}
