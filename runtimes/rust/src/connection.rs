//! The worker's end of its connection, descriptor 3. Promises whole frames in order from any thread, gathered into one
//! write where several have something to say, and the end of the process as soon as the gateway has gone.

use std::fs::File;
use std::io::Write;
use std::os::fd::FromRawFd;
use std::process::exit;
use std::sync::{Mutex, PoisonError};

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
}

pub struct Sender {
    file: File,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    pending: Vec<u8>,
    writing: bool,
}

impl Sender {
    /// Writes whole frames, behind those that another thread is writing.
    pub fn send(&self, frames: &[u8]) {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        outbox.pending.extend_from_slice(frames);
        if outbox.writing {
            return;
        }
        outbox.writing = true;
        while !outbox.pending.is_empty() {
            let gathered = std::mem::take(&mut outbox.pending);
            drop(outbox);
            if (&self.file).write_all(&gathered).is_err() {
                exit(0); // The gateway has gone.
            }
            outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        }
        outbox.writing = false;
    }
}

/// For faults after which nothing sensible can be sent. The gateway reads descriptor 2 too.
pub fn end_process(reason: &str) -> ! {
    let _ = writeln!(std::io::stderr(), "{reason}");
    exit(1)
}
