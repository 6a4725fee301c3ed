//! The custom properties of style/tokens.css, read from the file itself, so that none is forgotten here.

use super::Examples;
use leptos::{html, prelude::*};

const SOURCE: &str = include_str!("../../../../style/tokens.css");

#[component]
pub fn Properties() -> impl IntoView {
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
    let colours: Vec<_> = names.iter().filter(|name| !others.iter().any(|list| list.contains(name))).copied().collect();
    view! {
        <Examples title="Colour">
            <Samples names=colours class="swatch" property="background" />
        </Examples>
        <Examples title="Space">
            <Samples names=spaces class="measure-bar" property="width" />
        </Examples>
        <Examples title="Type">
            <div>{sizes.into_iter().map(|name| view! { <TypeSample name=name /> }).collect_view()}</div>
        </Examples>
        <Examples title="Radius">
            <Samples names=radii class="swatch" property="border-radius" />
        </Examples>
        <Examples title="Height">
            <Samples names=shadows class="swatch" property="box-shadow" />
        </Examples>
    }
}

fn names() -> Vec<&'static str> {
    SOURCE
        .lines()
        .filter_map(|line| line.trim().split_once(':').map(|(name, _)| name))
        .filter(|name| name.starts_with("--"))
        .collect()
}

#[component]
fn Samples(names: Vec<&'static str>, class: &'static str, property: &'static str) -> impl IntoView {
    let sample = |name: &'static str| {
        let shape = NodeRef::<html::Div>::new();
        Effect::new(move |_| {
            if let Some(shape) = shape.get() {
                set_property(&shape, property, name);
            }
        });
        view! {
            <div>
                <div class=class node_ref=shape></div>
                <code class="sub">{name}</code>
            </div>
        }
    };
    view! { <div class="samples-grid">{names.into_iter().map(sample).collect_view()}</div> }
}

#[component]
fn TypeSample(name: &'static str) -> impl IntoView {
    let line = NodeRef::<html::P>::new();
    Effect::new(move |_| {
        if let Some(line) = line.get() {
            set_property(&line, "font-size", name);
        }
    });
    view! { <p node_ref=line>"Which keys exist, and who uses them? " <code class="muted">{name}</code></p> }
}

/// Sets a property through the object model: the page's policy refuses style attributes.
fn set_property(element: &web_sys::HtmlElement, property: &str, name: &str) {
    let _ = element.style().set_property(property, &["var(", name, ")"].concat());
}
