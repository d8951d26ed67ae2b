//! The connection's language: frames and messages as bytes. Promises that no length is believed unchecked; what is done
//! about a message is left to the worker.

pub mod answer;
pub mod frame;
pub mod incoming;
pub mod limits;
pub mod outgoing;
