//! An answer that a handler builds itself: status, headers, and a body of text, bytes, JSON, or pieces that it writes.

use std::io::{self, Read};

use serde::Serialize;
use serde_json::Value;

use crate::stream::Writer;

/// `Response::new(200).header("content-type", "text/csv").stream(|out| write!(out, "a,b\n"))`
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: ResponseBody,
}

pub(crate) enum ResponseBody {
    Empty,
    Text(String),
    Bytes(Vec<u8>),
    Json(Result<Value, String>),
    Stream(Source),
}

pub(crate) type Source = Box<dyn FnOnce(&mut Writer) -> io::Result<()> + Send>;

const PIECE_BYTES: usize = 32_768;

impl Response {
    pub fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: ResponseBody::Empty }
    }

    /// One line more; a name may repeat.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn text(self, text: impl Into<String>) -> Self {
        self.with(ResponseBody::Text(text.into()))
    }

    pub fn bytes(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.with(ResponseBody::Bytes(bytes.into()))
    }

    pub fn json(self, value: impl Serialize) -> Self {
        self.with(ResponseBody::Json(serde_json::to_value(value).map_err(|error| error.to_string())))
    }

    /// `write` runs when the answer is sent; each piece that it writes goes out at once. Its writes wait while the client
    /// takes no more, and fail when nobody listens any longer.
    pub fn stream(self, write: impl FnOnce(&mut Writer) -> io::Result<()> + Send + 'static) -> Self {
        self.with(ResponseBody::Stream(Box::new(write)))
    }

    /// Sends what the source has, as it comes.
    pub fn read_from(self, mut source: impl Read + Send + 'static) -> Self {
        self.stream(move |out| {
            let mut buffer = vec![0; PIECE_BYTES];
            loop {
                match source.read(&mut buffer) {
                    Ok(0) => return Ok(()),
                    Ok(count) => io::Write::write_all(out, &buffer[..count])?,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn with(mut self, body: ResponseBody) -> Self {
        self.body = body;
        self
    }
}
