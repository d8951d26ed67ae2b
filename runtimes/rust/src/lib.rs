//! What a Rust function is compiled together with: the worker that serves its `handler`, and what the handler may use of
//! it, `fastfn::Response` for an answer of its own making, `fastfn::Json` for types of its own, `fastfn::remaining` and
//! `fastfn::is_cancelled` for its time.

mod answer;
mod base64;
mod connection;
mod csv;
mod event;
mod failure;
mod handler;
mod headers;
mod invocation;
mod jobs;
#[doc(hidden)]
pub mod output;
mod program;
mod reply;
mod response;
mod stream;
#[doc(hidden)]
pub mod wire;
mod worker;

pub use handler::Handler;
pub use invocation::{is_cancelled, remaining};
pub use program::serve;
pub use reply::{IntoReply, Json, Reply};
pub use response::Response;
pub use stream::Writer;
