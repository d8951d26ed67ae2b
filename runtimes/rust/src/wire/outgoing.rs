//! What a worker says, as frames; each text is cut to the maximum that the gateway accepts.

use serde::Serialize;
use serde_json::Value;

use super::frame::framed;
use super::limits::MAX_ERROR_TEXT_BYTES;

/// One header of an answer.
pub enum HeaderValue {
    One(String),
    /// One line each.
    Many(Vec<String>),
}

/// The beginning of an answer, without its body.
pub struct Head {
    pub status: u16,
    pub headers: Vec<(String, HeaderValue)>,
    /// Edge passthrough directive: an object.
    pub proxy: Option<Value>,
}

pub fn ready(concurrency: usize, version: &str) -> Vec<u8> {
    whole(format!(r#"{{"type":"ready","concurrency":{concurrency},"runtime_version":{}}}"#, quote(version)))
}

pub fn load_failed(text: &str, detail: &str) -> Vec<u8> {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    whole(format!(r#"{{"type":"load_failed",{}}}"#, failure(&line, detail)))
}

/// The end of an invocation that failed; undecodable: the answer is bad, not the call.
pub fn error(id: u32, text: &str, detail: &str, undecodable: bool) -> Vec<u8> {
    let mark = if undecodable { r#","undecodable":true"# } else { "" };
    whole(format!(r#"{{"type":"error","id":{id},{}{mark}}}"#, failure(text, detail)))
}

/// `text` within the maximum of a log message.
pub fn log(id: u32, stream: &str, text: &str) -> Vec<u8> {
    whole(format!(r#"{{"type":"log","id":{id},"stream":"{stream}","text":{}}}"#, quote(text)))
}

pub fn credit(id: u32, bytes: usize) -> Vec<u8> {
    whole(format!(r#"{{"type":"credit","id":{id},"bytes":{bytes}}}"#))
}

pub fn pong(n: i64) -> Vec<u8> {
    whole(format!(r#"{{"type":"pong","n":{n}}}"#))
}

/// A result without a body, or with one that is all here; an error when it fits no frame.
pub fn result(id: u32, head: &Head, text: &str) -> Result<Vec<u8>, String> {
    let body = match text {
        "" => r#"{"kind":"none"}"#.into(),
        text => format!(r#"{{"kind":"text","text":{}}}"#, quote(text)),
    };
    framed(&result_with(id, head, &body))
}

/// A result that chunks follow; `bytes` is their exact total where it is known.
pub fn result_stream(id: u32, head: &Head, bytes: Option<usize>) -> Result<Vec<u8>, String> {
    let total = bytes.map_or("null".into(), |bytes| bytes.to_string());
    framed(&result_with(id, head, &format!(r#"{{"kind":"stream","bytes":{total}}}"#)))
}

/// The JSON of a text.
pub fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// An object.
pub(super) fn append_headers(bytes: &mut Vec<u8>, headers: &[(String, HeaderValue)]) {
    bytes.push(b'{');
    for (index, (name, value)) in headers.iter().enumerate() {
        if index > 0 {
            bytes.push(b',');
        }
        append_json(bytes, name);
        bytes.push(b':');
        match value {
            HeaderValue::One(line) => append_json(bytes, line),
            HeaderValue::Many(lines) => append_json(bytes, lines),
        }
    }
    bytes.push(b'}');
}

fn append_json<T: Serialize + ?Sized>(bytes: &mut Vec<u8>, value: &T) {
    serde_json::to_writer(bytes, value).expect("a text is JSON, and memory takes all");
}

fn result_with(id: u32, head: &Head, body: &str) -> String {
    let mut headers = Vec::new();
    append_headers(&mut headers, &head.headers);
    let headers = String::from_utf8_lossy(&headers);
    let mut text = format!(r#"{{"type":"result","id":{id},"status":{},"headers":{headers},"body":{body}"#, head.status);
    if let Some(proxy) = &head.proxy {
        text += &format!(r#","proxy":{proxy}"#);
    }
    text + "}"
}

fn failure(text: &str, detail: &str) -> String {
    format!(r#""error":{},"detail":{}"#, quote(bounded(text).as_ref()), quote(bounded(detail).as_ref()))
}

/// The start of a text within the maximum, no character cut in two.
fn bounded(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= MAX_ERROR_TEXT_BYTES {
        return text.into();
    }
    let mut end = MAX_ERROR_TEXT_BYTES - "...".len();
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end]).into()
}

/// For messages whose parts all have maxima.
fn whole(message: String) -> Vec<u8> {
    framed(&message).expect("a message of bounded parts fits a frame")
}
