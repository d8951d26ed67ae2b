//! What a failed call says: one text for the answer, one for the log. Promises an answer for any panic.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{set_hook, PanicHookInfo};

use crate::invocation::current;
use crate::wire::outgoing::error;

/// The end that a call owes when it has no answer.
pub struct Failure {
    text: String,
    detail: String,
    undecodable: bool,
}

impl Failure {
    /// The handler returned an error, or something that is no answer.
    pub fn returned(text: String) -> Self {
        let text = if text.is_empty() { "the handler failed without a text".into() } else { text };
        Self { detail: text.clone(), text, undecodable: false }
    }

    /// A body in a coding that it is not in: it is the answer that is bad and not the call.
    pub fn undecodable() -> Self {
        Self { undecodable: true, ..Self::returned("invalid body_base64".into()) }
    }

    pub fn cancelled() -> Self {
        Self::returned("invocation cancelled".into())
    }

    pub fn panicked(payload: &(dyn Any + Send)) -> Self {
        let said = text_of(payload).map_or(String::new(), |said| format!(": {said}"));
        let place = PLACE.take().map_or(String::new(), |place| format!("\n    at {place}"));
        let text = format!("rust handler panicked{said}");
        Self { detail: format!("{text}{place}"), text, undecodable: false }
    }

    pub fn frame(&self, id: u32) -> Vec<u8> {
        error(id, &self.text, &self.detail, self.undecodable)
    }
}

thread_local! {
    /// Where the last panic of this thread began.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A handler's panic is told with its answer; one of a thread of its own is told as output.
pub fn install_panic_hook() {
    set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let place = panic.location().map(|place| place.to_string()).unwrap_or_default();
        if current().is_none() {
            crate::eprintln!("thread panicked at {place}: {}", text_of(panic.payload()).unwrap_or("?"));
        }
        let _ = PLACE.try_with(|slot| slot.replace(Some(place)));
    }));
}

fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied())
}
