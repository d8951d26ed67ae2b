//! Sends one answer: a small body in one frame, anything else as chunks within the room that the gateway gives.

use std::fmt::Arguments;
use std::io;
use std::sync::Arc;

use crate::answer::{Answer, AnswerBody};
use crate::connection::Sender;
use crate::failure::Failure;
use crate::headers::content_type;
use crate::invocation::Invocation;
use crate::wire::answer::answer as answer_frame;
use crate::wire::frame::append_chunk;
use crate::wire::limits::{INLINE_BODY_BYTES, MAX_CHUNK_BYTES};
use crate::wire::outgoing::{result, result_stream, Head};

/// What a stream writes to. The first piece takes the head of the answer along: what fails before it is an ordinary
/// failure.
pub struct Writer {
    call: Arc<Invocation>,
    sender: &'static Sender,
    /// The head's frame, until it is sent.
    unsent: Vec<u8>,
}

impl io::Write for Writer {
    /// Waits for room. Fails with `BrokenPipe` when nobody listens any more.
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if data.is_empty() {
            return Ok(0);
        }
        let mut state = self.call.state_with_room();
        if state.cancelled || state.ended {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "invocation cancelled"));
        }
        let count = data.len().min(state.room).min(MAX_CHUNK_BYTES);
        state.room -= count;
        let mut frames = std::mem::take(&mut self.unsent);
        append_chunk(&mut frames, self.call.id, &data[..count]);
        self.sender.send(&frames);
        Ok(count)
    }

    /// Nothing waits to be flushed.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// One piece, not one for each part of the format.
    fn write_fmt(&mut self, text: Arguments<'_>) -> io::Result<()> {
        self.write_all(text.to_string().as_bytes())
    }
}

/// Returns the frames that end the invocation, or why the answer cannot be sent.
pub fn send_answer(call: &Arc<Invocation>, answer: Answer, sender: &'static Sender) -> Result<Vec<u8>, Failure> {
    let Answer { head, body } = answer;
    let whole = match &body {
        AnswerBody::Text(text) => answer_frame(call.id, &head, text.as_bytes()),
        AnswerBody::Bytes(bytes) => answer_frame(call.id, &head, bytes),
        AnswerBody::Stream(_) => None,
    };
    if let Some(frame) = whole {
        return Ok(frame);
    }
    match body {
        AnswerBody::Text(text) if text.len() <= INLINE_BODY_BYTES => {
            result(call.id, &head, &text).map_err(Failure::returned)
        }
        AnswerBody::Text(text) => send_bytes(call, &head, text.as_bytes(), sender),
        AnswerBody::Bytes(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) if text.len() <= INLINE_BODY_BYTES => result(call.id, &head, text).map_err(Failure::returned),
            _ => send_bytes(call, &head, &bytes, sender),
        },
        AnswerBody::Stream(source) => send_stream(call, &head, None, sender, source),
    }
}

fn send_bytes(call: &Arc<Invocation>, head: &Head, bytes: &[u8], sender: &'static Sender) -> Result<Vec<u8>, Failure> {
    send_stream(call, head, Some(bytes.len()), sender, |out| io::Write::write_all(out, bytes))
}

fn send_stream(
    call: &Arc<Invocation>,
    head: &Head,
    total: Option<usize>,
    sender: &'static Sender,
    source: impl FnOnce(&mut Writer) -> io::Result<()>,
) -> Result<Vec<u8>, Failure> {
    let unsent = result_stream(call.id, head, total).map_err(Failure::returned)?;
    let mut out = Writer { call: call.clone(), sender, unsent };
    call.state().answering = true;
    if content_type(&head.headers).starts_with("text/event-stream") {
        // A client waits for the beginning before it waits for events.
        sender.send(&std::mem::take(&mut out.unsent));
    }
    source(&mut out).map_err(|error| Failure::returned(error.to_string()))?;
    append_chunk(&mut out.unsent, call.id, &[]);
    Ok(out.unsent)
}
