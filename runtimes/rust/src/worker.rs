//! Serves one function: many invocations at once, each on a thread of its own. Promises one end for each, also for one that
//! panics or is cancelled.

use std::collections::{HashMap, VecDeque};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::answer::to_answer;
use crate::connection::{end_process, Receiver, Sender};
use crate::event::{Body, Function};
use crate::failure::Failure;
use crate::invocation::{set_current, Invocation};
use crate::reply::Reply;
use crate::stream::send_answer;
use crate::wire::frame::Item;
use crate::wire::incoming::{Message, Object, RequestBody};
use crate::wire::limits::INITIAL_WINDOW_BYTES;
use crate::wire::outgoing::{credit, pong};

/// Invocations that the gateway may have here at once, and so the most threads that run handlers.
pub const CONCURRENCY: usize = 64;

/// Runs user code; it may panic.
pub type Call = Box<dyn Fn(Value) -> Result<Reply, String> + Send + Sync>;

pub struct Worker {
    pub function: Function,
    pub call: Call,
    pub sender: &'static Sender,
    pub max_output_bytes: usize,
    running: Mutex<HashMap<u32, Arc<Invocation>>>,
    jobs: Mutex<Jobs>,
    job_came: Condvar,
}

#[derive(Default)]
struct Jobs {
    waiting: VecDeque<Job>,
    idle_threads: usize,
    threads: usize,
}

struct Job {
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

impl Worker {
    pub fn new(function: Function, call: Call, sender: &'static Sender, max_output_bytes: usize) -> Self {
        let (running, jobs, job_came) = Default::default();
        Self { function, call, sender, max_output_bytes, running, jobs, job_came }
    }

    /// Reads the connection until it ends, and with it the process.
    pub fn serve(&'static self, mut receiver: Receiver) -> ! {
        let mut arriving: HashMap<u32, Arriving> = HashMap::new();
        loop {
            match receiver.receive() {
                Item::Chunk(id, data) => self.take_chunk(&mut arriving, id, &data),
                Item::Message(Message::Invoke { id, remaining_ms, event, body }) => {
                    let call = Arc::new(Invocation::new(id, remaining_ms, self.max_output_bytes));
                    self.running().insert(id, call.clone());
                    match body {
                        RequestBody::None => self.start(Job { call, event, body: Body::None }),
                        RequestBody::Text(text) => self.start(Job { call, event, body: Body::Text(text) }),
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
        }
    }

    fn running(&self) -> MutexGuard<'_, HashMap<u32, Arc<Invocation>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None for one that has ended: what is said about it crossed its end on the wire.
    fn find(&self, id: u32) -> Option<Arc<Invocation>> {
        self.running().get(&id).cloned()
    }

    fn take_chunk(&'static self, arriving: &mut HashMap<u32, Arriving>, id: u32, data: &[u8]) {
        if data.is_empty() {
            if let Some(Arriving { mut job, bytes, .. }) = arriving.remove(&id) {
                job.body = Body::Bytes(bytes);
                self.start(job);
            }
            return;
        }
        let Some(upload) = arriving.get_mut(&id) else { return };
        upload.bytes.extend_from_slice(data);
        upload.unreturned += data.len();
        if upload.unreturned >= INITIAL_WINDOW_BYTES / 2 {
            self.sender.send(&credit(id, std::mem::take(&mut upload.unreturned)));
        }
    }

    /// While the handler runs, nothing is sent: it owes its end, and the gateway kills what does not come to one.
    fn take_cancel(&self, id: u32, was_arriving: bool) {
        let Some(call) = self.find(id) else { return };
        if call.cancel() || was_arriving {
            self.finish(&call, &Failure::cancelled().frame(id));
        }
    }

    /// A thread that has nothing to do takes the job, or a new one.
    fn start(&'static self, job: Job) {
        let mut jobs = self.jobs();
        jobs.waiting.push_back(job);
        if jobs.waiting.len() <= jobs.idle_threads || jobs.threads >= CONCURRENCY {
            drop(jobs);
            self.job_came.notify_one();
            return;
        }
        let thread = std::thread::Builder::new().name("handler".into());
        // With no thread at all the job would wait for ever; with some it waits its turn.
        match thread.spawn(move || self.run_jobs()) {
            Ok(_) => jobs.threads += 1,
            Err(_) if jobs.threads > 0 => {}
            Err(error) => end_process(&format!("cannot start a thread: {error}")),
        }
    }

    fn run_jobs(&self) -> ! {
        loop {
            let mut jobs = self.jobs();
            jobs.idle_threads += 1;
            while jobs.waiting.is_empty() {
                jobs = self.job_came.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            }
            jobs.idle_threads -= 1;
            let job = jobs.waiting.pop_front();
            drop(jobs);
            if let Some(job) = job {
                self.run(job);
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
