//! Serves one function: many invocations at once. Promises one end for each, also for one that panics or is cancelled; which
//! thread does what is left to jobs.rs.

use std::collections::HashMap;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::answer::to_answer;
use crate::connection::{end_process, Receiver, Sender};
use crate::event::{Body, Function};
use crate::failure::Failure;
use crate::invocation::{set_current, Invocation};
use crate::jobs::Work;
use crate::reply::Reply;
use crate::stream::send_answer;
use crate::wire::frame::Item;
use crate::wire::incoming::{Message, Object, RequestBody};
use crate::wire::limits::INITIAL_WINDOW_BYTES;
use crate::wire::outgoing::{credit, pong};

/// Invocations that the gateway may have here at once.
pub const CONCURRENCY: usize = 64;

/// Runs user code; it may panic.
pub type Call = Box<dyn Fn(Value) -> Result<Reply, String> + Send + Sync>;

pub struct Worker {
    pub function: Function,
    pub call: Call,
    pub sender: &'static Sender,
    pub max_output_bytes: usize,
    incoming: Mutex<Incoming>,
    running: Mutex<HashMap<u32, Arc<Invocation>>>,
}

/// What the thread that reads has in its hands.
struct Incoming {
    receiver: Receiver,
    arriving: HashMap<u32, Arriving>,
}

pub struct Job {
    call: Arc<Invocation>,
    event: Object,
    body: Body,
}

/// An invocation whose request body is still arriving.
struct Arriving {
    job: Job,
    bytes: Vec<u8>,
    unreturned: usize,
}

impl Work for Worker {
    type Job = Job;

    /// All that one read of the connection brings. Ends the process with the connection.
    fn read(&self) -> Vec<Job> {
        let mut incoming = self.incoming.lock().unwrap_or_else(PoisonError::into_inner);
        let Incoming { receiver, arriving } = &mut *incoming;
        let mut jobs = Vec::new();
        loop {
            jobs.extend(self.take(arriving, receiver.receive()));
            if !receiver.has_next() {
                return jobs;
            }
        }
    }

    fn run(&self, job: Job) {
        let call = job.call.clone();
        set_current(Some(call.clone()));
        // What a panic leaves behind in the handler's own state is the handler's; nothing of ours is borrowed here.
        let frames = match catch_unwind(AssertUnwindSafe(|| self.answer(job))) {
            Ok(Ok(frames)) => frames,
            Ok(Err(failure)) => failure.frame(call.id),
            Err(payload) => Failure::panicked(payload.as_ref()).frame(call.id),
        };
        self.finish(&call, &frames);
        set_current(None);
    }

    fn flush(&self) {
        self.sender.flush();
    }
}

impl Worker {
    pub fn new(
        function: Function,
        call: Call,
        receiver: Receiver,
        sender: &'static Sender,
        max_output_bytes: usize,
    ) -> Self {
        let incoming = Mutex::new(Incoming { receiver, arriving: HashMap::new() });
        Self { function, call, sender, max_output_bytes, incoming, running: Mutex::default() }
    }

    /// A call that can run now, if that is what came.
    fn take(&self, arriving: &mut HashMap<u32, Arriving>, item: Item) -> Option<Job> {
        match item {
            Item::Chunk(id, data) => return self.take_chunk(arriving, id, &data),
            Item::Message(Message::Invoke { id, remaining_ms, event, body }) => {
                let call = Arc::new(Invocation::new(id, remaining_ms, self.max_output_bytes));
                self.running().insert(id, call.clone());
                match body {
                    RequestBody::None => return Some(Job { call, event, body: Body::None }),
                    RequestBody::Text(text) => return Some(Job { call, event, body: Body::Text(text) }),
                    RequestBody::Stream => {
                        let job = Job { call, event, body: Body::None };
                        arriving.insert(id, Arriving { job, bytes: Vec::new(), unreturned: 0 });
                    }
                }
            }
            Item::Message(Message::Cancel { id }) => {
                let was_arriving = arriving.remove(&id).is_some();
                self.take_cancel(id, was_arriving);
            }
            Item::Message(Message::Credit { id, bytes }) => {
                if let Some(call) = self.find(id) {
                    call.add_room(bytes);
                }
            }
            Item::Message(Message::Ping { n }) => self.sender.send(&pong(n)),
            Item::Message(Message::Load { .. }) => end_process("cannot go on: BadFrame: a second load"),
        }
        None
    }

    fn running(&self) -> MutexGuard<'_, HashMap<u32, Arc<Invocation>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None for one that has ended: what is said about it crossed its end on the wire.
    fn find(&self, id: u32) -> Option<Arc<Invocation>> {
        self.running().get(&id).cloned()
    }

    fn take_chunk(&self, arriving: &mut HashMap<u32, Arriving>, id: u32, data: &[u8]) -> Option<Job> {
        if data.is_empty() {
            let Arriving { mut job, bytes, .. } = arriving.remove(&id)?;
            job.body = Body::Bytes(bytes);
            return Some(job);
        }
        let upload = arriving.get_mut(&id)?;
        upload.bytes.extend_from_slice(data);
        upload.unreturned += data.len();
        if upload.unreturned >= INITIAL_WINDOW_BYTES / 2 {
            self.sender.send(&credit(id, std::mem::take(&mut upload.unreturned)));
        }
        None
    }

    /// While the handler runs, nothing is sent: it owes its end, and the gateway kills what does not come to one.
    fn take_cancel(&self, id: u32, was_arriving: bool) {
        let Some(call) = self.find(id) else { return };
        if call.cancel() || was_arriving {
            self.finish(&call, &Failure::cancelled().frame(id));
            self.sender.flush();
        }
    }

    fn answer(&self, Job { call, event, body }: Job) -> Result<Vec<u8>, Failure> {
        let event = self.function.build_event(event, body);
        let reply = (self.call)(event).map_err(Failure::returned)?;
        send_answer(&call, to_answer(reply)?, self.sender)
    }

    fn finish(&self, call: &Invocation, frames: &[u8]) {
        call.finish(self.sender, frames);
        self.running().remove(&call.id);
    }
}
