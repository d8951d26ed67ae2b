//! Answer frames: a result whose body is all here, as bytes that nobody has to escape or to read twice.

use super::frame::LENGTH_BYTES;
use super::limits::{INLINE_BODY_BYTES, MAX_HEADERS_TOTAL_BYTES};
use super::outgoing::{append_headers, Head};

const ANSWER_TAG: u8 = 0x02;
/// Tag, u32 id, u16 status and u32 length of the headers' JSON.
const PREFIX_BYTES: usize = 11;
/// Enough for the headers of most answers.
const USUAL_HEADER_BYTES: usize = 128;

/// None for what only messages can say: a proxy directive, a longer body, headers that JSON makes too long.
pub fn answer(id: u32, head: &Head, body: &[u8]) -> Option<Vec<u8>> {
    if head.proxy.is_some() || body.len() > INLINE_BODY_BYTES {
        return None;
    }
    const START: usize = LENGTH_BYTES + PREFIX_BYTES;
    let mut frame = Vec::with_capacity(START + USUAL_HEADER_BYTES + body.len());
    frame.resize(START, 0);
    append_headers(&mut frame, &head.headers);
    let block = frame.len() - START;
    if block > MAX_HEADERS_TOTAL_BYTES {
        return None;
    }
    frame.extend_from_slice(body);
    let length = (frame.len() - LENGTH_BYTES) as u32;
    frame[..4].copy_from_slice(&length.to_be_bytes());
    frame[4] = ANSWER_TAG;
    frame[5..9].copy_from_slice(&id.to_be_bytes());
    frame[9..11].copy_from_slice(&head.status.to_be_bytes());
    frame[11..15].copy_from_slice(&(block as u32).to_be_bytes());
    Some(frame)
}
