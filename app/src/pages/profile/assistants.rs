//! How an assistant is connected: the address to give it, and the lines that its client takes. The guide has the same
//! lines, with more about each client.

use crate::{
    auth::use_auth,
    components::{Choice, CopyBlock, Panel, SelectBox, Shape, SkeletonList},
    drafts::kept,
    lazy::{Lazy, lazy_view},
};
use leptos::prelude::*;

/// A program with a language model, or one that connects it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Client {
    ClaudeCode,
    ClaudeDesktop,
    Cursor,
    VsCode,
    Inspector,
    /// A program that can only start a command.
    Other,
}

impl Client {
    const ALL: &'static [Self] =
        &[Self::ClaudeCode, Self::ClaudeDesktop, Self::Cursor, Self::VsCode, Self::Inspector, Self::Other];

    const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCode => "Claude Code",
            Self::ClaudeDesktop => "Claude Desktop",
            Self::Cursor => "Cursor",
            Self::VsCode => "VS Code",
            Self::Inspector => "MCP Inspector",
            Self::Other => "Another program",
        }
    }

    const fn place(self) -> &'static str {
        match self {
            Self::ClaudeCode | Self::Inspector => "In a terminal",
            Self::ClaudeDesktop => "In the file that Settings, Developer, Edit Config opens",
            Self::Cursor => "In ~/.cursor/mcp.json",
            Self::VsCode => "In .vscode/mcp.json",
            Self::Other => "In the program's configuration",
        }
    }

    const fn advice(self, signs_in_by_browser: bool) -> &'static str {
        match (self, signs_in_by_browser) {
            (Self::ClaudeCode, true) => "Then type /mcp in Claude Code, choose uptrakit and sign in.",
            (Self::ClaudeDesktop, true) => {
                "It opens the browser for you to sign in. A server that the internet reaches can be added without any lines: \
                 under Settings, Connectors, Add custom connector, paste the address."
            }
            (Self::Cursor | Self::VsCode, true) => "It asks you to sign in.",
            (Self::Inspector, true) => "It opens a page in the browser. Connect there, and sign in.",
            (Self::Other, true) => "For programs that can start a command. It opens the browser for you to sign in.",
            (Self::ClaudeCode | Self::Cursor | Self::Inspector, false) => {
                "Put an API token into the variable UPTRAKIT_TOKEN before you start it."
            }
            (Self::VsCode, false) => "It asks for an API token, and keeps it for you.",
            (Self::ClaudeDesktop | Self::Other, false) => "Put an API token in the place of upk_….",
        }
    }

    /// Returns the lines that connect it to this address, with an API token where signing in by the browser is not
    /// offered.
    fn lines(self, url: &str, signs_in_by_browser: bool) -> String {
        let (before, after) = match (self, signs_in_by_browser) {
            (Self::ClaudeCode, true) => ("claude mcp add --transport http uptrakit ", ""),
            (Self::ClaudeCode, false) => (
                "claude mcp add --transport http uptrakit ",
                " \\\n  --header \"Authorization: Bearer $UPTRAKIT_TOKEN\"",
            ),
            (Self::ClaudeDesktop | Self::Other, true) => (
                r#"{
  "mcpServers": {
    "uptrakit": {
      "command": "npx",
      "args": ["mcp-remote", ""#,
                r#""]
    }
  }
}"#,
            ),
            (Self::ClaudeDesktop | Self::Other, false) => (
                r#"{
  "mcpServers": {
    "uptrakit": {
      "command": "npx",
      "args": [
        "mcp-remote", ""#,
                r#"",
        "--header", "Authorization:${UPTRAKIT_AUTH}"
      ],
      "env": { "UPTRAKIT_AUTH": "Bearer upk_…" }
    }
  }
}"#,
            ),
            (Self::Cursor, true) => (
                r#"{
  "mcpServers": {
    "uptrakit": { "url": ""#,
                r#"" }
  }
}"#,
            ),
            (Self::Cursor, false) => (
                r#"{
  "mcpServers": {
    "uptrakit": {
      "url": ""#,
                r#"",
      "headers": { "Authorization": "Bearer ${env:UPTRAKIT_TOKEN}" }
    }
  }
}"#,
            ),
            (Self::VsCode, true) => (
                r#"{
  "servers": {
    "uptrakit": { "type": "http", "url": ""#,
                r#"" }
  }
}"#,
            ),
            (Self::VsCode, false) => (
                r#"{
  "inputs": [
    { "type": "promptString", "id": "uptrakit", "description": "Uptrakit token", "password": true }
  ],
  "servers": {
    "uptrakit": {
      "type": "http",
      "url": ""#,
                r#"",
      "headers": { "Authorization": "Bearer ${input:uptrakit}" }
    }
  }
}"#,
            ),
            (Self::Inspector, true) => ("npx @modelcontextprotocol/inspector --transport http --server-url ", ""),
            (Self::Inspector, false) => (
                "npx @modelcontextprotocol/inspector --cli --transport http \\\n  --server-url ",
                " \\\n  --header \"Authorization: Bearer $UPTRAKIT_TOKEN\" \\\n  \
                 --method tools/call --tool-name list_hosts --tool-arg needs=security_updates",
            ),
        };
        [before, url, after].concat()
    }
}

impl Choice for Client {
    fn value(&self) -> String {
        self.name().to_owned()
    }

    fn label(&self) -> String {
        self.name().to_owned()
    }
}

#[component]
pub fn AssistantsSection() -> impl IntoView {
    let auth = use_auth();
    let url = move || auth.visitor().and_then(|visitor| visitor.assistant_url);
    let has_browser_sign_in = Memo::new(move |_| auth.visitor().is_some_and(|visitor| visitor.has_applications));
    let way = move || {
        if has_browser_sign_in.get() {
            "It opens Uptrakit in the browser, where you say what it may do."
        } else {
            "It needs an API token, too, which may do no more than the assistant shall."
        }
    };
    // The code is downloaded when it is asked for: few who come here connect an assistant.
    let is_open = RwSignal::new(false);
    let lines = move || {
        let waiting = || view! { <SkeletonList shape=Shape::Row /> }.into_any();
        is_open.get().then(|| view! { <Lazy load=connecting waiting=waiting /> }.into_any())
    };
    view! {
        <Panel id="assistants" title="Connect an assistant">
            <p>
                "Ask Claude, Cursor, VS Code or another assistant which machines need security updates. Give it the address "
                <code>{move || url()}</code> ". " {move || way()} " "
                <a href="/docs/mcp" target="_self">
                    "More about assistants"
                </a>
            </p>
            <details class="disclosure" on:toggle=move |_| is_open.update(|is_open| *is_open = !*is_open)>
                <summary>"Address and lines to copy"</summary>
                {move || lines()}
            </details>
        </Panel>
    }
}

lazy_view!(connecting in assistants, || view! { <Connecting /> });

#[component]
fn Connecting() -> impl IntoView {
    let visitor = untrack(|| use_auth().visitor());
    let signs_in_by_browser = visitor.as_ref().is_some_and(|visitor| visitor.has_applications);
    let url = visitor.and_then(|visitor| visitor.assistant_url).unwrap_or_default();
    let client = kept("assistants.client", || Client::ClaudeCode);
    let address = url.clone();
    let how = move || {
        let chosen = client.get();
        let lines = chosen.lines(&url, signs_in_by_browser);
        let what = ["the lines for ", chosen.name()].concat();
        view! {
            <CopyBlock label=chosen.place() what=what testid="assistant-lines" text=lines />
            <p class="muted">{chosen.advice(signs_in_by_browser)}</p>
        }
        .into_any()
    };
    view! {
        <CopyBlock label="Address" what="the address" testid="assistant-address" text=address />
        <div class="controls">
            <SelectBox
                label="Assistant"
                value=client
                options=Client::ALL
                on_choose=Callback::new(move |chosen| client.set(chosen))
            />
        </div>
        {move || how()}
    }
}
