//! The beginning of the process: environment and output are in place before any code of the function runs.

use serde_json::Value;

use crate::connection::{end_process, open};
use crate::event::Function;
use crate::failure::install_panic_hook;
use crate::handler::Handler;
use crate::jobs::Jobs;
use crate::output;
use crate::reply::IntoReply;
use crate::wire::frame::Item;
use crate::wire::incoming::Message;
use crate::wire::outgoing::ready;
use crate::worker::{Worker, CONCURRENCY};

const PROTOCOL: u64 = 1;

/// The whole life of a worker process. `version` is the compiler's.
pub fn serve<Arguments: 'static, H: Handler<Arguments>>(handler: H, version: &str) -> ! {
    let (mut receiver, sender) = open();
    let sender = &*Box::leak(Box::new(sender));
    let Item::Message(Message::Load { protocol: PROTOCOL, env, context, max_output_bytes }) = receiver.receive() else {
        end_process("cannot run the worker: the first message must be a load of protocol 1")
    };
    for (name, value) in &env {
        let Value::String(value) = value else { continue };
        // What an environment cannot hold is still in the event.
        if !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0') {
            std::env::set_var(name, value);
        }
    }
    output::install(sender, max_output_bytes);
    install_panic_hook();
    let call = move |event| Ok(handler.call(event)?.into_reply());
    let worker = Worker::new(Function { env, context }, Box::new(call), receiver, sender, max_output_bytes);
    sender.send(&ready(CONCURRENCY, version));
    // One thread for each call, and the first one to read.
    Box::leak(Box::new(Jobs::new(CONCURRENCY))).serve(Box::leak(Box::new(worker)))
}
