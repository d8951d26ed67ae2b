//! Frames: 4-byte big-endian length, then a JSON message, a body chunk (0x01, u32 invocation id, bytes) or an answer
//! (0x02, see answer.rs).

use std::io::{BufRead, BufReader, Read};

use super::incoming::{parse_message, Message};
use super::limits::{MAX_CHUNK_BYTES, MAX_FRAME_BYTES};

pub(super) const LENGTH_BYTES: usize = 4;
const MESSAGE_TAG: u8 = b'{';
const CHUNK_TAG: u8 = 0x01;
const CHUNK_PREFIX_BYTES: usize = 5;
const READ_BUFFER_BYTES: usize = 65_536;

/// Why reading cannot go on.
#[derive(Debug)]
pub enum Stop {
    /// The connection ended, perhaps inside a frame.
    End,
    /// The gateway does not speak the protocol.
    BadFrame(String),
}

pub enum Item {
    Message(Message),
    /// A piece of a body; no bytes = its end.
    Chunk(u32, Vec<u8>),
}

/// Turns the bytes of a connection into messages and chunks.
pub struct FrameReader<R> {
    source: BufReader<R>,
}

impl<R: Read> FrameReader<R> {
    pub fn new(source: R) -> Self {
        Self { source: BufReader::with_capacity(READ_BUFFER_BYTES, source) }
    }

    /// Waits for the next whole frame.
    pub fn next(&mut self) -> Result<Item, Stop> {
        let mut prefix = [0; LENGTH_BYTES];
        self.fill(&mut prefix)?;
        let length = u32::from_be_bytes(prefix) as usize;
        if !(1..=MAX_FRAME_BYTES).contains(&length) {
            return Err(bad(format!("frame of {length} bytes, accepted: 1 to {MAX_FRAME_BYTES}")));
        }
        match self.tag()? {
            MESSAGE_TAG => self.message(length),
            CHUNK_TAG => self.chunk(length),
            tag => Err(bad(format!("payload starts with byte {tag}"))),
        }
    }

    /// Whether the next frame, or what is none, is here already.
    pub fn has_next(&self) -> bool {
        let Some((prefix, payload)) = self.source.buffer().split_first_chunk::<LENGTH_BYTES>() else { return false };
        let length = u32::from_be_bytes(*prefix) as usize;
        length > MAX_FRAME_BYTES || payload.len() >= length
    }

    fn message(&mut self, length: usize) -> Result<Item, Stop> {
        let message = match self.source.buffer().get(..length) {
            Some(payload) => parse_message(payload)?,
            None => return Ok(Item::Message(parse_message(&self.payload(length)?)?)),
        };
        self.source.consume(length);
        Ok(Item::Message(message))
    }

    /// The payload's first byte stays in the buffer.
    fn tag(&mut self) -> Result<u8, Stop> {
        loop {
            match self.source.fill_buf() {
                Ok(bytes) => return bytes.first().copied().ok_or(Stop::End),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return Err(Stop::End),
            }
        }
    }

    fn chunk(&mut self, length: usize) -> Result<Item, Stop> {
        if length < CHUNK_PREFIX_BYTES || length - CHUNK_PREFIX_BYTES > MAX_CHUNK_BYTES {
            let accepted = MAX_CHUNK_BYTES + CHUNK_PREFIX_BYTES;
            return Err(bad(format!("chunk frame of {length} bytes, accepted: {CHUNK_PREFIX_BYTES} to {accepted}")));
        }
        let mut prefix = [0; CHUNK_PREFIX_BYTES];
        self.fill(&mut prefix)?;
        let id = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
        Ok(Item::Chunk(id, self.payload(length - CHUNK_PREFIX_BYTES)?))
    }

    fn payload(&mut self, length: usize) -> Result<Vec<u8>, Stop> {
        let mut payload = vec![0; length];
        self.fill(&mut payload)?;
        Ok(payload)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Stop> {
        self.source.read_exact(bytes).map_err(|_| Stop::End)
    }
}

pub(super) fn bad(reason: String) -> Stop {
    Stop::BadFrame(format!("BadFrame: {reason}"))
}

/// Appends the frame of one body chunk.
pub fn append_chunk(frames: &mut Vec<u8>, id: u32, data: &[u8]) {
    frames.extend_from_slice(&((data.len() + CHUNK_PREFIX_BYTES) as u32).to_be_bytes());
    frames.push(CHUNK_TAG);
    frames.extend_from_slice(&id.to_be_bytes());
    frames.extend_from_slice(data);
}

/// The frame of a message.
pub(super) fn framed(message: &str) -> Result<Vec<u8>, String> {
    if message.len() > MAX_FRAME_BYTES {
        return Err(format!("message of {} bytes, accepted: at most {MAX_FRAME_BYTES}", message.len()));
    }
    let mut frame = Vec::with_capacity(LENGTH_BYTES + message.len());
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message.as_bytes());
    Ok(frame)
}
