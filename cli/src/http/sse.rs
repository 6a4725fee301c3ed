//! Server-sent events as the HTML standard defines them: `event:` and `data:` lines, and an empty line that ends an
//! event. Ids and retry times, which the server does not send, are ignored. The
//! crates for this are asynchronous.

use std::{
    io::{self, BufRead},
    mem,
};

#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// The server sends a comment as a heartbeat.
    Comment,
    Event(Event),
}

#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// The type of the event; `message` when the server names none.
    pub kind: String,
    pub data: String,
}

pub struct Messages<R> {
    reader: R,
    kind: String,
    data: Option<String>,
}

impl<R: BufRead> Messages<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, kind: String::new(), data: None }
    }
}

impl<R: BufRead> Iterator for Messages<R> {
    type Item = io::Result<Message>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = String::new();
        loop {
            line.clear();
            match self.reader.read_line(&mut line) {
                // The standard discards an event that the end of the stream cuts short.
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            let text = line.strip_suffix('\n').unwrap_or(&line);
            let text = text.strip_suffix('\r').unwrap_or(text);
            if text.is_empty() {
                let kind = mem::take(&mut self.kind);
                if let Some(data) = self.data.take() {
                    let kind = if kind.is_empty() { "message".to_owned() } else { kind };
                    return Some(Ok(Message::Event(Event { kind, data })));
                }
                continue;
            }
            if text.starts_with(':') {
                return Some(Ok(Message::Comment));
            }
            let (field, value) = text.split_once(':').unwrap_or((text, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.kind),
                "data" => match &mut self.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    None => self.data = Some(value.to_owned()),
                },
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Message, Messages};

    fn read(text: &str) -> Vec<Message> {
        Messages::new(text.as_bytes()).map(Result::unwrap).collect()
    }

    fn event(kind: &str, data: &str) -> Message {
        Message::Event(Event { kind: kind.to_owned(), data: data.to_owned() })
    }

    #[test]
    fn events_are_told_apart() {
        let text = ": hello\n\nevent: host\nid: 7\ndata: {\"a\":1}\n\ndata:one\r\ndata: two\r\n\r\n";
        assert_eq!(read(text), [Message::Comment, event("host", "{\"a\":1}"), event("message", "one\ntwo")]);
    }

    #[test]
    fn a_comment_inside_an_event_changes_nothing_of_it() {
        assert_eq!(read("event: host\n: hello\ndata: x\n\n"), [Message::Comment, event("host", "x")]);
    }

    #[test]
    fn an_event_without_data_and_one_without_an_end_do_not_count() {
        assert_eq!(read("event: host\n\ndata: x\n\nevent: host\ndata: y\n"), [event("message", "x")]);
    }
}
