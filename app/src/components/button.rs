//! Buttons. One that stands among its like in the rows of a list says to screen readers which row it is for.

use leptos::prelude::*;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// Several buttons matter alike.
    #[default]
    Plain,
    Primary,
    Danger,
    /// The rows of a list have this button.
    Ghost,
    GhostBad,
}

impl ButtonKind {
    const fn class(self, is_small: bool) -> &'static str {
        match (self, is_small) {
            (Self::Plain, false) => "button",
            (Self::Plain, true) => "button small",
            (Self::Primary, false) => "button primary",
            (Self::Primary, true) => "button primary small",
            (Self::Danger, false) => "button danger",
            (Self::Danger, true) => "button danger small",
            (Self::Ghost, false) => "button ghost",
            (Self::Ghost, true) => "button ghost small",
            (Self::GhostBad, false) => "button ghost bad",
            (Self::GhostBad, true) => "button ghost small bad",
        }
    }
}

/// A button that does something here, other than sending a form.
#[component]
pub fn Button(
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] small: bool,
    #[prop(optional_no_strip, into)] id: Option<String>,
    #[prop(optional)] title: Option<&'static str>,
    #[prop(optional, into)] disabled: Signal<bool>,
    #[prop(optional, into)] hidden: Signal<bool>,
    #[prop(into)] on_press: Callback<()>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=kind.class(small)
            id=id
            title=title
            disabled=move || disabled.get()
            hidden=move || hidden.get()
            on:click=move |_| on_press.run(())
        >
            {children()}
        </button>
    }
}

/// A button in a row; `of` completes its name for those who don't see the row.
#[component]
pub fn RowButton(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] of: Signal<String>,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional_no_strip, into)] id: Option<String>,
    #[prop(into)] on_press: Callback<()>,
) -> impl IntoView {
    view! {
        <Button kind=kind small=true id=id on_press=on_press>
            {move || label.get()}
            <span class="visually-hidden">" " {move || of.get()}</span>
        </Button>
    }
}

#[component]
pub fn SubmitButton(
    #[prop(default = ButtonKind::Primary)] kind: ButtonKind,
    #[prop(optional, into)] busy: Signal<bool>,
    #[prop(optional, into)] disabled: Signal<bool>,
    children: Children,
) -> impl IntoView {
    view! {
        <button
            type="submit"
            class=kind.class(false)
            aria-busy=move || busy.get().then_some("true")
            disabled=move || disabled.get()
        >
            {children()}
        </button>
    }
}
