//! What a handler may return, by the shorthand that all languages share (invocation contract, section 9).

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;

use crate::response::Response;
use crate::wire::incoming::Object;

/// A result before it is an answer.
pub enum Reply {
    Empty,
    Text(String),
    Bytes(Vec<u8>),
    /// Data, or an envelope.
    Data(Value),
    Response(Response),
    /// The text of an error.
    Failure(String),
}

/// What can be an answer. A type of your own: `fastfn::Json(value)`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a handler",
    note = "accepted: serde_json::Value, text, bytes, numbers, (), Option, Result, fastfn::Response, fastfn::Json(value)"
)]
pub trait IntoReply {
    fn into_reply(self) -> Reply;
}

/// Any serializable value, as JSON or as an envelope.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoReply for Json<T> {
    fn into_reply(self) -> Reply {
        match serde_json::to_value(self.0) {
            Ok(value) => Reply::Data(value),
            Err(error) => Reply::Failure(error.to_string()),
        }
    }
}

impl IntoReply for Reply {
    fn into_reply(self) -> Reply {
        self
    }
}

impl IntoReply for Response {
    fn into_reply(self) -> Reply {
        Reply::Response(self)
    }
}

impl IntoReply for Value {
    fn into_reply(self) -> Reply {
        match self {
            Value::Null => Reply::Empty,
            Value::String(text) => Reply::Text(text),
            Value::Bool(_) | Value::Number(_) => Reply::Text(self.to_string()),
            Value::Array(_) | Value::Object(_) => Reply::Data(self),
        }
    }
}

impl IntoReply for () {
    fn into_reply(self) -> Reply {
        Reply::Empty
    }
}

impl IntoReply for Vec<u8> {
    fn into_reply(self) -> Reply {
        Reply::Bytes(self)
    }
}

impl<T: IntoReply> IntoReply for Option<T> {
    fn into_reply(self) -> Reply {
        self.map_or(Reply::Empty, T::into_reply)
    }
}

impl<T: IntoReply, E: Display> IntoReply for Result<T, E> {
    fn into_reply(self) -> Reply {
        self.map_or_else(|error| Reply::Failure(error.to_string()), T::into_reply)
    }
}

macro_rules! reply_as_text {
    ($($kind:ty)*) => { $(impl IntoReply for $kind {
        fn into_reply(self) -> Reply {
            Reply::Text(self.to_string())
        }
    })* };
}
reply_as_text!(String &'static str Cow<'static, str> bool i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64);

macro_rules! reply_as_data {
    ($([$($generics:tt)*] $kind:ty,)*) => { $(impl<$($generics)*> IntoReply for $kind {
        fn into_reply(self) -> Reply {
            Json(self).into_reply()
        }
    })* };
}
reply_as_data! {
    [] Object,
    [] Vec<Value>,
    [] Vec<String>,
    [T: Serialize] BTreeMap<String, T>,
    [T: Serialize] HashMap<String, T>,
}
