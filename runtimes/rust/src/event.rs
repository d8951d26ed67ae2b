//! The event as a handler sees it: the gateway's event plus body and environment. Every key is always there, null means
//! absent; path parameters stand beside the other keys too, where none of these but `id` has their name.

use serde_json::Value;

use crate::base64;
use crate::wire::incoming::Object;

/// The event's own `id` gives way to a path parameter of that name: `context.request_id` says the same.
const REQUEST_ID: &str = "id";

/// What every event of this function has.
pub struct Function {
    pub env: Object,
    pub context: Object,
}

/// The whole body of a request.
pub enum Body {
    None,
    Text(String),
    Bytes(Vec<u8>),
}

impl Function {
    pub fn build_event(&self, mut event: Object, body: Body) -> Value {
        let (text, encoded) = match body {
            Body::None => (Value::Null, Value::Null),
            Body::Text(text) => (text.into(), Value::Null),
            Body::Bytes(bytes) if bytes.is_empty() => (Value::Null, Value::Null),
            Body::Bytes(bytes) => match String::from_utf8(bytes) {
                Ok(text) => (text.into(), Value::Null),
                Err(error) => (Value::Null, base64::encode(error.as_bytes()).into()),
            },
        };
        event.insert("is_base64".into(), (!encoded.is_null()).into());
        event.insert("body".into(), text);
        event.insert("body_base64".into(), encoded);
        // The function's own environment wins; of the context, what the event says.
        let mut env = taken(&mut event, "env");
        env.extend(self.env.clone());
        event.insert("env".into(), env.into());
        let mut context = self.context.clone();
        context.extend(taken(&mut event, "context"));
        event.insert("context".into(), context.into());
        if let Some(Value::Object(params)) = event.get("params").cloned() {
            for (name, value) in params {
                if name == REQUEST_ID || !event.contains_key(&name) {
                    event.insert(name, value);
                }
            }
        }
        event.into()
    }
}

fn taken(event: &mut Object, key: &str) -> Object {
    match event.get_mut(key).map(Value::take) {
        Some(Value::Object(object)) => object,
        _ => Object::new(),
    }
}
