//! A handler's result -> one answer. Promises that what it lets through is accepted by the gateway; anything else is the
//! handler's failure.

use serde_json::Value;

use crate::failure::Failure;
use crate::headers::{content_type, from_pairs, from_value, with_default_type, Headers};
use crate::reply::Reply;
use crate::response::{Response, ResponseBody, Source};
use crate::wire::incoming::Object;
use crate::wire::outgoing::Head;
use crate::{base64, csv};

pub struct Answer {
    pub head: Head,
    pub body: AnswerBody,
}

pub enum AnswerBody {
    Text(String),
    Bytes(Vec<u8>),
    Stream(Source),
}

const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";
const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

const STATUS_KEYS: [&str; 2] = ["status", "statusCode"];
const CONTENT_KEYS: [&str; 6] = ["headers", "body", "is_base64", "isBase64Encoded", "body_base64", "proxy"];

pub fn to_answer(reply: Reply) -> Result<Answer, Failure> {
    match reply {
        Reply::Empty => Ok(plain(Vec::new(), AnswerBody::Text(String::new()))),
        Reply::Text(text) if text.is_empty() => to_answer(Reply::Empty),
        Reply::Text(text) => Ok(typed(if looks_like_html(&text) { HTML } else { PLAIN }, AnswerBody::Text(text))),
        Reply::Bytes(bytes) => Ok(typed(OCTETS, AnswerBody::Bytes(bytes))),
        Reply::Data(Value::Object(fields)) if is_envelope(&fields) => from_envelope(&fields),
        Reply::Data(value @ (Value::Array(_) | Value::Object(_))) => Ok(typed(JSON, AnswerBody::Text(value.to_string()))),
        Reply::Data(value) => to_answer(crate::reply::IntoReply::into_reply(value)),
        Reply::Response(response) => from_response(response),
        Reply::Failure(text) => Err(Failure::returned(text)),
    }
}

fn plain(headers: Headers, body: AnswerBody) -> Answer {
    Answer { head: Head { status: 200, headers, proxy: None }, body }
}

fn typed(kind: &str, body: AnswerBody) -> Answer {
    plain(with_default_type(Vec::new(), kind), body)
}

fn looks_like_html(text: &str) -> bool {
    let head = text.trim().to_lowercase();
    head.starts_with("<!doctype html") || head.starts_with("<html") || head.contains("<body") || head.contains("</html>")
}

/// `status` alone makes an answer only when it is an HTTP status, or when there is nothing else that it could be the status
/// of: `{"status": "active"}` and `{"status": 1, "name": "x"}` are data, `{"status": 600}` is a mistake.
fn is_envelope(fields: &Object) -> bool {
    if CONTENT_KEYS.iter().any(|key| fields.contains_key(*key)) {
        return true;
    }
    match written_status(fields).and_then(number_of) {
        None => false,
        Some(number) => http_status(number).is_some() || fields.keys().all(|key| STATUS_KEYS.contains(&key.as_str())),
    }
}

fn written_status(fields: &Object) -> Option<&Value> {
    STATUS_KEYS.iter().filter_map(|key| fields.get(*key)).find(|status| !status.is_null())
}

/// The number that a handler wrote, as a number or as text.
fn number_of(status: &Value) -> Option<f64> {
    let number = match status {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number: &f64| !number.is_nan())
}

fn http_status(number: f64) -> Option<u16> {
    let valid = (100.0..=599.0).contains(&number) && number.fract() == 0.0;
    valid.then_some(number as u16)
}

fn checked_status(status: Option<&Value>) -> Result<u16, Failure> {
    match status {
        None => Ok(200),
        Some(written) => number_of(written)
            .and_then(http_status)
            .ok_or_else(|| Failure::returned("status must be a valid HTTP code".into())),
    }
}

fn from_envelope(fields: &Object) -> Result<Answer, Failure> {
    let proxy = match fields.get("proxy") {
        None | Some(Value::Null) => None,
        Some(directive @ Value::Object(_)) => Some(directive.clone()),
        Some(_) => return Err(Failure::returned("proxy must be an object when provided".into())),
    };
    let status = checked_status(written_status(fields))?;
    let headers = from_value(fields.get("headers")).map_err(Failure::returned)?;
    let head = |headers| Head { status, headers, proxy: proxy.clone() };
    if is_flagged(fields) {
        return Ok(Answer { head: head(headers), body: AnswerBody::Bytes(decoded_body(fields)?) });
    }
    let (headers, text) = match fields.get("body") {
        None | Some(Value::Null) => (headers, String::new()),
        Some(Value::String(text)) => (headers, text.clone()),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => (headers, value.to_string()),
        Some(rows) if content_type(&headers).contains("text/csv") => (headers, csv::to_csv(rows)),
        Some(value) => (with_default_type(headers, JSON), value.to_string()),
    };
    Ok(Answer { head: head(headers), body: AnswerBody::Text(text) })
}

fn is_flagged(fields: &Object) -> bool {
    let flag = fields.get("is_base64").filter(|flag| !flag.is_null()).or_else(|| fields.get("isBase64Encoded"));
    flag == Some(&Value::Bool(true))
}

fn decoded_body(fields: &Object) -> Result<Vec<u8>, Failure> {
    let own = fields.get("body_base64").filter(|content| !content.is_null());
    let content = own.or_else(|| fields.get("body").filter(|_| !fields.contains_key("is_base64")));
    match content {
        Some(Value::String(text)) => base64::decode(text).ok_or_else(Failure::undecodable),
        _ => Err(Failure::returned("body_base64 must be a non-empty string when is_base64=true".into())),
    }
}

fn from_response(response: Response) -> Result<Answer, Failure> {
    let status = checked_status(Some(&response.status.into()))?;
    let headers = from_pairs(response.headers).map_err(Failure::returned)?;
    let (kind, body) = match response.body {
        ResponseBody::Empty => ("", AnswerBody::Text(String::new())),
        ResponseBody::Text(text) => ("", AnswerBody::Text(text)),
        ResponseBody::Bytes(bytes) => (OCTETS, AnswerBody::Bytes(bytes)),
        ResponseBody::Json(value) => (JSON, AnswerBody::Text(value.map_err(Failure::returned)?.to_string())),
        ResponseBody::Stream(source) => (OCTETS, AnswerBody::Stream(source)),
    };
    let headers = if kind.is_empty() { headers } else { with_default_type(headers, kind) };
    Ok(Answer { head: Head { status, headers, proxy: None }, body })
}
