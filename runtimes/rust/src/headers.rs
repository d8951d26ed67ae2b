//! A handler's headers as lines that can be sent: text, checked, bounded. The gateway checks again; here a bad header is
//! the handler's failure, with a message that names it.

use serde_json::Value;

use crate::wire::limits::{MAX_HEADERS_TOTAL_BYTES, MAX_HEADER_BYTES, MAX_RESULT_HEADERS};
use crate::wire::outgoing::{quote, HeaderValue};

pub type Headers = Vec<(String, HeaderValue)>;

/// Headers of an envelope; null values are left out.
pub fn from_value(headers: Option<&Value>) -> Result<Headers, String> {
    let entries = match headers {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err("headers must be an object".into()),
    };
    let mut lines = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                let texts = items.iter().filter(|item| !item.is_null()).map(|item| line(name, item));
                lines.push((name.clone(), HeaderValue::Many(texts.collect::<Result<_, _>>()?)));
            }
            single => lines.push((name.clone(), HeaderValue::One(line(name, single)?))),
        }
    }
    check(&lines)?;
    Ok(lines)
}

/// Headers of a Response: equal names are lines of one header.
pub fn from_pairs(pairs: Vec<(String, String)>) -> Result<Headers, String> {
    let mut lines: Headers = Vec::with_capacity(pairs.len());
    for (name, text) in pairs {
        match lines.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            None => lines.push((name, HeaderValue::One(text))),
            Some((_, HeaderValue::Many(texts))) => texts.push(text),
            Some((_, value @ HeaderValue::One(_))) => {
                if let HeaderValue::One(first) = std::mem::replace(value, HeaderValue::Many(Vec::new())) {
                    *value = HeaderValue::Many(vec![first, text]);
                }
            }
        }
    }
    check(&lines)?;
    Ok(lines)
}

/// In lower case; empty when there is none.
pub fn content_type(lines: &Headers) -> String {
    let found = lines.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    found.and_then(|(_, value)| values(value).first()).map_or(String::new(), |text| text.to_ascii_lowercase())
}

pub fn with_default_type(mut lines: Headers, kind: &str) -> Headers {
    if content_type(&lines).is_empty() {
        lines.push(("content-type".into(), HeaderValue::One(kind.into())));
    }
    lines
}

fn values(value: &HeaderValue) -> &[String] {
    match value {
        HeaderValue::One(text) => std::slice::from_ref(text),
        HeaderValue::Many(texts) => texts,
    }
}

fn line(name: &str, value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(format!("cannot send a header value of JSON {value} as header {name}")),
    }
}

fn check(lines: &Headers) -> Result<(), String> {
    let (mut count, mut total) = (0, 0);
    for (name, value) in lines {
        if !is_token(name) || name == "__proto__" {
            return Err(format!("cannot send a header named {}", quote(name)));
        }
        for text in values(value) {
            let size = name.len() + text.chars().count();
            count += 1;
            total += size;
            if size > MAX_HEADER_BYTES {
                return Err(format!("cannot send header {name}: over {MAX_HEADER_BYTES} bytes"));
            }
            if text.chars().any(is_unsendable) {
                return Err(format!("cannot send header {name}: a control or wide character in it"));
            }
        }
    }
    if count > MAX_RESULT_HEADERS {
        return Err(format!("cannot send {count} header lines: at most {MAX_RESULT_HEADERS}"));
    }
    if total > MAX_HEADERS_TOTAL_BYTES {
        return Err(format!("cannot send headers over {MAX_HEADERS_TOTAL_BYTES} bytes"));
    }
    Ok(())
}

/// RFC 9110 5.6.2.
fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// RFC 9110 5.5: CR, LF and NUL would split the answer; beyond U+00FF nothing can be sent.
fn is_unsendable(char: char) -> bool {
    !matches!(char, '\t' | ' '..='~' | '\u{80}'..='\u{ff}')
}
