//! Speaks the Model Context Protocol to a server, in both of its eras.

use http::{Method, header};
use serde_json::{Value, json};

use super::{Client, Reply};

pub const HOST: &str = "up.example.org";

/// The two ways in which clients speak: with a handshake, or with everything in each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Era {
    Legacy,
    Modern,
}

pub const ERAS: [Era; 2] = [Era::Legacy, Era::Modern];
pub const MODERN: &str = "2026-07-28";

#[derive(Clone)]
pub struct Mcp {
    pub client: Client,
    pub era: Era,
}

impl Client {
    pub fn mcp(&self, era: Era) -> Mcp {
        Mcp { client: self.clone(), era }
    }

    /// Begins a request to the endpoint, as every client sends it.
    pub fn mcp_request(&self, method: Method) -> http::request::Builder {
        self.request(method, "//mcp")
            .header(header::HOST, HOST)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json, text/event-stream")
    }

    pub async fn mcp_post(&self, body: impl Into<axum::body::Body>) -> Reply {
        self.send(self.mcp_request(Method::POST), body).await
    }
}

impl Mcp {
    /// Returns the request for a method, and its body.
    pub fn message(&self, method: &str, mut params: Value) -> (http::request::Builder, String) {
        let mut request = self.client.mcp_request(Method::POST);
        match self.era {
            Era::Legacy => request = request.header("mcp-protocol-version", "2025-11-25"),
            Era::Modern => {
                params["_meta"] = json!({
                    "io.modelcontextprotocol/protocolVersion": MODERN,
                    "io.modelcontextprotocol/clientInfo": { "name": "tests", "version": "1" },
                    "io.modelcontextprotocol/clientCapabilities": {}
                });
                request = request.header("mcp-protocol-version", MODERN).header("mcp-method", method);
                if let Some(name) = params["name"].as_str().or_else(|| params["uri"].as_str()) {
                    request = request.header("mcp-name", name);
                }
            }
        }
        (request, json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string())
    }

    pub async fn send(&self, method: &str, params: Value) -> Reply {
        let (request, body) = self.message(method, params);
        self.client.send(request, body).await
    }

    /// Sends a request and returns its result.
    #[track_caller]
    pub fn ask(&self, method: &str, params: Value) -> impl Future<Output = Value> {
        let (mcp, method) = (self.clone(), method.to_owned());
        async move {
            let answer = mcp.send(&method, params).await.ok(200);
            assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(7)), "{answer}");
            assert!(answer["result"].is_object(), "{answer}");
            answer["result"].clone()
        }
    }

    /// Sends a request and returns the code and the message of its JSON-RPC error.
    pub async fn fail(&self, method: &str, params: Value) -> (i64, String) {
        let reply = self.send(method, params).await;
        let error = reply.json()["error"].clone();
        assert!(error.is_object(), "{}", reply.text);
        (error["code"].as_i64().unwrap(), error["message"].as_str().unwrap().to_owned())
    }

    pub async fn call_reply(&self, tool: &str, arguments: Value) -> Reply {
        self.send("tools/call", json!({ "name": tool, "arguments": arguments })).await
    }

    /// Calls a tool and returns its structured content, which is the same as its text.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        let reply = self.call_reply(tool, arguments).await;
        let result = reply.ok(200)["result"].clone();
        assert_eq!(result["isError"], false, "{tool}: {result}");
        let text = result["content"][0]["text"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(text).unwrap(), result["structuredContent"], "{tool}");
        assert_eq!(result["content"].as_array().unwrap().len(), 1, "{tool}");
        assert!(reply.text.len() < 100_000, "{tool} answers with {} bytes", reply.text.len());
        result["structuredContent"].clone()
    }

    /// Calls a tool that fails, and returns its sentence.
    pub async fn told(&self, tool: &str, arguments: Value) -> String {
        let result = self.call_reply(tool, arguments).await.ok(200)["result"].clone();
        assert_eq!(result["isError"], true, "{tool}: {result}");
        result["content"][0]["text"].as_str().unwrap().to_owned()
    }

    pub async fn tool_names(&self) -> Vec<String> {
        let list = self.ask("tools/list", json!({})).await;
        list["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }
}
