//! What the gateway says: the messages of src/protocol/messages.ts, checked as far as the worker relies on them.

use serde_json::{Map, Value};

use super::frame::{bad, Stop};
use super::limits::INITIAL_WINDOW_BYTES;

pub type Object = Map<String, Value>;

#[derive(Debug)]
pub enum Message {
    Load { protocol: u64, env: Object, context: Object, max_output_bytes: usize },
    Invoke { id: u32, remaining_ms: f64, event: Object, body: RequestBody },
    Cancel { id: u32 },
    Credit { id: u32, bytes: usize },
    Ping { n: i64 },
}

#[derive(Debug)]
pub enum RequestBody {
    None,
    /// Whole, in here.
    Text(String),
    /// Chunks follow.
    Stream,
}

pub(super) fn parse_message(payload: &[u8]) -> Result<Message, Stop> {
    let fields = serde_json::from_slice::<Object>(payload)
        .map_err(|error| bad(format!("message is no JSON object in UTF-8: {error}")))?;
    Fields(fields).message()
}

struct Fields(Object);

impl Fields {
    fn message(mut self) -> Result<Message, Stop> {
        match self.text("type")?.as_str() {
            "load" => Ok(Message::Load {
                protocol: self.number("protocol")?,
                env: self.object("env")?,
                context: self.object("context")?,
                max_output_bytes: self.number("maxOutputBytes")? as usize,
            }),
            "invoke" => Ok(Message::Invoke {
                id: self.id()?,
                remaining_ms: self.0.get("remaining_ms").and_then(Value::as_f64).unwrap_or(0.0),
                event: self.object("event")?,
                body: self.body()?,
            }),
            "cancel" => Ok(Message::Cancel { id: self.id()? }),
            "credit" => match self.number("bytes")? as usize {
                bytes @ 1..=INITIAL_WINDOW_BYTES => Ok(Message::Credit { id: self.id()?, bytes }),
                bytes => Err(bad(format!("credit of {bytes} bytes"))),
            },
            "ping" => match self.0.get("n").and_then(Value::as_i64) {
                Some(n) => Ok(Message::Ping { n }),
                None => Err(bad("ping without n".into())),
            },
            kind => Err(bad(format!("message of unknown type {kind:?}"))),
        }
    }

    fn body(&mut self) -> Result<RequestBody, Stop> {
        let mut body = Fields(self.object("body")?);
        match body.text("kind")?.as_str() {
            "none" => Ok(RequestBody::None),
            "text" => Ok(RequestBody::Text(body.text("text")?)),
            "stream" => Ok(RequestBody::Stream),
            kind => Err(bad(format!("request body of unknown kind {kind:?}"))),
        }
    }

    fn id(&self) -> Result<u32, Stop> {
        match self.0.get("id").and_then(Value::as_u64) {
            Some(id @ 1..=0xffff_ffff) => Ok(id as u32),
            _ => Err(bad("invocation without an id".into())),
        }
    }

    fn text(&mut self, key: &str) -> Result<String, Stop> {
        match self.0.get_mut(key).map(Value::take) {
            Some(Value::String(text)) => Ok(text),
            _ => Err(bad(format!("message without the text {key}"))),
        }
    }

    fn number(&self, key: &str) -> Result<u64, Stop> {
        self.0.get(key).and_then(Value::as_u64).ok_or_else(|| bad(format!("message without the number {key}")))
    }

    fn object(&mut self, key: &str) -> Result<Object, Stop> {
        match self.0.get_mut(key).map(Value::take) {
            Some(Value::Object(object)) => Ok(object),
            _ => Err(bad(format!("message without the object {key}"))),
        }
    }
}
