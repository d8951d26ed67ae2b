//! How the handler is called: with nothing, with the event, or with the event and the path parameters, each as
//! `serde_json::Value` or as a type of its own.

use std::any::Any;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::reply::IntoReply;

/// A function that can be served. `Arguments` only tells the forms apart.
#[diagnostic::on_unimplemented(
    message = "the handler cannot be called",
    label = "accepted: pub fn handler(event: serde_json::Value) -> serde_json::Value",
    note = "not async; behind the event it may take the path parameters; each as Value or as a type that deserializes",
    note = "it may return Value, text, bytes, numbers, (), Option, Result, fastfn::Response, fastfn::Json(value)"
)]
pub trait Handler<Arguments>: Send + Sync + 'static {
    type Output: IntoReply;

    /// Err: the event does not fit the handler's types.
    fn call(&self, event: Value) -> Result<Self::Output, String>;
}

impl<F, R> Handler<()> for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: IntoReply,
{
    type Output = R;

    fn call(&self, _event: Value) -> Result<R, String> {
        Ok(self())
    }
}

impl<F, E, R> Handler<(E,)> for F
where
    F: Fn(E) -> R + Send + Sync + 'static,
    E: DeserializeOwned + 'static,
    R: IntoReply,
{
    type Output = R;

    fn call(&self, event: Value) -> Result<R, String> {
        Ok(self(decoded("event", event)?))
    }
}

impl<F, E, P, R> Handler<(E, P)> for F
where
    F: Fn(E, P) -> R + Send + Sync + 'static,
    E: DeserializeOwned + 'static,
    P: DeserializeOwned + 'static,
    R: IntoReply,
{
    type Output = R;

    fn call(&self, event: Value) -> Result<R, String> {
        let params = event.get("params").filter(|params| params.is_object()).cloned();
        let params = params.unwrap_or_else(|| Value::Object(Default::default()));
        Ok(self(decoded("event", event)?, decoded("path parameters", params)?))
    }
}

fn decoded<T: DeserializeOwned + 'static>(what: &str, value: Value) -> Result<T, String> {
    let mut slot = Some(value);
    // A Value is taken as it is, not built a second time.
    if let Some(same) = (&mut slot as &mut dyn Any).downcast_mut::<Option<T>>() {
        if let Some(value) = same.take() {
            return Ok(value);
        }
    }
    serde_json::from_value(slot.unwrap_or_default()).map_err(|error| format!("cannot decode the {what}: {error}"))
}
