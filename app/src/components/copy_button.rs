//! Copies text to the clipboard and says so. Where the browser refuses, the text is selected for a copy by hand.

use super::{Button, ButtonKind, Callout, Tone, use_announcer};
use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// The state that the buttons around one text share.
#[derive(Clone, Copy)]
pub struct Copying {
    shown: NodeRef<html::Code>,
    is_refused: RwSignal<bool>,
    /// Runs after every copy, one by hand included.
    on_copied: Callback<()>,
}

impl Copying {
    pub fn new(on_copied: impl Into<Callback<()>>) -> Self {
        Self { shown: NodeRef::new(), is_refused: RwSignal::new(false), on_copied: on_copied.into() }
    }

    fn refused(self) {
        self.is_refused.try_set(true);
        if let (Some(shown), Ok(Some(selection))) = (self.shown.get_untracked(), window().get_selection()) {
            let _ = selection.select_all_children(&shown);
        }
    }
}

#[component]
pub fn CopyButton(
    copying: Copying,
    /// Is read out behind the label, for a button that stands among others.
    #[prop(optional, into)]
    what: String,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] small: bool,
    /// Is asked for at the press.
    text: Callback<(), String>,
) -> impl IntoView {
    let is_copied = RwSignal::new(false);
    let announcer = use_announcer();
    let copy = move || {
        let text = text.run(());
        spawn_local(async move {
            if write(&text).await {
                is_copied.try_set(true);
                announcer.announce("Copied to the clipboard");
                copying.on_copied.run(());
            } else {
                copying.refused();
            }
        });
    };
    view! {
        <Button kind=kind small=small on_press=copy>
            {move || if is_copied.get() { "Copied" } else { "Copy" }}
            {(!what.is_empty()).then(|| view! { <span class="visually-hidden">" " {what}</span> })}
        </Button>
    }
}

#[component]
pub fn CopyLine(
    copying: Copying,
    /// Begins a sentence about the text.
    what: &'static str,
    #[prop(optional)] testid: &'static str,
    #[prop(into)] text: Signal<String>,
) -> impl IntoView {
    view! {
        <div>
            <div class="token-line">
                <code
                    node_ref=copying.shown
                    data-testid=testid
                    tabindex="0"
                    on:copy=move |_| copying.on_copied.run(())
                >
                    {move || text.get()}
                </code>
                <CopyButton copying=copying kind=ButtonKind::Primary text=Callback::new(move |()| text.get_untracked()) />
            </div>
            <CopyByHand copying=copying what=what />
        </div>
    }
}

#[component]
pub fn CopyBlock(
    label: &'static str,
    /// Is read out behind "Copy".
    #[prop(into)]
    what: String,
    testid: &'static str,
    text: String,
) -> impl IntoView {
    let copying = Copying::new(|| {});
    let has_lines = text.contains('\n');
    let (text, shown) = (StoredValue::new(text.clone()), text);
    view! {
        <div>
            <div class="ready-line">
                <span class="muted">{label}</span>
                <code class:lines=has_lines node_ref=copying.shown data-testid=testid tabindex="0">
                    {shown}
                </code>
                <CopyButton
                    copying=copying
                    what=what
                    small=true
                    text=Callback::new(move |()| text.get_value())
                />
            </div>
            <CopyByHand copying=copying what="The text" />
        </div>
    }
}

#[component]
fn CopyByHand(copying: Copying, what: &'static str) -> impl IntoView {
    let help = move || {
        let how = " is selected: press Ctrl+C (⌘C on a Mac), or copy it with the menu of your device.";
        let words = ["The browser doesn't let this page use the clipboard. ", what, how].concat();
        copying.is_refused.get().then(|| view! { <Callout tone=Tone::Warn>{words}</Callout> }.into_any())
    };
    view! { <div aria-live="polite">{move || help()}</div> }
}

/// Returns true when the browser took the text. Outside of secure contexts there is no clipboard at all.
async fn write(text: &str) -> bool {
    let navigator = window().navigator();
    let there = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard")).is_ok_and(|it| it.is_object());
    there && JsFuture::from(navigator.clipboard().write_text(text)).await.is_ok()
}
