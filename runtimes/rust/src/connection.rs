//! The worker's end of its connection, descriptor 3. Promises whole frames in order from any thread, gathered into one
//! write where several have something to say, and the end of the process as soon as the gateway has gone.

use std::fs::File;
use std::io::Write;
use std::os::fd::FromRawFd;
use std::process::exit;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::wire::frame::{FrameReader, Item, Stop};

const GATEWAY_DESCRIPTOR: i32 = 3;

pub fn open() -> (Receiver, Sender) {
    // Sound: nobody else in this process has the descriptor yet, and both files live as long as the process.
    let file = || unsafe { File::from_raw_fd(GATEWAY_DESCRIPTOR) };
    (Receiver(FrameReader::new(file())), Sender { file: file(), outbox: Mutex::default() })
}

pub struct Receiver(FrameReader<File>);

impl Receiver {
    /// Waits for the next message or chunk. Ends the process with the connection, or for what is no frame.
    pub fn receive(&mut self) -> Item {
        match self.0.next() {
            Ok(item) => item,
            Err(Stop::End) => exit(0),
            Err(Stop::BadFrame(reason)) => end_process(&format!("cannot go on: {reason}")),
        }
    }

    /// Whether `receive` would not wait.
    pub fn has_next(&self) -> bool {
        self.0.has_next()
    }
}

/// More is written at once.
const MOST_GATHERED_BYTES: usize = 32_768;
/// One answer of a size that is rare must not hold its memory for ever.
const MOST_KEPT_BYTES: usize = 262_144;

pub struct Sender {
    file: File,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    pending: Vec<u8>,
    spare: Vec<u8>,
    writing: bool,
}

impl Sender {
    /// Writes whole frames, behind those that another thread is writing.
    pub fn send(&self, frames: &[u8]) {
        let mut outbox = self.outbox();
        outbox.pending.extend_from_slice(frames);
        self.write(outbox);
    }

    /// Keeps whole frames for the next `send` or `flush`, which must come soon.
    pub fn gather(&self, frames: &[u8]) {
        let mut outbox = self.outbox();
        outbox.pending.extend_from_slice(frames);
        if outbox.pending.len() > MOST_GATHERED_BYTES {
            self.write(outbox);
        }
    }

    pub fn flush(&self) {
        self.write(self.outbox());
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<'a>(&'a self, mut outbox: MutexGuard<'a, Outbox>) {
        if outbox.writing {
            return;
        }
        outbox.writing = true;
        while !outbox.pending.is_empty() {
            let spare = std::mem::take(&mut outbox.spare);
            let mut gathered = std::mem::replace(&mut outbox.pending, spare);
            drop(outbox);
            if (&self.file).write_all(&gathered).is_err() {
                exit(0); // The gateway has gone.
            }
            gathered.clear();
            gathered.shrink_to(MOST_KEPT_BYTES);
            outbox = self.outbox();
            outbox.spare = gathered;
        }
        outbox.writing = false;
    }
}

/// For faults after which nothing sensible can be sent. The gateway reads descriptor 2 too.
pub fn end_process(reason: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "{reason}");
    exit(1)
}
